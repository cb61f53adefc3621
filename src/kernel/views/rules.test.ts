import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { AskReply, Rules, Suggestion } from "../../contracts/question.ts";
import type { Rule } from "../../contracts/rules.ts";
import { aRule } from "../../gate/gate.fixtures.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";
import { can } from "../asks/can.ts";
import { rulesDesk } from "./rules.ts";

const tools: readonly FunctionTool[] = [
  {
    name: "send",
    scopes: ["net:*"],
    manifest: { args: { url: "destination" } },
    run: () => "sent",
  },
  { name: "plain", run: () => "plain" },
  { name: "pay", manifest: { rank: "S" }, run: () => "paid" },
];

const SEND = { name: "send", args: { url: "https://a.org/x" } };
const PLAIN = { name: "plain", args: {} };

function labOf(call: { name: string; args: { [key: string]: string } }, more: LabSetup = {}): Lab {
  return lab({ tools, script: { turns: [{ calls: [call] }, { say: "done" }] }, ...more });
}

/** Runs the request again and again, answered so each time. */
async function answered(made: Lab, replies: readonly AskReply[]): Promise<void> {
  for (const reply of replies) {
    await ended(begin(made.world, { text: "go", ask: async () => reply }));
  }
}

const NO = { verdict: "deny", reach: "once" } as const;
const YES = { verdict: "allow", reach: "once" } as const;
const often = (reply: AskReply, n: number = LIMITS.suggestAfter): AskReply[] =>
  Array.from({ length: n }, () => reply);

function suggested(made: Lab, rules: readonly Rule[] = []): readonly Suggestion[] {
  return rulesDesk(made.world, { rules, routes: [] }).suggest();
}

test("the same no, often enough, is suggested as a rule until the rule is there", async () => {
  const made = labOf(SEND);
  await answered(made, often(NO, LIMITS.suggestAfter - 1));
  expect(suggested(made)).toEqual([]);
  await answered(made, [NO]);
  const [found] = suggested(made);
  expect(found).toMatchObject({
    kind: "rule",
    was: null,
    says: "You said no to send (a.org:443) 5 times. This rule would say it.",
    rule: { when: { name: "send", scope: "net:a.org:443" }, then: "deny" },
  });
  if (found?.kind !== "rule") throw new Error("no rule");
  expect(suggested(made, [found.rule])).toEqual([]);
  // Another answer, and it is not the same answer any more.
  await answered(made, [YES]);
  expect(suggested(made)).toEqual([]);
});

test("the same yes to a destination is suggested as a grant until it is given", async () => {
  const made = labOf(SEND);
  await answered(made, often(YES));
  expect(suggested(made)).toMatchObject([
    { kind: "grant", command: "nanos grant add send --net a.org:443" },
  ]);
  made.grants = [{ skill: "send", scopes: ["net:a.org:443"], hash: null, at: 0 }];
  expect(suggested(made)).toEqual([]);
});

test("the same yes to what a rule asks is suggested as that rule, observing", async () => {
  const rules = [aRule("careful", "ask", { when: { name: "plain" } })];
  const made = labOf(PLAIN, { rules });
  await answered(made, often(YES));
  expect(suggested(made, rules)).toMatchObject([
    { kind: "rule", was: { mode: "enforce" }, rule: { id: "careful", mode: "observe" } },
  ]);
  expect(suggested(made)).toEqual([]);
});

test("what waits by its rank is suggested nothing for a yes", async () => {
  const made = labOf({ name: "pay", args: {} });
  await answered(made, often({ ...YES, typed: "pay" }));
  expect(suggested(made)).toEqual([]);
});

