import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../std/json.ts";
import { isObject } from "../std/json.ts";
import type { ModelEvent, ModelRequest } from "../contracts/model.ts";
import type { AskReply } from "../contracts/question.ts";
import type { Ask } from "../contracts/run.ts";
import type { Model } from "../models/model.ts";
import type { Journal } from "../journal/journal.ts";
import { answerAsk, listAsks } from "./desk/approvals.ts";
import { replay } from "./drive/replay.ts";
import { begin, resume } from "./runner.ts";
import type { FunctionTool } from "./testing/function-tools.ts";
import { type Lab, type LabSetup, lab } from "./testing/lab.ts";
import { type Life, mortal } from "./testing/mortal.ts";
import { listTraces } from "./views/traces.ts";
import type { World } from "./world.ts";

/**
 * Random runs, killed at random places again and again. Whatever happens, the run is brought to its
 * end, the journal verifies and replays, nothing is done without a recorded yes, and nothing that
 * must not be is done twice.
 */

type Call =
  | { readonly do: "echo" | "fail" | "unknown" | "send"; readonly id: number }
  | { readonly do: "append"; readonly id: number; readonly file: number }
  | {
      readonly do: "fetch";
      readonly id: number;
      readonly hosts: readonly number[];
      readonly method: "GET" | "POST";
      readonly together: boolean;
    }
  | { readonly do: "delegate"; readonly id: number; readonly turns: readonly (readonly Call[])[] };

type Turns = readonly (readonly Call[])[];

/** The operator has named the first host; the gate asks about the others. */
const HOSTS = ["said.example", "once.example", "run.example", "no.example"];
const REQUEST = "Work with https://said.example/ please.";

/** A model that follows a plan: the run's, or the one its request holds. */
function follower(plan: Turns): Model {
  return {
    name: "follower",
    host: null,
    price: { input: 1, output: 1 },
    async *stream(request: ModelRequest): AsyncIterable<ModelEvent> {
      const turns = request.agent === "oracle" ? plan : (JSON.parse(said(request)) as Turns);
      const spoken = request.messages.filter(({ role }) => role === "assistant").length;
      const calls = request.tools.length === 0 ? [] : (turns[spoken] ?? []);
      const usage = { input: 10, output: 1 };
      const parts = calls.map((call, i) => ({
        type: "call" as const,
        id: `${spoken}.${i}`,
        ...callOf(call),
      }));
      const text = { type: "text" as const, text: `done after ${spoken}` };
      const message = { role: "assistant" as const, parts: parts.length > 0 ? parts : [text] };
      yield { type: "end", finish: parts.length > 0 ? "calls" : "stop", message, usage };
    },
  };
}

function said({ messages }: ModelRequest): string {
  const part = messages.find(({ role }) => role === "user")?.parts[0];
  return part?.type === "text" ? part.text : "";
}

function callOf(call: Call): { name: string; args: Json } {
  if (call.do !== "delegate") return { name: call.do, args: { ...call } as unknown as Json };
  return {
    name: "delegate",
    args: { agent: "helper", request: JSON.stringify(call.turns) },
  };
}

/** What was done to the outside, once for each time it was done. */
interface Outside {
  readonly sent: number[];
  readonly posted: string[];
  /** Effects that no recorded decision allowed. */
  readonly unbidden: string[];
}

function toolsFor(outside: Outside, made: { lab?: Lab }): FunctionTool[] {
  const bidden = (step: string): void => {
    if (!isAllowed(made.lab?.journal, step)) outside.unbidden.push(step);
  };
  return [
    { name: "echo", run: ({ id }, { step }) => (bidden(step), id ?? null) },
    {
      name: "fail",
      run: (_, { step }) => {
        bidden(step);
        throw new Error("as it was told");
      },
    },
    {
      name: "append",
      scopes: ["read:./notes", "write:./notes"],
      run: async ({ id, file }, { step, write }) => {
        bidden(step);
        const path = `/ws/notes/${String(file)}.md`;
        const before = made.lab?.tools.files.get(path) ?? "";
        await Promise.resolve();
        write(path, `${before}${String(id)}\n`);
        return "appended";
      },
    },
    {
      name: "send",
      kind: "mcp",
      scopes: ["memory:outbox"],
      run: ({ id }, { step }) => {
        bidden(step);
        outside.sent.push(Number(id));
        return "sent";
      },
    },
    { name: "fetch", scopes: ["net:*"], manifest: { args: {} }, run: fetchAll(bidden) },
  ];
}

