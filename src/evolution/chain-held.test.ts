import { describe, expect, test } from "bun:test";
import type { AskReply } from "../contracts/question.ts";
import { Plan } from "../contracts/plan.ts";
import { begin } from "../kernel/runner.ts";
import type { Begun } from "../kernel/start.ts";
import { mortal } from "../kernel/testing/mortal.ts";
import { followed } from "../missions/plan/begin.ts";
import type { Written } from "../missions/testing/mission-lab.ts";
import {
  begun,
  type Chained,
  chained,
  chainLab,
  FIRST,
  refusals,
  SECOND,
} from "./testing/chained.ts";
import { ONE } from "./testing/fill.ts";

/** What follows is begun once, and is held to what the one before it was held to. */

const PLANS = { first: FIRST, second: SECOND };

/** A proven mission that nothing follows yet, begun in some other way than by the desk. */
async function proven(
  { made }: Chained,
  more: Partial<Begun>,
  by = "operator",
  written: Written = FIRST,
): Promise<string> {
  const plan = Plan.parse({ name: "first", description: "A plan.", ...written });
  const mission = followed(made.facts, plan, { inputs: {}, by });
  const { run, done } = await begin(made.world, { text: "first", mission, ...more });
  expect(await done).toMatchObject({ state: "ended", ended: { outcome: "succeeded" } });
  return run;
}

async function goneOnWith({ missions }: Chained, run: string): Promise<void> {
  await (
    await missions.run(run)
  ).done;
}

test("a mission killed at any event, and its end with it, is followed exactly once", async () => {
  const calm = chained(PLANS);
  await begun(calm, "first");
  const events = calm.made.journal.size();
  for (let at = 1; at < events; at++) {
    for (const when of ["written", "acted"] as const) {
      const where = `killed ${when} at ${at}`;
      const made = chainLab();
      const { world, death } = mortal(made.world, { events: at, at: when });
      const dying = begun(chained(PLANS, true, made, world), "first");
      await Promise.race([dying, death]);
      const desk = chained(PLANS, true, made.again());
      // Whoever finds them goes on with each: the last one first, so that what is about to follow has begun.
      for (const { run } of desk.all().toReversed()) await goneOnWith(desk, run);
      for (const { run } of desk.all()) await goneOnWith(desk, run);
      const came = desk.all().map(({ plan, state }) => `${plan} ${state}`);
      const isThere = came.length > 0;
      expect([where, came]).toEqual([
        where,
        isThere ? ["first succeeded", "second succeeded"] : [],
      ]);
      expect([where, desk.made.journal.verify().ok]).toEqual([where, true]);
    }
  }
});

test("whoever carries missions leaves what follows on the board, and begins it once", async () => {
  const desk = chained(PLANS);
  const { made, engines } = desk;
  const plan = Plan.parse({ name: "first", description: "A plan.", ...FIRST });
  const mission = followed(made.facts, plan, { inputs: {}, by: "operator" });
  await engines.submit({ text: "first", mission, run: "r1" });
  const over = new AbortController();
  const told: string[] = [];
  await engines.work(over.signal, (run, came) => {
    told.push(came);
    const isFollower = run !== "r1" && came === "succeeded";
    if (isFollower) over.abort();
  });
  expect(told).toEqual(["carried", "succeeded", "carried", "succeeded"]);
  await goneOnWith(desk, "r1");
  expect(desk.all().map(({ plan: name, state }) => `${name} ${state}`)).toEqual([
    ...["first succeeded", "second succeeded"],
  ]);
});

test("two who go on with an ended mission at once begin one", async () => {
  const desk = chained(PLANS);
  const run = await proven(desk, {});
  await Promise.all([goneOnWith(desk, run), goneOnWith(desk, run)]);
  expect([desk.all().length, refusals(desk)]).toEqual([2, []]);
});

