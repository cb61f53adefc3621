import { expect, test } from "bun:test";
import { refusal } from "../testing/folder.ts";
import { withEntry, withLimit } from "./attach.ts";

const agent = (front: string): string =>
  `---\nname: a # me\ndescription: D.\n${front}---\nskills: [none]\n`;

const CASES: readonly (readonly [what: string, before: string, on: string, off: string | null])[] =
  [
    ["no list", "", "skills: [web]\n", null],
    [
      "a list on one line",
      "skills: [notes]  # mine\nagents: [b]\n",
      "skills: [notes, web]  # mine\nagents: [b]\n",
      null,
    ],
    ["a list with blanks", "skills: [ notes ]\n", "skills: [ notes, web ]\n", null],
    ["an empty list", "skills: []\n", "skills: [web]\n", "skills: []\n"],
    ["words with commas", "skills: notes, k8s\n", "skills: notes, k8s, web\n", null],
    [
      "items on lines",
      "skills:\n  - notes # mine\n  # more\n  - k8s\nagents: []\n",
      "skills:\n  - notes # mine\n  # more\n  - k8s\n  - web\nagents: []\n",
      null,
    ],
    [
      "items not indented",
      "skills:\n- notes\nagents: []\n",
      "skills:\n- notes\n- web\nagents: []\n",
      null,
    ],
  ];

for (const [what, before, on, off] of CASES) {
  test(`${what}: a skill comes and goes, and the rest stays`, async () => {
    const file = "agents/a.md";
    const attached = await withEntry(file, agent(before), {
      list: "skills",
      name: "web",
      on: true,
    });
    expect(attached).toBe(agent(on));
    expect(await withEntry(file, attached, { list: "skills", name: "web", on: true })).toBe(
      attached,
    );
    const detached = await withEntry(file, attached, { list: "skills", name: "web", on: false });
    const empty = before === "" ? "skills: []\n" : before;
    expect(detached).toBe(agent(off ?? empty));
    expect(await withEntry(file, detached, { list: "skills", name: "web", on: false })).toBe(
      detached,
    );
  });
}

test("lines of another system end as they did", async () => {
  const text = agent("skills:\n  - notes\n").replaceAll("\n", "\r\n");
  const on = await withEntry("a.md", text, { list: "skills", name: "web", on: true });
  expect(on.replaceAll("\r\n", "\n")).toBe(agent("skills:\n  - notes\n  - web\n"));
  const none = await withEntry("a.md", agent("").replaceAll("\n", "\r\n"), {
    list: "skills",
    name: "web",
    on: true,
  });
  expect(none).toBe(agent("skills: [web]\n").replaceAll("\n", "\r\n"));
});

test("the first of several items goes alone", async () => {
  const off = await withEntry("a.md", agent("skills:\n  - web # x\n  - notes\n"), {
    list: "skills",
    name: "web",
    on: false,
  });
  expect(off).toBe(agent("skills:\n  - notes\n"));
});

test("what cannot be done without changing more is refused, with what to write", async () => {
  const anchor = agent("skills: &all [notes]\nagents: *all\n");
  const one = await refusal(() =>
    withEntry("a.md", anchor, { list: "skills", name: "web", on: true }),
  );
  expect(one.code).toBe("agent.edit");
  const broken = await refusal(() =>
    withEntry("a.md", agent("skils: [x]\n"), { list: "skills", name: "web", on: true }),
  );
  expect(broken.code).toBe("manifest.invalid");
  const folded = agent("skills: >-\n  notes,\n  k8s\n");
  const two = await refusal(() =>
    withEntry("a.md", folded, { list: "skills", name: "web", on: true }),
  );
  expect([two.code, two.next]).toEqual([
    "agent.edit",
    "Open it and write: skills: [notes, k8s, web]",
  ]);
});

test("the agents an agent may hand work to come and go the same way", async () => {
  const before = agent("agents: [research]\n");
  const after = await withEntry("agents/a.md", before, { list: "agents", name: "coder", on: true });
  expect(after).toBe(agent("agents: [research, coder]\n"));
  expect(await withEntry("agents/a.md", after, { list: "agents", name: "coder", on: false })).toBe(
    before,
  );
});

const LIMIT_CASES: readonly (readonly [what: string, before: string, after: string | null])[] = [
  [
    "on one line",
    "limits: { calls: 3, turns: 8 } # few\n",
    "limits: { calls: 3, turns: 12 } # few\n",
  ],
  [
    "on lines",
    "limits:\n  turns: 8 # few\n  calls: 3\n",
    "limits:\n  turns: 12 # few\n  calls: 3\n",
  ],
  ["none of that name", "limits: { calls: 3 }\n", null],
  ["no limits", "", null],
];
test.each(LIMIT_CASES)("another number for a limit, %s", async (_, before, after) => {
  const made = await withLimit("agents/a.md", agent(before), { limit: "turns", to: 12 });
  expect(made).toBe(after === null ? null : agent(after));
});
