import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Rule } from "../../contracts/rules.ts";
import { aRule, aStanding, anAction, yesTo } from "../gate.fixtures.ts";
import { judge } from "../judge.ts";
import { rejudge, tryCases } from "./try.ts";

test("cases: what the rules say together, which one decides, and that none does", () => {
  const rules = [
    aRule("ask", "ask"),
    aRule("no", "deny", { when: { name: "notes_append", args: { file: "^secret" } } }),
    aRule("watch", "deny", { mode: "observe", when: { name: "notes_move" } }),
  ];
  const made = { kind: "tool", name: "notes_append", agent: "oracle", scopes: [] } as const;
  const right = [
    { ...made, args: {}, expect: "ask", rule: "ask" },
    { ...made, args: { file: "secret.md" }, expect: "deny", rule: "no" },
    { ...made, args: {}, name: "other", expect: "none" },
    { ...made, args: {}, name: "notes_move", expect: "none" },
  ] as const;
  expect(
    tryCases(
      rules,
      [...right].map((one) => ({ ...one, scopes: [] })),
    ),
  ).toEqual([]);
  const wrong = [
    { ...made, args: {}, scopes: [], expect: "allow" },
    { ...made, args: {}, scopes: [], name: "other", expect: "deny" },
    { ...made, args: {}, scopes: [], expect: "ask", rule: "no" },
  ] as const;
  expect(
    tryCases(
      rules,
      [...wrong].map((one) => ({ ...one, scopes: [] })),
    ),
  ).toEqual([
    {
      id: "case 1",
      sentence: "tool notes_append by oracle should come to allow, and rule ask says ask.",
    },
    { id: "case 2", sentence: "tool other by oracle should come to deny, and no rule matches." },
    { id: "case 3", sentence: "tool notes_append by oracle should be decided by no, not ask." },
  ]);
});

const net = { destinations: ["net:example.org"] };

test("a recorded judgement under other rules", () => {
  const check = (before: readonly Rule[], after: readonly Rule[], came: unknown): void => {
    const action = anAction();
    const decision = judge(action, aStanding({ rules: before }));
    expect(rejudge(action, decision, after, "/work/space")).toEqual(came as never);
  };
  check([], [], null);
  check([aRule("a", "ask")], [aRule("a", "ask")], null);
  check([], [aRule("a", "deny")], { was: "allow", now: "deny", rule: "a" });
  check([], [aRule("a", "ask")], { was: "allow", now: "ask", rule: "a" });
  check([], [aRule("a", "deny", { mode: "observe" })], null);
  check([aRule("a", "deny")], [], { was: "deny", now: "allow", rule: null });
  check([aRule("a", "deny")], [aRule("a", "ask")], { was: "deny", now: "ask", rule: "a" });
  check([aRule("a", "ask")], [aRule("b", "ask")], { was: "ask", now: "ask", rule: "b" });
});

test("what other layers said stays, and answers count on neither side", () => {
  const action = anAction(net);
  const standing = aStanding({ rules: [aRule("a", "ask")] });
  const asked = judge(action, standing);
  const answered = judge(action, { ...standing, answers: yesTo(asked.keys) });
  for (const decision of [asked, answered]) {
    expect(rejudge(action, decision, standing.rules, "/work/space")).toBeNull();
    // The danger layer still asks.
    expect(rejudge(action, decision, [], "/work/space")).toBeNull();
    expect(rejudge(action, decision, [aRule("b", "deny")], "/work/space")).toEqual({
      was: "ask",
      now: "deny",
      rule: "b",
    });
  }
});

test("it comes to what the gate itself comes to", () => {
  const rule = fc
    .record({
      id: fc.constantFrom("a", "b", "c"),
      then: fc.constantFrom<Rule["then"]>("allow", "ask", "deny"),
      mode: fc.constantFrom<Rule["mode"]>("enforce", "observe"),
      name: fc.constantFrom("notes_append", "other", "*"),
    })
    .map(({ id, then, mode, name }) => aRule(id, then, { mode, when: { name } }));
  const rules = fc.uniqueArray(rule, { maxLength: 3, selector: ({ id }) => id });
  const change = fc.constantFrom({}, net, { scopes: ["write:/srv"] }, { rank: "A" as const });
  fc.assert(
    fc.property(rules, rules, change, (before, after, given) => {
      const action = anAction(given);
      const decision = judge(action, aStanding({ rules: before }));
      const other = judge(action, aStanding({ rules: after }));
      const came = rejudge(action, decision, after, "/work/space");
      expect(came?.now ?? decision.verdict).toBe(other.verdict);
    }),
    { numRuns: 500 },
  );
});