function fetchAll(bidden: (step: string) => void): FunctionTool["run"] {
  return async (args, { step, reach }) => {
    bidden(step);
    const hosts = args["hosts"] as readonly number[];
    const one = async (host: number, i: number): Promise<Json> => {
      const url = `https://${HOSTS[host]}/${String(args["id"])}/${i}`;
      const method = String(args["method"]);
      const got = await reach({ kind: "fetch", method, url, headers: {}, body: null });
      return got.ok ? "ok" : got.failure.code;
    };
    if (args["together"] === true) return Promise.all(hosts.map(one));
    const results: Json[] = [];
    for (const [i, host] of hosts.entries()) results.push(await one(host, i));
    return results;
  };
}

/** True when the newest recorded decision of a step lets it happen. */
function isAllowed(journal: Journal | undefined, step: string): boolean {
  const run = step.split(".", 1)[0] ?? "";
  let allowed = false;
  for (const { event, body } of journal?.chain(run) ?? []) {
    if (event.step !== step || body?.kind !== "action.judged") continue;
    allowed = body.decision.verdict === "allow";
  }
  return allowed;
}

interface Case {
  readonly plan: Turns;
  readonly lives: readonly Life[];
  /** True when an operator is at the terminal, by process. */
  readonly attended: readonly boolean[];
  /** What the operator says about what is in doubt. */
  readonly doubts: "allow" | "deny";
}

/** The operator's mind does not depend on when and where they are asked. */
function replyTo(ask: Ask, doubts: Case["doubts"]): AskReply {
  if (ask.keys.some((key) => key.startsWith("doubt:"))) return { verdict: doubts, reach: "once" };
  const text = `${ask.keys.join(" ")} ${ask.what}`;
  if (text.includes("no.example")) return { verdict: "deny", reach: "once" };
  return { verdict: "allow", reach: text.includes("run.example") ? "run" : "once" };
}

function setupOf(plan: Turns, outside: Outside, made: { lab?: Lab }): LabSetup {
  const skills = ["echo", "fail", "append", "send", "fetch"];
  return {
    tools: toolsFor(outside, made),
    model: follower(plan),
    agents: [
      { manifest: { name: "oracle", agents: ["helper"], skills } },
      { manifest: { name: "helper", agents: [], skills } },
    ],
    fetch: (url, { method }) => {
      if (method === "POST") outside.posted.push(url);
      return { status: 200, headers: {}, body: "page", url, host: `${new URL(url).hostname}:443` };
    },
  };
}

interface Seen {
  readonly lab: Lab;
  readonly run: string;
  readonly outside: Outside;
}

/** Runs a case to its end over all its deaths, checking on the way. */
export async function live({ plan, lives, attended, doubts }: Case): Promise<Seen> {
  const outside: Outside = { sent: [], posted: [], unbidden: [] };
  const made: { lab?: Lab } = {};
  made.lab = lab(setupOf(plan, outside, made));
  let current = made.lab;
  let run = "";
  for (let round = 0; round < 60; round++) {
    const life = lives[round];
    const hooks = attended[round] === true ? { ask: async (ask: Ask) => replyTo(ask, doubts) } : {};
    const start = (world: World): ReturnType<typeof begin> =>
      run === "" ? begin(world, { text: REQUEST, ...hooks }) : resume(world, run, hooks);
    const state = await oneLife(current, life, start);
    run ||= listTraces(current.journal, {})[0]?.run ?? "";
    if (run !== "") await inspect(current, run);
    if (state === "ended") return { lab: current, run, outside };
    current = current.again();
    made.lab = current;
    for (const ask of listAsks(current.world)) {
      await answerAsk(current.world, ask, replyTo(ask, doubts), "operator@test");
    }
  }
  throw new Error(`run ${run} did not come to its end`);
}

