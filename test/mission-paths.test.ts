import { describe, expect, test } from "bun:test";
import { resume } from "../src/kernel/runner.ts";
import type { FunctionTool } from "../src/kernel/testing/function-tools.ts";
import { followPlan, seenOf, type Written } from "../src/missions/testing/mission-lab.ts";
import { scriptModel } from "../src/models/script.ts";
import { fakeClock } from "../src/std/clock.ts";
import { check, type Expected, setup } from "./support/missions.ts";

/** Every way a mission can go, each to be read in `trace show`. */

const say = (id: string, more: object = {}): object => ({ id, tool: "say", args: {}, ...more });

describe("what comes next", () => {
  const cases: readonly (readonly [string, Written, Expected])[] = [
    [
      "one after the other, filled with what came before",
      {
        tasks: [
          { id: "a", tool: "data", args: {} },
          {
            ...{ id: "b", needs: ["a"], tool: "say" },
            args: { text: "{{ tasks.a.output.count }} of {{tasks.a.output.names}}" },
          },
        ],
      },
      { outcome: "succeeded", text: '3 of ["a","b"]', tasks: { a: "succeeded", b: "succeeded" } },
    ],
    [
      "in the order of needs and not of the file",
      { tasks: [say("b", { needs: ["a"], args: { text: "{{ tasks.a.output }}!" } }), say("a")] },
      { outcome: "succeeded", text: "said!", tasks: { a: "succeeded", b: "succeeded" } },
    ],
    [
      "an agent's answer, and the agent that follows the plan as one that is asked",
      {
        tasks: [
          { id: "a", agent: "other", prompt: "go" },
          { id: "b", agent: "oracle", prompt: "and {{ tasks.a.output }}", needs: ["a"] },
        ],
      },
      {
        outcome: "succeeded",
        text: "The oracle did it.",
        tasks: { a: "succeeded", b: "succeeded" },
      },
    ],
    [
      "one branch of two, and what joins them",
      {
        inputs: { kind: {} },
        tasks: [
          say("left", { when: "inputs.kind == 'l'" }),
          say("right", { when: "inputs.kind != 'l'", args: { text: "right" } }),
          say("after", { needs: ["left"] }),
          say("join", {
            needs: ["left", "right"],
            args: { text: "[{{ tasks.left.output }}{{ tasks.right.output }}]" },
          }),
        ],
      },
      {
        outcome: "succeeded",
        text: "[right]",
        tasks: { left: "skipped", right: "succeeded", after: "skipped", join: "succeeded" },
        shows: [
          "task skipped: It is not so that inputs.kind == 'l'. (task.not_meant)",
          "task skipped: Nothing it needs was done. (task.not_meant)",
        ],
      },
    ],
    [
      "nothing that needs what failed, and everything else",
      {
        tasks: [
          { id: "a", tool: "fail", args: {} },
          say("b", { needs: ["a"] }),
          say("c", { needs: ["b"] }),
          say("d"),
        ],
      },
      {
        outcome: "failed",
        code: "tool.failed",
        text: "said",
        tasks: { a: "failed", b: "skipped", c: "skipped", d: "succeeded" },
        shows: ["task skipped: It needs a, which failed. (task.need_failed)"],
      },
    ],
    [
      "a place that has no value is said",
      {
        tasks: [
          { id: "a", tool: "data", args: {} },
          say("b", { needs: ["a"], args: { text: "{{ tasks.a.output.nothing }}" } }),
        ],
      },
      {
        outcome: "failed",
        code: "plan.no_value",
        tasks: { a: "succeeded", b: "failed" },
        shows: ["tasks.a.output.nothing has no value."],
      },
    ],
  ];
  for (const [what, written, expected] of cases) {
    test(what, () => check(written, expected, {}, { inputs: { kind: "r" } }));
  }
});

