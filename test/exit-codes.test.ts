import { expect, test } from "bun:test";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useScript } from "./support/hand.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";

const NO_TIDY = `
  - id: no-tidying
    when: { kind: tool, name: notes_tidy }
    then: deny
    example: { name: notes_tidy }
    counter: { name: notes_read }
`;

interface Case {
  readonly code: number;
  readonly name: string;
  readonly args: readonly string[];
  /** What the home is like before. */
  readonly set?: (me: Person) => Promise<void> | void;
  /** Fields of the last line of `--json`; none where there is no run. */
  readonly last?: object;
  readonly interrupt?: "SIGINT" | "SIGTERM";
}

const TIDY = ["run", "tidy today's notes"];

const CASES: readonly Case[] = [
  { code: 0, name: "succeeded", args: TIDY, last: { kind: "run.ended", outcome: "succeeded" } },
  {
    code: 1,
    name: "a model that is not there",
    args: ["run", "hello"],
    set: async (me) => {
      const add = [
        "--adapter",
        "openai-compatible",
        "--url",
        "http://127.0.0.1:9/v1",
        "--model",
        "m",
      ];
      await me.nanos("model", "add", "gone", ...add);
      await me.nanos("model", "use", "gone");
    },
    last: { kind: "run.ended", outcome: "failed" },
  },
  {
    code: 1,
    name: "a journal that does not verify",
    args: ["trace", "verify"],
    set: (me) => spoil(me),
  },
  { code: 2, name: "an unknown flag", args: ["run", "hello", "--quick"] },
  { code: 2, name: "an unknown command", args: ["frobnicate"] },
  { code: 2, name: "nothing to do", args: ["run"] },
  { code: 2, name: "a run there is not", args: ["trace", "show", "r0"] },
  {
    code: 2,
    name: "an arrangement that is broken",
    args: TIDY,
    set: (me) => writeFileSync(join(me.userHome, ".nano-os", "arrangement.yaml"), "name: [x\n"),
  },
  {
    code: 3,
    name: "waiting for an answer",
    args: ["run", "What's new in the React 19 RC, and update the dashboard notes"],
    set: async (me) => void (await me.nanos("model", "use", "recorded")),
    last: { kind: "run.waiting" },
  },
  {
    code: 4,
    name: "denied by a rule",
    args: TIDY,
    set: (me) => appendFileSync(join(me.userHome, ".nano-os", "rules.yaml"), NO_TIDY),
    last: { kind: "run.ended", outcome: "failed", failure: { code: "run.denied" } },
  },
  {
    code: 5,
    name: "degraded: one of its tools never came to anything",
    args: ["run", "try it"],
    set: (me) =>
      useScript(me, [
        { calls: [{ name: "notes_read", args: { note: "nowhere" } }] },
        { say: "There is no such note." },
      ]),
    last: { kind: "run.ended", outcome: "degraded", failure: { code: "run.tool_failed" } },
  },
  ...(["SIGINT", "SIGTERM"] as const).map((interrupt): Case => ({
    code: 130,
    name: `interrupted by ${interrupt}`,
    args: ["run", "hang"],
    set: (me) => useScript(me, [{ say: "One two three four.", chunk: 4, delayMs: 20_000 }]),
    interrupt,
    last: { kind: "run.ended", outcome: "cancelled" },
  })),
];

/** The code, for people and with `--json`, and that the last line says the same. */
async function check({ code, args, set, last, interrupt }: Case): Promise<void> {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  await set?.(me);
  for (const flags of last ? [[], ["--json"]] : [[]]) {
    const running = me.begin([...args, ...flags]);
    if (interrupt) {
      await untilProposed(me);
      running.kill(interrupt);
    }
    const result = await running.ended;
    expect({ flags, code: result.code, err: result.err }).toMatchObject({ flags, code });
    if (last && flags.length > 0) expect(lastLine(result)).toMatchObject(last);
    if (last === undefined) expect(`${result.out}${result.err}`).not.toContain("this is a bug");
  }
}

/** Waits until the newest run asks its model. */
async function untilProposed(me: Person): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const list = await me.nanos("trace", "list", "--json");
    const lines = JSON.parse(list.out) as { state: string; steps: number }[];
    if (lines.some(({ state, steps }) => state === "running" && steps > 0)) return;
  }
  throw new Error("no run began");
}

function spoil(me: Person): void {
  const journal = join(me.userHome, ".nano-os", "machine", "journal", "journal.db");
  writeFileSync(journal, "no database at all ".repeat(1_000));
}

for (const one of CASES) test(`${one.code}: ${one.name}`, () => check(one), 60_000);

test("every code there is has a case", () => {
  expect([...new Set(CASES.map(({ code }) => code))]).toEqual([0, 1, 2, 3, 4, 5, 130]);
});