async function oneLife(
  current: Lab,
  life: Life | undefined,
  start: (world: World) => ReturnType<typeof begin>,
): Promise<string> {
  if (!life) return (await (await start(current.world)).done).state;
  const { world, death } = mortal(current.world, life);
  const dead = death.then(() => "dead");
  const going = start(world).then(async ({ done }) => (await done).state);
  return Promise.race([dead, going]);
}

/** What must be true at every moment. */
async function inspect({ journal, world }: Lab, run: string): Promise<void> {
  expect(journal.verify()).toMatchObject({ ok: true });
  const report = await replay(journal, world.recall, run);
  expect(report).toMatchObject({ ok: true, differs: null });
}

/** Lines by file. Runs side by side write to one file in an order of their own. */
function filesOf({ lab: { tools } }: Seen): Record<string, string[]> {
  const sorted = [...tools.files].map(([path, text]): [string, string[]] => [
    path,
    text
      .split("\n")
      .filter((line) => line !== "")
      .toSorted(),
  ]);
  return Object.fromEntries(sorted.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const id = fc.nat(999);
const flat: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ do: fc.constantFrom("echo", "fail", "unknown"), id }),
  fc.record({ do: fc.constant("send"), id }),
  fc.record({ do: fc.constant("append"), id, file: fc.nat(1) }),
  fc.record({
    do: fc.constant("fetch"),
    id,
    hosts: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
    method: fc.constantFrom("GET", "POST"),
    together: fc.boolean(),
  }),
) as fc.Arbitrary<Call>;
const turnsOf = (call: fc.Arbitrary<Call>, most: number): fc.Arbitrary<Turns> =>
  fc.array(fc.array(call, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: most });
const delegation = fc.record({
  do: fc.constant("delegate"),
  id,
  turns: turnsOf(flat, 2),
}) as fc.Arbitrary<Call>;
const life: fc.Arbitrary<Life> = fc.record({
  events: fc.integer({ min: 1, max: 40 }),
  at: fc.constantFrom("written", "acted"),
});

/** Every call gets a number of its own, so that what was done can be told apart. */
function numbered(plan: Turns, count = { n: 0 }): Turns {
  return plan.map((calls) =>
    calls.map((call): Call => {
      const own = { ...call, id: ++count.n };
      return own.do === "delegate" ? { ...own, turns: numbered(own.turns, count) } : own;
    }),
  );
}

const cases: fc.Arbitrary<Case> = fc.record({
  plan: turnsOf(
    fc.oneof({ weight: 4, arbitrary: flat }, { weight: 1, arbitrary: delegation }),
    3,
  ).map((plan) => numbered(plan)),
  lives: fc.array(life, { maxLength: 5 }),
  attended: fc.array(fc.boolean(), { maxLength: 6 }),
  doubts: fc.constantFrom("allow", "deny"),
});

/** How often each value is there. */
function most(values: readonly (string | number)[]): number {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

test("a run that is killed anywhere, any number of times, comes to the same end", async () => {
  const runs = Number(process.env["NANOS_CRASH_RUNS"] ?? 150);
  const unhurt = new Map<string, Record<string, string[]>>();
  const check = fc.asyncProperty(cases, async (one) => {
    const key = JSON.stringify(one.plan);
    const calm = unhurt.get(key) ?? filesOf(await live({ ...one, lives: [] }));
    unhurt.set(key, calm);
    const seen = await live(one);
    expect(seen.outside.unbidden).toEqual([]);
    expect(most(seen.lab.tools.commits)).toBeLessThanOrEqual(1);
    expect(filesOf(seen)).toEqual(calm);
    if (one.doubts === "deny") {
      expect(most(seen.outside.sent)).toBeLessThanOrEqual(1);
      expect(most(seen.outside.posted)).toBeLessThanOrEqual(1);
    }
    for (const lines of Object.values(calm)) {
      expect(most(lines)).toBeLessThanOrEqual(1);
    }
    await resumed(seen);
  });
  await fc.assert(check, { numRuns: runs, endOnFailure: false, timeout: 120_000 });
}, 600_000);

/** An ended run only says that it has ended. */
async function resumed({ lab: made, run }: Seen): Promise<void> {
  const size = made.journal.size();
  const { done } = await resume(made.again().world, run, {});
  expect(await done).toMatchObject({ state: "ended", run });
  expect(made.journal.size()).toBe(size);
  expect(isObject(await done)).toBe(true);
}
