import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunStarted } from "../src/contracts/event.ts";
import type { ForkRequest } from "../src/contracts/nanos.ts";
import { answerAsk, listAsks } from "../src/kernel/desk/approvals.ts";
import { numberOf, recordedOf } from "../src/kernel/drive/line.ts";
import { replay } from "../src/kernel/drive/replay.ts";
import { fork, resume } from "../src/kernel/runner.ts";
import { decideBy } from "../src/missions/follow.ts";
import { inFolder } from "../src/kernel/drive/fork.fixtures.ts";
import type { LabSetup } from "../src/kernel/testing/lab.ts";
import { traceOf } from "../src/kernel/views/trace.ts";
import {
  type Followed,
  followPlan,
  seenOf,
  type Written,
} from "../src/missions/testing/mission-lab.ts";
import { scriptModel } from "../src/models/script.ts";
import { fakeClock } from "../src/std/clock.ts";
import { NanosError } from "../src/std/error.ts";
import { setup } from "./support/missions.ts";

/** A mission goes on otherwise from where any of its tasks begins, and does nothing again before. */

const say = (id: string, needs: readonly string[] = [], more: Written = {}): Written => ({
  ...{ id, tool: "say", args: { text: `${id} said` }, needs },
  ...more,
});
const ask = (id: string, needs: readonly string[] = []): Written => ({
  ...{ id, agent: "writer", prompt: "use it", needs },
});
const RULE = {
  ...{ id: "quiet", when: { kind: "tool", name: "say" }, then: "deny" },
  ...{ example: { name: "say" }, counter: { name: "look" } },
};

const PLANS: Readonly<Record<string, Written>> = {
  "one after the other": { tasks: [say("a"), say("b", ["a"]), say("c", ["b"])] },
  "side by side, with agents": {
    tasks: [ask("a"), ask("b"), say("c", ["a", "b"]), ask("d", ["c"])],
  },
  "with recovery, and one in another's place": {
    tasks: [
      { id: "f", tool: "flaky", args: {}, recover: [{ retry: { times: 3, wait: 1 } }] },
      { id: "x", tool: "fail", args: {}, recover: [{ fallback: { task: "y" } }] },
      say("y"),
      { id: "z", tool: "fail", args: {}, recover: [{ degrade: { says: "without" } }] },
      say("w", ["x", "z"], { when: 'tasks.z.status == "degraded"' }),
      say("v", [], { when: "false" }),
    ],
  },
  "that stops": {
    tasks: [
      { id: "a", tool: "fail", args: {}, recover: [{ stop: {} }] },
      say("b"),
      say("c", ["b"]),
    ],
    budget: { width: 1 },
  },
  "under rules of single tasks": {
    profiles: { careful: { rules: [RULE] } },
    tasks: [say("a", [], { profiles: ["careful"] }), say("b"), ask("c", ["b"])],
  },
  "listed out of order": { tasks: [say("c", ["a"]), say("a"), say("b", ["a"])] },
};

const stepsOf = ({ made, run }: Followed): readonly string[] => [
  ...new Set([...made.journal.chain(run)].flatMap(({ event: { step } }) => step ?? [])),
];

async function refusalOf(seen: Followed, asked: ForkRequest): Promise<NanosError | null> {
  const { made, run } = seen;
  const before = { calls: made.tools.calls.length, chain: [...made.journal.chain(run)] };
  const size = made.journal.size();
  const handle = await fork(made.world, asked).catch((error: unknown) => error);
  if (handle instanceof NanosError) {
    expect(made.journal.size()).toBe(size);
    return handle;
  }
  if (handle instanceof Error) throw handle;
  const { done, run: own } = handle as Awaited<ReturnType<typeof fork>>;
  const state = await done;
  expect(state.state).toBe("ended");
  if (state.state === "ended") expect(state.ended.outcome).toBe(seen.end?.outcome ?? "failed");
  expect([...made.journal.chain(run)]).toEqual(before.chain);
  const called = made.tools.calls.slice(before.calls);
  expect(called.filter(({ step }) => step.split(/[._]/u, 1)[0] === run)).toEqual([]);
  const report = await replay(made.journal, made.world.recall, own, decideBy);
  expect(report.ok ? "" : report.differs).toBe("");
  expect(made.journal.verify(own)).toMatchObject({ ok: true });
  // Every task came to its end once, in the one run or in the other, and to the same.
  const ends = recordedOf(made.journal, own).flatMap(({ body }) =>
    body?.kind === "task.ended" ? [`${body.task} ${body.status}`] : [],
  );
  const was = Object.values(seen.tasks).map(({ task, status }) => `${task} ${status}`);
  expect(ends.toSorted()).toEqual(was.toSorted());
  return null;
}