describe("recovery", () => {
  const failing = { id: "a", tool: "fail", args: {} };
  const cases: readonly (readonly [string, Written, Expected])[] = [
    [
      "the same again, until it is done",
      {
        tasks: [{ ...failing, tool: "flaky", recover: [{ retry: { times: 2, wait: "2s" } }] }],
      },
      {
        outcome: "succeeded",
        text: "there",
        tasks: { a: "succeeded retry retry" },
        shows: [
          "retry after 2.0 s, as attempt 1 failed: not yet (tool.failed)",
          "retry after 4.0 s, as attempt 2 failed: not yet (tool.failed)",
        ],
      },
    ],
    [
      "only so often, and only for what it is meant for",
      {
        tasks: [
          { ...failing, recover: [{ retry: { times: 2 } }] },
          { ...failing, id: "b", recover: [{ retry: { times: 2, on: ["model.*"] } }] },
        ],
      },
      { outcome: "failed", code: "tool.failed", tasks: { a: "failed retry retry", b: "failed" } },
    ],
    [
      "another agent in its place",
      {
        tasks: [
          {
            ...{ id: "a", agent: "writer", prompt: "go", checks: [{ evidence: "steps" }] },
            recover: [{ fallback: { agent: "other" } }, { degrade: { says: "without" } }],
          },
        ],
      },
      {
        outcome: "degraded",
        code: "mission.degraded",
        tasks: { a: "degraded fallback degrade" },
        text: "without",
        shows: ["fallback: agent other, as attempt 1 failed", "degrade: without, as attempt 2"],
      },
    ],
    [
      "another task in its place",
      { tasks: [{ ...failing, recover: [{ fallback: { task: "b" } }] }, say("b")] },
      {
        outcome: "succeeded",
        text: "said",
        tasks: { a: "succeeded fallback" },
        shows: ["fallback: task b, as attempt 1 failed: as it was told (tool.failed)"],
      },
    ],
    [
      "without it, said, and what needs it goes on",
      {
        tasks: [
          { ...failing, recover: [{ degrade: { says: "no numbers" } }] },
          say("b", {
            needs: ["a"],
            args: { text: "{{ tasks.a.status }}: {{ tasks.a.output }}" },
          }),
        ],
      },
      {
        outcome: "degraded",
        code: "mission.degraded",
        text: "degraded: no numbers",
        tasks: { a: "degraded degrade", b: "succeeded" },
        shows: ["degrade: no numbers, as attempt 1 failed: as it was told (tool.failed)"],
      },
    ],
    [
      "nothing more begins",
      {
        budget: { width: 1 },
        tasks: [{ ...failing, recover: [{ stop: {} }] }, say("b")],
      },
      {
        outcome: "failed",
        code: "tool.failed",
        tasks: { a: "failed stop", b: "skipped" },
        shows: [
          "stop, as attempt 1 failed: as it was told (tool.failed)",
          "task skipped: a failed, and the plan ends there: as it was told (mission.stopped)",
        ],
      },
    ],
    [
      "what the gate denied is not tried again",
      {
        within: ["read:./notes"],
        tasks: [{ id: "a", tool: "far", args: {}, recover: [{ retry: {} }] }],
      },
      {
        outcome: "failed",
        code: "run.denied",
        tasks: { a: "failed" },
        shows: ["deny: the tool did not declare this reach"],
      },
    ],
  ];
  for (const [what, written, expected] of cases) {
    const far: FunctionTool = { name: "far", scopes: ["read:/ws/data"], run: () => "seen" };
    test(what, () => check(written, expected, { tools: [...(setup().tools ?? []), far] }));
  }

  test("a long wait is left to the clock, and the mission goes on when its time has come", async () => {
    const retry = { times: 2, wait: "2h", most: "1d" };
    const written = { tasks: [{ ...failing, tool: "flaky", recover: [{ retry }] }] };
    const waiting = await followPlan(setup(), written);
    const waits = waiting.bodies.findLast((body) => body.kind === "run.waiting");
    const { made, run } = waiting;
    expect(waits).toMatchObject({ asks: [], until: made.clock.now() + 2 * 3_600_000 });
    made.clock.advance(2 * 3_600_000);
    await (
      await resume(made.again().world, run, {})
    ).done;
    made.clock.advance(4 * 3_600_000);
    const { done } = await resume(made.again().world, run, {});
    const later = await seenOf(made, run, await done);
    expect([later.end?.outcome, made.tools.calls.length]).toEqual(["succeeded", 3]);
  });

  test("another model in its place", async () => {
    const seen = await followPlan(
      setup({
        models: [scriptModel("first", { turns: [] }, fakeClock())],
        model: scriptModel("second", { turns: [{ say: "Up again." }] }, fakeClock()),
      }),
      {
        tasks: [
          {
            ...{ id: "a", agent: "other", prompt: "go" },
            recover: [{ fallback: { model: "second", on: ["model.*"] } }],
          },
        ],
      },
    );
    const [first] = seen.bodies.filter((body) => body.kind === "task.recovered");
    expect([seen.end?.outcome, first?.how, first?.to]).toEqual([
      "succeeded",
      "fallback",
      "model second",
    ]);
  });
});
