import { expect, test } from "bun:test";
import type { TraitName } from "../contracts/stage.ts";
import { HAND_IN } from "../kernel/plans/hand-in.ts";
import type { FunctionTool } from "../kernel/testing/function-tools.ts";
import { ended, type Lab } from "../kernel/testing/lab.ts";
import { Plan } from "../contracts/plan.ts";
import { followed } from "../missions/plan/begin.ts";
import { begin } from "../kernel/runner.ts";
import { replay } from "../kernel/drive/replay.ts";
import { decideBy } from "../missions/follow.ts";
import { missionLab, type Written } from "../missions/testing/mission-lab.ts";
import { begun, type Chained, chained, refusals } from "./testing/chained.ts";
import { TOOLS } from "./testing/fill.ts";

/** WORKER_SPAWN: an agent that a mission asks hands in a plan of further work. */

const OUT: FunctionTool = { name: "send", scopes: ["net:example.org"], run: () => "sent" };

const MORE = (more = ""): string => `name: more
description: More work.
tasks: [{ id: b, tool: say, args: {} }]
${more}`;

const FIRST: Written = {
  tasks: [{ id: "a", agent: "clerk", prompt: "Look.", checks: [{ contains: "looked" }] }],
  budget: { calls: 30, width: 2 },
  rank: "C",
};

interface Given {
  /** Plans it hands in, one a turn. */
  readonly plans?: readonly string[];
  readonly traits?: readonly TraitName[];
  /** What the agent's file lists. */
  readonly tools?: readonly string[];
  readonly first?: Written;
}

function labOf({
  plans = [MORE()],
  traits = ["WORKER_SPAWN"],
  tools = [HAND_IN, "say"],
}: Given): Lab {
  const turns = plans.map((plan) => ({
    ...{ agent: "clerk", calls: [{ name: HAND_IN, args: { plan } }] },
  }));
  return missionLab({
    ...{ tools: [...TOOLS, OUT], traits },
    agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "clerk", tools: [...tools] } }],
    script: { turns: [...turns, { agent: "clerk", say: "looked", once: false }] },
  });
}

async function check(
  given: Given,
  came: readonly string[],
  refused: readonly (readonly [RegExp, string])[] = [],
  chains = true,
): Promise<Chained> {
  const made = labOf(given);
  const desk = chained({ first: given.first ?? FIRST }, chains, made);
  await begun(desk, "first");
  expect(desk.all().map(({ plan, state }) => `${plan} ${state}`)).toEqual([...came]);
  expect(refusals(desk).map(([, code]) => code)).toEqual(refused.map(([, code]) => code));
  for (const { run } of desk.missions.list()) {
    const report = await replay(made.journal, made.world.recall, run, decideBy);
    expect(report).toMatchObject({ ok: true });
  }
  return desk;
}

test("what it handed in follows, as its words, with no more reach, rank and money than it had", async () => {
  const desk = await check({}, ["first succeeded", "more succeeded"]);
  const [first, more] = desk.all();
  expect(more?.started).toMatchObject({
    agent: "clerk",
    mission: {
      by: "agent:clerk",
      rank: first?.started.mission?.rank,
      from: expect.stringContaining(`${first?.run}_`),
    },
  });
  const { budget } = more?.started ?? {};
  expect(budget?.calls).toBeLessThan(first?.started.budget.calls ?? 0);
  // Whoever goes on with the first begins nothing twice.
  await (
    await desk.missions.run(first?.run ?? "")
  ).done;
  expect(desk.all()).toHaveLength(2);
});

test("by itself it begins only with AUTONOMOUS_CHAIN on; the operator begins it by its step", async () => {
  const desk = await check({}, ["first succeeded"], [[/./u, "trait.off"]], false);
  const [first] = desk.all();
  const [held] = desk.missions.show(first?.run ?? "").notFollowed;
  expect(held?.why.next).toBe(`Begin it: nanos mission new ${held?.plan}`);
  await begun(desk, held?.plan ?? "");
  expect(desk.all().map(({ plan }) => plan)).toEqual(["first", "more"]);
  expect(desk.missions.show(first?.run ?? "").notFollowed).toEqual([]);
  await (
    await desk.missions.run(first?.run ?? "")
  ).done;
  expect(desk.all()).toHaveLength(2);
});

test("no more follow than the plan has tasks side by side, and each has its part", async () => {
  const plans = ["one", "two", "three"].map((name) =>
    MORE().replace("name: more", `name: ${name}`),
  );
  const desk = await check({ plans }, ["first succeeded", "one succeeded", "two succeeded"]);
  const [first, ...others] = desk.all().map(({ started }) => started.budget.calls);
  expect(others.reduce((sum, calls) => sum + calls, 0)).toBeLessThan(first ?? 0);
});

test("nothing is handed in where the trait is off, its file does not list it, or an agent wrote the plan", async () => {
  // There is no such tool then, and asking for it comes to nothing.
  await check({ traits: [] }, ["first degraded"]);
  await check({ tools: ["say"] }, ["first degraded"]);
  const made = labOf({});
  const plan = Plan.parse({ name: "first", description: "Its own.", ...FIRST });
  const mission = followed(made.facts, plan, { inputs: {}, by: "agent:oracle" });
  const state = await ended(begin(made.world, { text: "first", mission }));
  expect(state).toMatchObject({ state: "ended", ended: { outcome: "degraded" } });
});

test("a plan that reaches or spends further than the agent may comes back to it", async () => {
  const first = { ...FIRST, within: ["read:./notes"] };
  for (const [more, at] of [
    ["within: [net:example.org]", first],
    ["budget: { calls: 31 }", FIRST],
    ["budget: { width: 3 }", FIRST],
    ["budget: { time: 2d }", FIRST],
    ["then: [{ plan: first }]", FIRST],
  ] as const) {
    const plans = [MORE(more)];
    const { made } = await check({ plans, first: at }, [expect.stringMatching(/^first /u)]);
    const said = [...made.journal.since(0, { bodies: true })].flatMap(({ body }) =>
      body?.kind === "action.settled" && body.outcome.status === "failed"
        ? [body.outcome.failure.code]
        : [],
    );
    expect([more, said]).toEqual([more, expect.arrayContaining(["plan.refused"])]);
  }
});

test("what waits by its rank waits, whoever handed it in", async () => {
  await check({ plans: [MORE("rank: A")] }, ["first succeeded", "more waiting"]);
});