describe("a mission forked at every step", () => {
  for (const [what, plan] of Object.entries(PLANS)) {
    test(`${what}: is the same up to the fork, and nothing of it is done again`, async () => {
      const seen = await followPlan(setup(), plan);
      let forks = 0;
      for (const at of stepsOf(seen)) {
        const asked = { run: seen.run, at };
        const refused = await refusalOf(seen, asked);
        if (refused === null) forks += 1;
        if (refused === null || refused.code === "fork.order") continue;
        expect(refused.code).toBe("fork.inside");
        const near = / --at (\S+)$/u.exec(refused.next ?? "")?.[1] ?? "";
        const again = await refusalOf(seen, { ...asked, at: near });
        expect(again?.code ?? "fork.order").toBe("fork.order");
      }
      expect(forks).toBeGreaterThan(1);
    });
  }
});

test("a fork of a mission passes the gate anew: no yes to the other one is one to it", async () => {
  const seen = await followPlan(setup(), { rank: "A", tasks: [say("a"), say("b", ["a"])] });
  const { made, run } = seen;
  const yes = async (of: string): Promise<void> => {
    const [open] = listAsks(made.world).filter((one) => one.run === of);
    if (!open) throw new Error("no ask");
    await answerAsk(made.world, open, { verdict: "allow", reach: "once" }, "operator@test");
  };
  await yes(run);
  await (
    await resume(made.world, run, {})
  ).done;
  const handle = await fork(made.world, { run, at: `${run}.2001` });
  expect((await handle.done).state).toBe("waiting");
  await yes(handle.run);
  const again = made.again();
  const state = await (await resume(again.world, handle.run, {})).done;
  expect(state).toMatchObject({ state: "ended", ended: { outcome: "succeeded", text: "b said" } });
  const own = [...again.journal.chain(handle.run)].flatMap(({ event: { step } }) => step ?? []);
  expect(Math.min(...own.map(numberOf))).toBe(2000);
  expect(again.tools.calls.map(({ step }) => numberOf(step)).toSorted((a, b) => a - b)).toEqual([
    1002, 2002, 2002,
  ]);
});

test("a task before that has not ended, and one that went on from what comes later, are named", async () => {
  const waits = await followPlan(setup(), {
    tasks: [say("a", [], { rank: "A" }), say("b")],
  });
  expect((await refusalOf(waits, { run: waits.run, at: `${waits.run}.2001` }))?.code).toBe(
    "fork.open",
  );
  const odd = await followPlan(setup(), PLANS["listed out of order"] ?? {});
  const refused = await refusalOf(odd, { run: odd.run, at: `${odd.run}.2001` });
  expect([refused?.code, refused?.message]).toEqual([
    "fork.order",
    expect.stringContaining("c, before"),
  ]);
});

describe("a fork of a mission goes on", () => {
  const PLAN = PLANS["side by side, with agents"] ?? {};

  /** What came of it from the third task on, and what was decided there. */
  async function goesOn(
    asked: Omit<ForkRequest, "run" | "at">,
    more: Partial<LabSetup> = {},
  ): Promise<{ readonly run: RunStarted; readonly steps: readonly string[]; tasks: object }> {
    const seen = await followPlan(setup(more), PLAN);
    const { made, run } = seen;
    const calls = made.tools.calls.length;
    const handle = await fork(made.world, { run, at: `${run}.3001`, ...asked });
    const state = await handle.done;
    const forked = await seenOf(made, handle.run, state);
    const [started] = forked.bodies;
    if (started?.kind !== "run.started") throw new Error("it did not begin");
    const again = made.tools.calls.slice(calls).map(({ step }) => step.split(".", 1)[0]);
    expect(new Set(again).has(run)).toBe(false);
    const steps = traceOf(made.journal, handle.run).steps.flatMap(({ agent, name, decision }) =>
      decision && name === "say"
        ? [`${agent} ${decision.verdict} ${decision.rule ?? ""}`.trim()]
        : [],
    );
    const tasks = Object.fromEntries(
      Object.entries(forked.tasks).map(([id, { status }]) => [id, status]),
    );
    expect(made.journal.verify()).toMatchObject({ ok: true });
    return { run: started, steps, tasks };
  }

  test("with a model of its own, from which its agents have theirs", async () => {
    const models = ["one", "two"].map((name) =>
      scriptModel(name, { turns: [{ say: `by ${name}`, once: false }] }, fakeClock()),
    );
    const { run, tasks } = await goesOn({ model: "two" }, { models });
    expect([run.model.name, tasks]).toEqual(["two", { c: "succeeded", d: "succeeded" }]);
  });

  test("held by rules that are added, in its tasks and in what they delegate", async () => {
    await inFolder(async (dir) => {
      const rules = join(dir, "rules.yaml");
      writeFileSync(rules, JSON.stringify({ rules: [RULE] }));
      expect(await goesOn({ rules })).toMatchObject({
        steps: ["oracle deny fork/quiet"],
        tasks: { c: "failed" },
      });
    });
  });

  test("by another agent, with no more than that one has", async () => {
    const { run, steps } = await goesOn({ agent: "other" });
    expect([run.agent, steps]).toEqual(["other", ["other deny"]]);
  });
});
