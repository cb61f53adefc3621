import { describe, expect, test } from "bun:test";
import { answerAsk, listAsks } from "../src/kernel/desk/approvals.ts";
import { resume } from "../src/kernel/runner.ts";
import {
  type Followed,
  followPlan,
  seenOf,
  type Written,
} from "../src/missions/testing/mission-lab.ts";
import { exitOf } from "../src/cli/exit.ts";
import { check, setup, shown } from "./support/missions.ts";

/** What a mission may do: its rank, its rules, its budget, its time. */

const ONE = { id: "a", tool: "say", args: {} };
const DAY = 86_400_000;

describe("rank", () => {
  const cases: readonly (readonly [string, "ended" | "waiting", boolean])[] = [
    ["E", "ended", false],
    ["D", "ended", false],
    ["C", "ended", true],
    ["B", "ended", true],
    ["A", "waiting", false],
    ["S", "waiting", false],
  ];
  for (const [rank, state, review] of cases) {
    test(`${rank} ${state === "ended" ? "begins by itself" : "waits for the operator"}`, async () => {
      const seen = await followPlan(setup(), { rank, tasks: [ONE] });
      expect(seen.state.state).toBe(state);
      const started = seen.bodies.find((body) => body.kind === "mission.started");
      expect(started?.kind === "mission.started" && started.review).toBe(review);
      if (state === "ended") return;
      const [ask] = listAsks(seen.made.world);
      expect(ask).toMatchObject({
        name: "demo",
        reason: expect.stringContaining("its rank waits"),
      });
      expect(ask?.what).toContain("the mission demo would begin");
      const { world } = seen.made;
      if (!ask) throw new Error("nothing was asked");
      const bare = answerAsk(world, ask, { verdict: "allow", reach: "once" }, "operator@test");
      if (rank === "S") {
        expect(await bare.catch((error: unknown) => error)).toMatchObject({
          code: "approval.needs_name",
        });
        const reply = { verdict: "allow", reach: "once", typed: "demo" } as const;
        await answerAsk(world, ask, reply, "operator@test");
      } else await bare;
      const { done } = await resume(seen.made.again().world, seen.run, {});
      expect((await seenOf(seen.made, seen.run, await done)).end?.outcome).toBe("succeeded");
    });
  }

  test("what its tools may reach raises it, whatever the plan says", async () => {
    const shell = { name: "shell", scopes: ["exec:git"], run: () => "ran" };
    const seen = await followPlan(setup({ tools: [shell] }), {
      rank: "E",
      tasks: [{ id: "a", tool: "shell", args: {} }],
    });
    const started = seen.bodies.find((body) => body.kind === "run.started");
    expect(started?.mission).toMatchObject({ rank: "C", raised: "tool shell" });
    // The program is asked about all the same: a mission's yes is none to what it does.
    expect(listAsks(seen.made.world)[0]?.reason).toContain("it would run a program");
  });

  test("a no ends it, and nothing of it was done", async () => {
    const seen = await followPlan(
      setup(),
      { rank: "A", tasks: [ONE] },
      { ask: async () => ({ verdict: "deny", reach: "once" }) },
    );
    expect(seen.end).toMatchObject({ outcome: "failed", failure: { code: "run.denied" } });
    expect([seen.made.tools.calls.length, exitOf(seen.state)]).toEqual([0, 4]);
  });

  test("what an agent proposed is that agent's words, and endorses nothing", async () => {
    const seen = await followPlan(setup(), { tasks: [ONE] }, { by: "agent:planner" });
    const started = seen.bodies.find((body) => body.kind === "run.started");
    const call = seen.bodies.find(
      (body) => body.kind === "action.proposed" && body.action.name === "say",
    );
    expect(started).toMatchObject({ said: "", mission: { by: "agent:planner" } });
    expect(call).toMatchObject({
      action: { label: { integrity: "untrusted", sources: ["agent:planner"] } },
    });
  });

  test("a task of its own rank waits, and the others go on", async () => {
    const seen = await followPlan(setup(), {
      tasks: [
        { ...ONE, rank: "A" },
        { ...ONE, id: "b" },
        { ...ONE, id: "c", needs: ["a"] },
      ],
    });
    expect(seen.state).toMatchObject({ state: "waiting", asks: [{ name: "a" }] });
    expect(Object.keys(seen.tasks)).toEqual(["b"]);
    expect(exitOf(seen.state)).toBe(3);
  });
});

