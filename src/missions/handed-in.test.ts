import { expect, test } from "bun:test";
import type { EventBody, RunStarted } from "../contracts/event.ts";
import type { Plan } from "../contracts/plan.ts";
import type { ScriptInput } from "../contracts/script.ts";
import { replay } from "../kernel/drive/replay.ts";
import { HAND_IN } from "../kernel/plans/hand-in.ts";
import { begin } from "../kernel/runner.ts";
import type { Begun } from "../kernel/start.ts";
import type { LabSetup } from "../kernel/testing/lab.ts";
import { LIMITS } from "../std/limits.ts";
import { decideBy } from "./follow.ts";
import { handInsOf, planOf } from "./plan/source.ts";
import { missionLab } from "./testing/mission-lab.ts";

/** An agent hands in plans: what holds is kept under its hash, what does not comes back by line. */

const LOOK = { name: "look", run: () => "seen" };
const SEND = { name: "send", skill: "web", scopes: ["net:a.example:443"], run: () => "sent" };
const SETUP: LabSetup = {
  tools: [LOOK, SEND],
  agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "planner", skills: ["look"] } }],
};

const turn = (plan: string): ScriptInput["turns"][number] => ({
  calls: [{ name: HAND_IN, args: { plan } }],
});

interface Handed {
  readonly started: RunStarted;
  readonly bodies: readonly EventBody[];
  /** What came of each plan: its name, or what was wrong. */
  readonly came: readonly string[];
  /** Those that hold, as a mission follows them. */
  readonly plans: readonly { plan: Plan; by: string }[];
}

/** Lets an agent hand in these plans, one a turn; throws where the run does not replay. */
async function handIn(
  plans: readonly string[],
  given: Partial<Begun> = { plans: {} },
  setup: LabSetup = SETUP,
): Promise<Handed> {
  const turns = [...plans.map(turn), { say: "done" }];
  const made = missionLab({ ...setup, script: { turns } });
  const handle = await begin(made.world, { text: "plan it", ...given });
  await handle.done;
  const bodies = [...made.journal.chain(handle.run)].flatMap(({ body }) => body ?? []);
  const report = await replay(made.journal, made.world.recall, handle.run, decideBy);
  expect(report.ok ? "" : report.differs).toBe("");
  const came = bodies.flatMap((body): string[] => {
    if (body.kind !== "action.settled") return [];
    const { outcome } = body;
    if (outcome.status !== "done") return [outcome.failure.message];
    return outcome.plan ? [`${outcome.plan.name} ${outcome.plan.rank}`] : [];
  });
  const places = { world: made.world, arrangement: { plans: {} } as never, cwd: "/" };
  const steps = handInsOf(made.world, handle.run);
  const kept = await Promise.all(steps.map((step) => planOf(places, step)));
  const [started] = bodies;
  if (started?.kind !== "run.started") throw new Error("no start");
  return { started, bodies, came, plans: kept };
}

const plan = (rest: string, tasks = "tasks: [{ id: a, tool: look, args: {} }]"): string =>
  `name: demo\ndescription: A demo.\n${rest}${rest === "" ? "" : "\n"}${tasks}\n`;

test("a plan that holds is kept as it is followed, by the agent that wrote it", async () => {
  const { came, plans } = await handIn([plan("")], { plans: { calls: 9 }, agent: "planner" });
  expect(came).toEqual(["demo E"]);
  expect(plans).toMatchObject([
    { by: "agent:planner", plan: { agent: "planner", budget: { calls: 9 } } },
  ]);
});

const REFUSED: readonly (readonly [what: string, plan: string, says: string, Partial<Begun>?])[] = [
  ["no plan", "tasks: 3", "line 1"],
  ["a field that is none", plan("rnak: A"), "line 3: unknown field 'rnak'"],
  ["a tool there is not", plan("", "tasks: [{ id: a, tool: lok }]"), "did you mean 'look'?"],
  [
    "a circle",
    plan(
      "",
      "tasks:\n  - { id: a, tool: look, needs: [b] }\n  - { id: b, tool: look, needs: [a] }",
    ),
    "line 4: tasks wait for each other",
  ],
  ["another's tools", plan("agent: oracle"), "a plan of planner is followed as planner"],
  ["a tool of another's", plan("", "tasks: [{ id: a, tool: send }]"), "planner has no tool 'send'"],
  ["what nobody gives", plan("inputs: { topic: {} }"), "needs a default"],
  ["what follows it", plan("then: [{ plan: other }]"), "only a plan of the operator's names"],
  ["more calls than there are", plan("budget: { calls: 10 }"), "is more than the 9 there is"],
  ["more tasks at once", plan("budget: { width: 64 }"), `the ${LIMITS.missionWidth} there is`],
  ["more time", plan("budget: { time: 9d }"), `the ${LIMITS.missionMs} there is`],
  ["further reach", plan("within: ['net:b.example:443']"), "reaches further than this run may"],
  ["no scope", plan("within: ['net:']"), "scope"],
  ["more money", plan("budget: { cost: 2 }"), "is more than the 1 there is"],
];
for (const [what, text, says] of REFUSED) {
  test(`${what} comes back with its line`, async () => {
    const within = ["net:a.example:443"];
    const given = { plans: { calls: 9, cost: 1 }, agent: "planner", within };
    const { came, plans } = await handIn([text, plan("")], given);
    expect([came.length, came[1], plans.length]).toEqual([2, "demo E", 1]);
    expect(came[0]).toContain(says);
    expect(plans[0]?.plan).toMatchObject({ within, budget: { cost: 1 } });
  });
}

test("after so many that were refused none is looked at", async () => {
  const bad = Array.from({ length: LIMITS.planTries }, () => "tasks: 3");
  const { came, plans, bodies } = await handIn([...bad, plan("")], { plans: {}, agent: "planner" });
  expect([came.length, plans]).toEqual([LIMITS.planTries, []]);
  const end = bodies.at(-1);
  expect(end?.kind === "run.ended" && end.end.outcome).toBe("degraded");
});

test("the rank is what its tools make it, and never less than it says", async () => {
  const cases: readonly (readonly [string, string])[] = [
    ["tasks: [{ id: a, tool: send }]", "demo B"],
    ["rank: S\ntasks: [{ id: a, tool: look }]", "demo S"],
    ["rank: E\ntasks: [{ id: a, agent: planner, prompt: go }]", "demo E"],
    ["rank: E\ntasks: [{ id: a, agent: oracle, prompt: go }]", "demo B"],
  ];
  for (const [tasks, rank] of cases) {
    expect((await handIn([plan("", tasks)])).came).toEqual([rank]);
  }
});

test("the tool is there for who is asked for a plan, and else where the arrangement says so", async () => {
  const offered = async (given: Partial<Begun>, proposes?: true): Promise<boolean> => {
    const script = { turns: [turn(plan("")), { say: "x" }] };
    const { world } = missionLab({ ...SETUP, script, ...(proposes && { proposes }) });
    const handle = await begin(world, { text: "go", ...given });
    await handle.done;
    return handInsOf(world, handle.run).length > 0;
  };
  expect(await offered({})).toBe(false);
  expect(await offered({ plans: {} })).toBe(true);
  expect(await offered({ agent: "planner", plans: {} })).toBe(true);
  expect(await offered({}, true)).toBe(true);
  expect(await offered({ agent: "planner" }, true)).toBe(false);
});

test("a rehearsal keeps no plan", async () => {
  const { plans } = await handIn([plan("")], { plans: {}, rehearsal: true });
  expect(plans).toEqual([]);
});