describe("what holds the one before holds what follows", () => {
  test("a client's is that client's, and whoever is at hand does not answer for it", async () => {
    const desk = chained({ first: FIRST, second: { ...SECOND, rank: "A" } });
    const run = await proven(desk, { client: "mcp:editor" });
    let asked = 0;
    const ask = async (): Promise<AskReply> => {
      asked += 1;
      return { verdict: "allow", reach: "once" };
    };
    const { done } = await desk.missions.run(run, { ask });
    await done;
    const second = desk.all().at(-1);
    expect([second?.plan, second?.state, asked]).toEqual(["second", "waiting", 0]);
    expect(second?.started).toMatchObject({ client: "mcp:editor", said: "", attended: false });
  });

  test("a client's that is begun again is the client's, and is not answered for either", async () => {
    const desk = chained({ first: FIRST });
    const run = await proven(desk, { client: "mcp:editor" });
    const ask = async (): Promise<AskReply> => ({ verdict: "allow", reach: "once" });
    await (
      await desk.missions.rerun(run, { ask })
    ).done;
    expect(desk.all().at(-1)?.started).toMatchObject({
      ...{ client: "mcp:editor", said: "", attended: false },
    });
  });

  test("its reach, and that nothing leaves this machine", async () => {
    const wide = { ...SECOND, within: ["read:/elsewhere", "read:./notes/a"] };
    const desk = chained({ first: FIRST, second: wide });
    const run = await proven(desk, { within: ["read:./notes"], localOnly: true });
    await goneOnWith(desk, run);
    const { within, localOnly } = desk.all().at(-1)?.started ?? {};
    expect(localOnly).toBe(true);
    expect(within).toEqual(["read:/ws/notes/a"]);
  });

  test("what follows and is begun again is given nobody's word once more", async () => {
    const desk = chained(PLANS);
    await begun(desk, "first");
    const second = desk.all().at(-1);
    await (
      await desk.missions.rerun(second?.run ?? "")
    ).done;
    const again = desk.all().at(-1);
    expect(again?.started).toMatchObject({
      ...{ said: "", budget: second?.started.budget },
      mission: { again: second?.run, rank: "C", follows: second?.started.mission?.follows },
    });
    expect([desk.all().length, again?.state]).toEqual([3, "succeeded"]);
  });

  test("several share what it left", async () => {
    const then = ["second", "third", "fourth"].map((plan) => ({ plan, inputs: { what: "x" } }));
    const desk = chained({
      ...{ first: { ...FIRST, then }, second: SECOND, third: SECOND, fourth: SECOND },
    });
    await begun(desk, "first");
    const [first, ...rest] = desk.all().map(({ started }) => started.budget);
    expect(rest).toHaveLength(3);
    for (const part of ["turns", "calls", "tokens", "ms"] as const) {
      const together = rest.reduce((sum, budget) => sum + budget[part], 0);
      expect(together).toBeLessThanOrEqual(first?.[part] ?? 0);
    }
    expect(rest.reduce((sum, { calls }) => sum + calls, 0)).toBeLessThan(first?.calls ?? 0);
  });

  test("nothing follows what a schedule began, an agent wrote, or was done in another folder", async () => {
    const timed = chained(PLANS);
    await goneOnWith(timed, await proven(timed, { schedule: { name: "daily", due: 1 } }));
    expect([timed.all().length, refusals(timed)]).toEqual([1, [["second", "mission.scheduled"]]]);

    const agents = chained(PLANS);
    await goneOnWith(agents, await proven(agents, {}, "agent:oracle"));
    expect([agents.all().length, refusals(agents)]).toEqual([1, []]);

    const there = chained(PLANS);
    const run = await proven(there, {});
    const { made } = there;
    const facts = { ...made.facts, workspace: "/another" };
    const here = chained(PLANS, true, made, { ...made.world, facts: async () => facts });
    await goneOnWith(here, run);
    expect([here.all().length, refusals(here)]).toEqual([1, [["second", "mission.elsewhere"]]]);
    await goneOnWith(there, run);
    expect(there.all()).toHaveLength(2);
  });

  test("a rehearsal, and what the operator's plan proved nothing of, is followed by nothing", async () => {
    const desk = chained(PLANS);
    await goneOnWith(desk, await proven(desk, { rehearsal: true }));
    const unchecked = { ...FIRST, tasks: [{ ...ONE, checks: [] }] };
    await goneOnWith(desk, await proven(desk, {}, "operator", unchecked));
    expect([desk.all().every(({ plan }) => plan === "first"), refusals(desk)]).toEqual([true, []]);
  });
});