describe("rules of a plan", () => {
  const rule = {
    ...{ id: "quiet", when: { kind: "tool", name: "say" }, then: "deny" },
    ...{ example: { name: "say" }, counter: { name: "look" } },
  };
  const under = (mode: "observe" | "enforce"): Written => ({
    profiles: { careful: { mode, rules: [rule] } },
    tasks: [ONE],
  });
  test("stop what they forbid", async () => {
    const seen = await followPlan(setup(), under("enforce"));
    expect(seen.end).toMatchObject({ outcome: "failed", failure: { code: "run.denied" } });
    expect(shown(seen)).toContain("deny: a rule forbids it");
  });
  test("only watch where their profile does, and the trace says what was passed by", async () => {
    const seen = await followPlan(setup(), under("observe"));
    expect(seen.end?.outcome).toBe("succeeded");
    expect(seen.end?.rules).toEqual([{ rule: "careful/quiet", status: "bypassed" }]);
  });
  const inTask = (mode: "observe" | "enforce"): Written => ({
    profiles: { careful: { mode, rules: [rule] } },
    tasks: [
      { ...ONE, profiles: ["careful"] },
      { ...ONE, id: "b" },
      { id: "c", agent: "writer", prompt: "use it" },
      { id: "d", agent: "writer", prompt: "use it", profiles: ["careful"] },
    ],
  });
  const saidOf = (seen: Followed): readonly string[] =>
    [...seen.made.journal.since(0, { bodies: true })].flatMap(({ event, body }) => {
      if (body?.kind !== "action.judged") return [];
      const { verdict, mode, rules } = body.decision;
      const task = /[._]([1-4])\d{3}/u.exec(event.step ?? "")?.[1];
      return rules.length === 0 ? [] : [`${task} ${verdict} ${mode}`];
    });
  test("of one task hold there and in what it hands on, and nowhere else", async () => {
    const seen = await followPlan(setup(), inTask("enforce"));
    const came = ["a", "b", "c", "d"].map((id) => seen.tasks[id]?.status);
    expect(came.slice(0, 3)).toEqual(["failed", "succeeded", "succeeded"]);
    expect(saidOf(seen).toSorted()).toEqual(["1 deny enforce", "4 deny enforce"]);
    expect(seen.end?.rules).toEqual([{ rule: "careful/quiet", status: "evaluated" }]);
  });
  test("of one task that observe are on its record, and stop nothing", async () => {
    const seen = await followPlan(setup(), inTask("observe"));
    expect(seen.end?.outcome).toBe("succeeded");
    expect(saidOf(seen).toSorted()).toEqual(["1 allow observe", "4 allow observe"]);
  });
  test("of one task can only narrow, whatever they say", async () => {
    const SEVERE = { allow: 0, ask: 1, deny: 2 } as const;
    const verdicts = async (profile: Written | null): Promise<readonly number[]> => {
      const made = await followPlan(
        setup({ rules: [{ ...rule, then: "ask", id: "own" } as never] }),
        {
          ...(profile && { profiles: { mine: profile } }),
          tasks: [
            { ...ONE, ...(profile && { profiles: ["mine"] }) },
            { id: "b", tool: "data", args: {} },
          ],
        },
      );
      return made.bodies.flatMap((body) =>
        body.kind === "action.judged" ? [SEVERE[body.decision.verdict]] : [],
      );
    };
    const bare = await verdicts(null);
    for (const mode of ["observe", "enforce"] as const) {
      for (const then of ["allow", "ask", "deny"] as const) {
        const held = await verdicts({ mode, rules: [{ ...rule, then }] });
        for (const [i, was] of bare.entries()) expect(held[i] ?? 2).toBeGreaterThanOrEqual(was);
        if (mode === "observe") expect(held).toEqual(bare);
      }
    }
  });
  test("can ask before a task begins and before its output counts", async () => {
    const ask = {
      ...{ id: "look", when: { kind: "task", name: "a" }, then: "ask" },
      ...{ example: { kind: "task", name: "a" }, counter: { kind: "task", name: "b" } },
    };
    const asked: string[] = [];
    const seen = await followPlan(
      setup(),
      { profiles: { all: { rules: [ask] } }, tasks: [ONE, { ...ONE, id: "b" }] },
      {
        ask: async ({ what }) => {
          asked.push(what);
          return { verdict: "allow", reach: "once" };
        },
      },
    );
    expect(seen.end?.outcome).toBe("succeeded");
    expect(asked.map((what) => what.split(":", 1)[0])).toEqual([
      "the task a would begin",
      "what the task a came to would be accepted",
    ]);
  });
});

