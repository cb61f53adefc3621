import { describe, expect, test } from "bun:test";
import { followPlan } from "../src/missions/testing/mission-lab.ts";
import { check, setup, shown } from "./support/missions.ts";

/** What an output is held against, in every status there is. */

describe("checks", () => {
  const cases: readonly (readonly [string, object, string, string])[] = [
    ["contains", { contains: "aid" }, "said", "met"],
    ["contains", { contains: "not" }, "said", "missed"],
    ["lacks", { lacks: "x" }, "said", "met"],
    ["lacks", { lacks: "ai" }, "said", "missed"],
    ["matches", { matches: "^s.*d$" }, "said", "met"],
    ["matches", { matches: "^x" }, "said", "missed"],
    ["words", { words: 2 }, "two words", "met"],
    ["words", { words: 1 }, "two words", "missed"],
    ["schema", { schema: { type: "object" } }, '{"a":1}', "met"],
    ["schema", { schema: { type: "object" } }, "[]", "missed"],
    ["schema", { schema: { type: "object" } }, "no JSON", "missed"],
    ["that", { that: "output contains 'ai' and inputs.least < 3" }, "said", "met"],
    ["that", { that: "output == 'x'" }, "said", "missed"],
    ["that", { that: "output > 3" }, "said", "unknown"],
  ];
  for (const [kind, one, text, status] of cases) {
    test(`${kind} is ${status}`, async () => {
      const written = {
        inputs: { least: { type: "number" as const } },
        tasks: [{ id: "a", tool: "say", args: { text }, checks: [one] }],
      };
      const seen = await followPlan(setup(), written, { inputs: { least: 2 } });
      expect(seen.tasks["a"]?.checks.map(({ id, status: is }) => [id, is])).toEqual([
        [kind, status],
      ]);
      const isMet = status === "met";
      expect(seen.tasks["a"]?.status).toBe(isMet ? "succeeded" : "failed");
      const code = status === "missed" ? "deny:check_missed" : "deny:check_unknown";
      expect(seen.tasks["a"]?.failure?.code).toBe(isMet ? undefined : code);
      expect(shown(seen)).toContain(`check ${kind}: ${status}`);
    });
  }

  const promised = { id: "a", agent: "writer", prompt: "go", checks: [{ evidence: "steps" }] };
  test("done without evidence is not done", () =>
    check(
      { tasks: [promised] },
      {
        outcome: "failed",
        code: "deny:check_missed",
        tasks: { a: "failed" },
        shows: ["check evidence: missed: nothing on its record shows a step"],
      },
    ));
  test("with evidence it is", () =>
    check(
      { tasks: [{ ...promised, prompt: "use it" }] },
      { outcome: "succeeded", tasks: { a: "succeeded" }, shows: ["check evidence: met"] },
    ));
  test("what the operator let go is waived", () =>
    check(
      { tasks: [promised] },
      { outcome: "succeeded", tasks: { a: "succeeded" }, shows: ["check evidence: waived"] },
      {},
      { waived: ["a.evidence"] },
    ));
  test("what is only observed stops nothing", () =>
    check(
      { tasks: [{ ...promised, checks: [{ evidence: "steps", observe: true }] }] },
      {
        outcome: "succeeded",
        tasks: { a: "succeeded" },
        shows: ["check evidence: missed, only observed"],
      },
    ));
  test("a text is asked of what is none", () =>
    check(
      { tasks: [{ id: "a", tool: "data", args: {}, checks: [{ contains: "x" }] }] },
      {
        outcome: "failed",
        code: "deny:check_unknown",
        tasks: { a: "failed" },
        shows: ["check contains: unknown: it is no text"],
      },
    ));
  test("the same again, as it did not meet a check", () =>
    check(
      {
        tasks: [
          {
            ...{ id: "a", tool: "say", args: {}, checks: [{ contains: "x" }] },
            recover: [{ retry: { wait: 1 } }],
          },
        ],
      },
      { outcome: "failed", code: "deny:check_missed", tasks: { a: "failed retry" } },
    ));
});
