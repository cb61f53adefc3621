import { expect, test } from "bun:test";
import { HOME_CHAIN } from "../contracts/chain.ts";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Missions } from "../contracts/mission.ts";
import { Plan } from "../contracts/plan.ts";
import type { Home } from "../home/home.ts";
import { replay } from "../kernel/drive/replay.ts";
import { firstOf } from "../kernel/flow/past.ts";
import { listAsks } from "../kernel/desk/approvals.ts";
import type { Lab } from "../kernel/testing/lab.ts";
import { missionDesks } from "../missions/desk.ts";
import { decideBy } from "../missions/follow.ts";
import { planFaults } from "../missions/plan/check.ts";
import { missionLab, type Written } from "../missions/testing/mission-lab.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { chaining } from "./chain.ts";
import { seenIn } from "./journal.ts";
import { ONE, TOOLS } from "./testing/fill.ts";

interface Chained {
  readonly made: Lab;
  readonly missions: Missions;
  /** Plan, state and start of every mission, the oldest first. */
  readonly all: () => readonly { plan: string; state: string; started: RunStarted }[];
}

/** Missions of these plans, with AUTONOMOUS_CHAIN on or off. */
function chained(plans: Readonly<Record<string, Written>>, isOn = true): Chained {
  const echo = {
    ...{ name: "echo", scopes: ["net:example.org"] },
    run: (args: unknown) => (args as { text: string }).text,
  };
  const made = missionLab({
    tools: [...TOOLS, echo],
    agents: [{ manifest: { name: "oracle" } }],
  });
  const parsed = Object.entries(plans).map(([name, written]) => [
    name,
    Plan.parse({ name, description: "A plan.", ...written }),
  ]);
  const { missions } = missionDesks({
    world: made.world,
    home: { config: { read: async () => ({}) } } as unknown as Home,
    arrangement: { dir: "/a", plans: Object.fromEntries(parsed) } as unknown as Arrangement,
    ...{ cwd: "/w", models: () => [], store: async () => ({ models: [], secrets: [], env: {} }) },
    open: () => Promise.reject(new Error("nothing is opened here")),
    after: chaining(made.journal, {
      notice: async () => seenIn(made.journal),
      need: async () => {
        if (!isOn) throw new NanosError("trait.off", "It is off.", "Switch it on.");
      },
    }),
  });
  const all: Chained["all"] = () =>
    missions
      .list()
      .toReversed()
      .flatMap(({ plan, run, state, outcome }) => {
        const started = firstOf(made.journal, run)?.body;
        if (started?.kind !== "run.started") return [];
        return [{ plan, state: outcome ?? state, started }];
      });
  return { made, missions, all };
}

async function begun({ missions }: Chained, plan: string): Promise<string> {
  const { run, done } = await missions.begin({ plan });
  await done;
  return run;
}

const refusals = ({ made }: Chained): readonly (readonly [string, string])[] =>
  [...made.journal.chain(HOME_CHAIN)].flatMap(({ body }) =>
    body?.kind === "mission.not_followed" ? [[body.plan, body.why.code] as const] : [],
  );

const FIRST: Written = {
  ...{ tasks: [ONE], rank: "C", budget: { calls: 20 } },
  then: [{ plan: "second", inputs: { what: "got {{ tasks.a.output }}" } }],
};
const SECOND: Written = {
  inputs: { what: {} },
  tasks: [{ id: "b", tool: "say", args: {}, checks: ONE.checks }],
};

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