test("can: what the gate would say, and not a line in the journal", async () => {
  const rules = [aRule("no-plain", "deny", { when: { name: "plain" } })];
  const made = labOf(SEND, {
    rules,
    agents: [
      { manifest: { name: "oracle", agents: ["helper"] } },
      { manifest: { name: "helper", skills: [] } },
    ],
  });
  const check = async (
    call: readonly [agent: string, tool: string],
    came: readonly [verdict: string, reason: string],
  ): Promise<void> => {
    const { decision, question, explanation } = await can(made.world, ...call, SEND.args);
    const found: readonly string[] = [decision.verdict, decision.reason];
    expect([call, found]).toEqual([call, came]);
    expect(question !== null).toBe(decision.verdict === "ask");
    expect(explanation.length).toBeGreaterThan(2);
  };
  await check(["oracle", "send"], ["ask", "ask:net"]);
  await check(["oracle", "plain"], ["deny", "deny:by_rule"]);
  await check(["oracle", "pay"], ["ask", "ask:rank"]);
  // No agent is named.
  await check(["oracle", "delegate"], ["deny", "deny:scope_missing"]);
  await check(["helper", "send"], ["deny", "deny:not_granted"]);
  // Whoever types an address names it.
  await check(["operator", "send"], ["allow", "allow:endorsed"]);
  made.grants = [{ skill: "send", scopes: ["net:a.org:443"], hash: null, at: 0 }];
  await check(["oracle", "send"], ["allow", "allow:endorsed"]);
  expect(made.journal.size()).toBe(0);
  expect(made.tools.calls).toEqual([]);
  await fails(can(made.world, "nobody", "send", {}), "There is no agent nobody.");
  await fails(can(made.world, "oracle", "snd", {}), "Did you mean send?");
});

/** Fails with a sentence that holds these words. */
async function fails(doing: Promise<unknown>, words: string): Promise<void> {
  const message = await doing.then(() => "it did not fail", messageOf);
  expect(message).toContain(words);
}

/** A desk over a journal, with files in a folder of their own. */
async function withFiles(
  made: Lab,
  files: Readonly<Record<string, unknown>>,
  act: (desk: Rules, path: (name: string) => string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-rules-"));
  try {
    for (const [name, value] of Object.entries(files)) {
      writeFileSync(join(folder, name), JSON.stringify(value));
    }
    await act(rulesDesk(made.world, { rules: [], routes: [] }), (name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("test: a file against its examples and a file of cases", async () => {
  const rule = aRule("no-plain", "deny", { when: { name: "notes_append" } });
  const cases = [
    { name: "notes_append", expect: "deny", rule: "no-plain" },
    { name: "other", expect: "deny" },
  ];
  const files = {
    "rules.yaml": { rules: [rule] },
    "broken.yaml": { rules: [{ ...rule, when: { name: "other" } }] },
    "cases.yaml": { cases },
    "odd.yaml": { rule: [] },
  };
  await withFiles(lab(), files, async (desk, path) => {
    expect(await desk.test(path("rules.yaml"))).toEqual({
      ok: true,
      rules: 1,
      cases: 0,
      problems: [],
    });
    expect(await desk.test(path("rules.yaml"), path("cases.yaml"))).toMatchObject({
      ok: false,
      cases: 2,
      problems: [{ id: "case 2" }],
    });
    expect(await desk.test(path("broken.yaml"))).toMatchObject({
      ok: false,
      problems: [{ id: "no-plain" }, { id: "no-plain" }],
    });
    await fails(desk.test(path("odd.yaml")), "odd.yaml");
    await fails(desk.test(path("none.yaml")), "There is no file");
    await fails(desk.simulate(path("broken.yaml")), "example");
  });
});

test("simulate: other rules against everything that was judged, counted and listed", async () => {
  const made = labOf(PLAIN, { rules: [aRule("was", "ask", { when: { name: "plain" } })] });
  await answered(made, [YES, NO]);
  const files = {
    "none.yaml": { rules: [] },
    "no.yaml": {
      rules: [
        aRule("no-plain", "deny", {
          when: { name: "plain" },
          example: { ...aRule("x", "ask").example, name: "plain" },
        }),
      ],
    },
    "ask.yaml": {
      rules: [
        aRule("models", "ask", {
          when: { kind: "model" },
          example: { ...aRule("x", "ask").example, kind: "model" },
        }),
      ],
    },
  };
  await withFiles(made, files, async (desk, path) => {
    const none = await desk.simulate(path("none.yaml"));
    // Two turns of the model and a call, twice.
    expect(none).toMatchObject({ judged: 6, unknown: 0, denied: 0, asked: 0, allowed: 2 });
    expect(none.lines[0]).toMatchObject({ name: "plain", was: "ask", now: "allow", rule: null });
    const no = await desk.simulate(path("no.yaml"));
    expect(no).toMatchObject({ denied: 2, lines: [{ now: "deny", rule: "no-plain" }, {}] });
    expect(await desk.simulate(path("ask.yaml"))).toMatchObject({ asked: 4, allowed: 2 });
  });
});
