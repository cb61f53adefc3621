import { expect, test } from "bun:test";
import { Plan } from "../contracts/plan.ts";
import { replay } from "../kernel/drive/replay.ts";
import { firstOf } from "../kernel/flow/past.ts";
import { listAsks } from "../kernel/desk/approvals.ts";
import { decideBy } from "../missions/follow.ts";
import { planFaults } from "../missions/plan/check.ts";
import { LIMITS } from "../std/limits.ts";
import { begun, chained, FIRST, refusals, SECOND } from "./testing/chained.ts";
import { ONE } from "./testing/fill.ts";

test("what a plan names follows a proven mission, with its rank, what is left, and nobody's word", async () => {
  const desk = chained({ first: FIRST, second: SECOND });
  const run = await begun(desk, "first");
  const [first, second] = desk.all();
  expect(desk.all().map(({ plan, state }) => `${plan} ${state}`)).toEqual([
    ...["first succeeded", "second succeeded"],
  ]);
  expect(second?.started).toMatchObject({
    said: "",
    mission: {
      ...{ rank: "C", raised: `mission ${run}`, inputs: { what: "got said" }, by: "operator" },
      follows: { run, place: 2 },
    },
  });
  expect(second?.started.budget.calls).toBeLessThan(first?.started.budget.calls ?? 0);
  for (const { run: each } of desk.missions.list()) {
    const report = await replay(desk.made.journal, desk.made.world.recall, each, decideBy);
    expect(report).toMatchObject({ ok: true });
  }
  // Whoever goes on with it again begins nothing twice.
  await (
    await desk.missions.run(run)
  ).done;
  expect(desk.all()).toHaveLength(2);
});

test("a follower of rank A waits as any, and what it was given is asked about where it leaves", async () => {
  const gated = chained({ first: FIRST, second: { ...SECOND, rank: "A" } });
  await begun(gated, "first");
  expect(gated.all().map(({ state }) => state)).toEqual(["succeeded", "waiting"]);
  expect(listAsks(gated.made.world)).toHaveLength(1);
  const out = { id: "b", tool: "echo", args: { text: "{{ inputs.what }}" } };
  const leaves = chained({ first: FIRST, second: { ...SECOND, tasks: [out] } });
  await begun(leaves, "first");
  expect(leaves.all().at(-1)?.state).toBe("waiting");
});

test("nothing follows where it is off, not proven, too long a chain, or no such plan", async () => {
  const off = chained({ first: FIRST, second: SECOND }, false);
  const run = await begun(off, "first");
  expect([off.all().length, refusals(off)]).toEqual([1, [["second", "trait.off"]]]);
  expect(firstOf(off.made.journal, run)?.event.run).toBe(run);
  for (const tasks of [[{ ...ONE, checks: [] }], [{ id: "a", tool: "fail", args: {} }]]) {
    const unproven = chained({ first: { ...FIRST, tasks }, second: SECOND });
    await begun(unproven, "first");
    expect([unproven.all().length, refusals(unproven)]).toEqual([1, []]);
  }
  const none = chained({ first: FIRST });
  await begun(none, "first");
  expect(refusals(none)).toEqual([["second", "plan.missing"]]);
  const lacking = chained({ first: { ...FIRST, then: [{ plan: "second" }] }, second: SECOND });
  await begun(lacking, "first");
  expect(refusals(lacking)).toEqual([["second", "mission.input"]]);
  const loop = { tasks: [ONE], inputs: { n: { default: "" } } };
  const then = [{ plan: "round", inputs: { n: "{{ inputs.n }}x" } }];
  const round = chained({ round: { ...loop, then } });
  await begun(round, "round");
  expect([round.all().length, refusals(round)]).toEqual([
    LIMITS.missionChain,
    [["round", "mission.chain"]],
  ]);
});

test("a plan whose followers look at what is not there has a fault", () => {
  const plan = Plan.parse({
    ...{ name: "odd", description: "Odd.", tasks: [ONE] },
    then: [{ plan: "b", inputs: { x: "{{ tasks.z.output }} {{ inputs.q }}" } }],
  });
  expect(planFaults(plan).map(({ path }) => path)).toEqual([
    ["then", 0, "inputs", "x"],
    ["then", 0, "inputs", "x"],
  ]);
});