describe("what a mission may use", () => {
  test("a task's part is set aside, and what it left is there for the next", async () => {
    const seen = await followPlan(setup(), {
      budget: { calls: 6, width: 1 },
      tasks: [
        { ...ONE, budget: { calls: 1 } },
        { ...ONE, id: "b" },
        { id: "c", agent: "writer", prompt: "use it" },
      ],
    });
    const parts = seen.bodies.flatMap((body) =>
      body.kind === "task.started" ? [[body.task, body.budget.calls]] : [],
    );
    expect(parts).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", 4],
    ]);
    expect(seen.end?.outcome).toBe("succeeded");
  });
  const spent: readonly (readonly [object, object, string])[] = [
    [{ calls: 1 }, { id: "z", agent: "writer", prompt: "use it" }, "run.denied_part"],
    [{ turns: 1 }, { id: "z", agent: "writer", prompt: "use it" }, "run.cut"],
  ];
  for (const [budget, task] of spent) {
    test(`${JSON.stringify(budget)} bounds what an agent does`, async () => {
      const seen = await followPlan(setup(), { tasks: [{ ...task, budget }] });
      expect(seen.end?.outcome).toBe("degraded");
      expect(seen.tasks["z"]?.status).toBe("degraded");
      expect(exitOf(seen.state)).toBe(5);
    });
  }
  test("what is used up is said", () =>
    check(
      { budget: { calls: 1, width: 1 }, tasks: [ONE, { ...ONE, id: "b" }] },
      {
        outcome: "failed",
        code: "run.denied",
        tasks: { a: "succeeded", b: "failed" },
        shows: ["deny: the run has used its calls"],
      },
    ));
  test("no more tasks go on at once than its width", async () => {
    let [now, most] = [0, 0];
    const slow = {
      name: "slow",
      run: async () => {
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 1));
        now -= 1;
        return "done";
      },
    };
    const tasks = Array.from({ length: 7 }, (_, i) => ({ id: `t${i}`, tool: "slow", args: {} }));
    await followPlan(setup({ tools: [slow] }), { budget: { width: 3 }, tasks });
    expect(most).toBe(3);
  });
  test("nothing begins after its deadline, waits counted", async () => {
    const written = {
      deadline: "1d",
      tasks: [ONE, { ...ONE, id: "b", needs: ["a"], rank: "A" }, { ...ONE, id: "c", needs: ["b"] }],
    };
    const seen = await followPlan(setup(), written);
    seen.made.clock.advance(2 * DAY);
    const [ask] = listAsks(seen.made.world);
    if (!ask) throw new Error("nothing was asked");
    const yes = { verdict: "allow", reach: "once" } as const;
    await answerAsk(seen.made.world, ask, yes, "operator@test");
    const { done } = await resume(seen.made.again().world, seen.run, {});
    const later = await seenOf(seen.made, seen.run, await done);
    expect(later.tasks["c"]).toMatchObject({
      status: "skipped",
      failure: { code: "mission.deadline" },
    });
    expect(later.end?.outcome).toBe("degraded");
  });
  test("a stopped mission begins nothing more and says so", async () => {
    const stop = new AbortController();
    const last = {
      name: "last",
      run: () => {
        stop.abort();
        return "done";
      },
    };
    const seen = await followPlan(
      setup({ tools: [last] }),
      {
        tasks: [
          { id: "a", tool: "last", args: {} },
          { id: "b", tool: "last", args: {}, needs: ["a"] },
        ],
      },
      { signal: stop.signal },
    );
    expect([seen.end?.outcome, seen.made.tools.calls.length]).toEqual(["cancelled", 1]);
    expect(exitOf(seen.state)).toBe(130);
  });
});
