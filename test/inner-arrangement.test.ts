import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TraceStep } from "../src/contracts/trace.ts";
import { type AgentHome, agentHome } from "./support/agent-home.ts";

setDefaultTimeout(120_000);

const homes: AgentHome[] = [];
afterEach(async () => {
  for (const one of homes.splice(0)) await one.close();
});

const TOOL = (name: string, scopes: string, run: string): string => `
import { tool, z } from "nanos/tool";
import * as fs from "node:fs";
export default tool({
  name: "${name}",
  description: "${name}",
  input: z.looseObject({}),
  scopes: [${scopes}],
  async run(_args: unknown, ctx: { path(path: string): string }) { ${run} },
});
`;

/** Another project: an oracle that writes with a tool of its own, and hands work to a helper. */
const BESIDE: Readonly<Record<string, string>> = {
  "arrangement.yaml": "name: beside\noracle: clerk\n",
  "agents/clerk.md":
    "---\nname: clerk\ndescription: Keeps books.\ntools: [book, outside]\nagents: [helper]\n---\nYou keep books.\n",
  "agents/helper.md": "---\nname: helper\ndescription: Helps.\n---\nYou help.\n",
  "tools/book.ts": TOOL(
    "book",
    '"write:./books"',
    'fs.writeFileSync(ctx.path("books/a.txt"), "booked"); return "booked";',
  ),
  "tools/outside.ts": TOOL(
    "outside",
    '"write:./other"',
    'fs.writeFileSync(ctx.path("other/a.txt"), "x"); return "x";',
  ),
  "rules.yaml": "rules: []\n",
};

/** What the clerk does, by what it is asked. */
const CLERK = [
  { agent: "clerk", when: { last: "^keep" }, calls: [{ name: "book", args: {} }] },
  { agent: "clerk", when: { last: "^spread" }, calls: [{ name: "outside", args: {} }] },
  {
    agent: "clerk",
    when: { last: "^hand" },
    calls: [{ name: "delegate", args: { agent: "helper", request: "help" } }],
  },
  { agent: "helper", say: "helped", once: false },
  { agent: "clerk", say: "the clerk is done", once: false },
];

interface Given {
  readonly request: string;
  readonly scopes?: string;
  readonly trusted?: boolean;
  readonly rules?: string;
  readonly limits?: string;
}

interface Came {
  readonly home: AgentHome;
  readonly beside: string;
  readonly step: TraceStep | undefined;
}

async function work({
  request,
  scopes = "write:./beside/books",
  trusted = true,
  rules,
  limits,
}: Given): Promise<Came> {
  const delegates = { agent: "clerks", request };
  const turns = [
    {
      agent: "oracle",
      when: { last: "^go" },
      once: true,
      calls: [{ name: "delegate", args: delegates }],
    },
    ...CLERK,
    { agent: "oracle", say: "all done", once: false },
  ];
  const home = await agentHome({
    files: {
      "agents/oracle.md":
        "---\nname: oracle\ndescription: Answers.\nagents: [clerks]\n---\nYou answer.\n",
      "agents/clerks.md": `---\nname: clerks\ndescription: The other office.\nkind: arrangement\ndir: ./beside\nscopes: ["${scopes}"]\n---\n`,
      "script.yaml": JSON.stringify({ turns }),
      ...(rules === undefined ? {} : { "rules.yaml": rules }),
      ...Object.fromEntries(
        Object.entries(BESIDE).map(([path, text]) => [`../beside/.nano-os/${path}`, text]),
      ),
      "../beside/books/.keep": "",
      "../beside/other/.keep": "",
    },
    ...(limits === undefined ? {} : { limits }),
    ...(trusted ? { trusts: ["beside"] } : {}),
    delegates,
  });
  homes.push(home);
  const { trace } = await home.run("go");
  expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
  expect(home.nanos.traces.verify()).toMatchObject({ ok: true });
  const step = trace.steps.find(({ kind }) => kind === "agent");
  return { home, step, beside: join(home.workspace, "beside") };
}

describe("another arrangement as an agent", () => {
  test("works with its own agents and tools, in its own folder, on this record", async () => {
    const { step, beside } = await work({ request: "keep it" });
    expect(step?.child).toMatchObject({ agent: "clerk", state: "ended" });
    expect(step?.child?.steps.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "model recorded",
      "tool book",
      "commit book",
      "model recorded",
    ]);
    expect(readFileSync(join(beside, "books/a.txt"), "utf8")).toBe("booked");
    expect(step?.outcome).toMatchObject({
      output: {
        answer: "the clerk is done",
        evidence: { files: [{ path: join(beside, "books/a.txt") }] },
      },
    });
  });

  test("reaches nothing that its manifest here does not name, whatever its own tools declare", async () => {
    const { step, beside } = await work({ request: "spread it" });
    const tried = step?.child?.steps.find(({ name }) => name === "outside");
    expect(tried?.decision).toMatchObject({ verdict: "deny", reason: "deny:scope_missing" });
    expect(existsSync(join(beside, "other/a.txt"))).toBe(false);
  });

  test("that was never trusted is not loaded, and its delegation says what to do", async () => {
    const { step } = await work({ request: "keep it", trusted: false });
    expect(step?.outcome).toMatchObject({ status: "failed", failure: { code: "trust.needed" } });
    expect(step?.child ?? null).toBeNull();
  });

  test("obeys the rules of the arrangement it works for, beside its own", async () => {
    const rules = JSON.stringify({
      rules: [
        {
          id: "no-books",
          when: { name: "book" },
          then: "deny",
          mode: "enforce",
          example: { kind: "tool", name: "book", agent: "clerk", scopes: [], args: {} },
          counter: { kind: "tool", name: "other", agent: "clerk", scopes: [], args: {} },
        },
      ],
    });
    const { step } = await work({ request: "keep it", rules });
    const tried = step?.child?.steps.find(({ name }) => name === "book");
    expect(tried?.decision).toMatchObject({ reason: "deny:by_rule", rule: "no-books" });
  });

  test("hands work on only as deep as this arrangement lets it", async () => {
    const flat = await work({ request: "hand it on" });
    const denied = flat.step?.child?.steps.find(({ kind }) => kind === "agent");
    expect(denied?.decision?.reason).toBe("deny:depth");
    const deep = await work({ request: "hand it on", limits: "{depth: {warn: 1, cap: 2}}" });
    const handed = deep.step?.child?.steps.find(({ kind }) => kind === "agent");
    expect(handed?.decision?.reason).toBe("allow:deep");
    expect(handed?.child).toMatchObject({ agent: "helper" });
  });

  test("is started by the operator where it lies, not from here", async () => {
    const { home } = await work({ request: "keep it" });
    const refused = await home.nanos
      .run({ text: "x", agent: "clerks" })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "agent.own_folder" });
  });
});
