import { expect, test } from "bun:test";
import { REASON_NAMES } from "../../contracts/reason.ts";
import { explain } from "./explain.ts";
import { aRule, aStanding, anAction, yesTo } from "../gate.fixtures.ts";
import { judge } from "../judge.ts";

test("a decision is told in sentences: the verdict, each layer, each rule, the rank", () => {
  const rules = [
    aRule("careful", "ask", { description: "notes are precious" }),
    aRule("watched", "deny", { mode: "observe" }),
  ];
  const action = anAction({ destinations: ["net:example.org"], scopes: ["read:/work/space/a"] });
  const standing = aStanding({ rules });
  const asked = judge(action, standing);
  expect(explain(action, asked, rules).slice(0, -1)).toEqual([
    "Asked: tool notes_append, because a rule asks for the operator's answer (layer rule).",
    `Layer rule, rule careful: ask, because a rule asks for the operator's answer [${asked.keys[0]}].`,
    "Layer danger: ask, because it would send something to a destination nobody endorsed " +
      "[net:notes_append|example.org:443|operator].",
    "Rule careful (notes are precious) matched; it says ask.",
    "Rule watched matched; it only observes and would say deny.",
    "Rank B: such an action runs, and is shown for review.",
    "What would change it: rule careful in rules.yaml.",
  ]);
  const answered = judge(action, { ...standing, answers: yesTo(asked.keys) });
  expect(explain(action, answered)[1]).toContain("; it was answered [rule:careful|");
  const denied = judge(action, aStanding({ declared: ["net:*"] }));
  expect(explain(action, denied).slice(0, 2)).toEqual([
    "Denied: tool notes_append, because the tool did not declare this reach (layer scope).",
    "The scope in question is read:/work/space/a.",
  ]);
  expect(explain(action, asked).at(-1)).toBe(
    `Judged under policy policy, inputs ${asked.inputs.slice(0, 12)}.`,
  );
});

test("every reason says what would change it, with the names it is about", () => {
  const action = anAction({ destinations: ["net:example.org:443"] });
  const decision = judge(action, aStanding());
  for (const reason of REASON_NAMES) {
    const lines = explain(action, { ...decision, reason, rule: "r", missing: "read:/a" });
    const change = lines.find((line) => line.startsWith("What would change it: ")) ?? "";
    expect([reason, change]).toEqual([reason, expect.stringMatching(/^.{30,160}\.$/u)] as never);
    expect(change).not.toMatch(/[{}]|SKILL|HOST/u);
  }
  expect(explain(action, decision)).toContain(
    "What would change it: naming example.org:443 in the request, or a grant: nanos grant add " +
      "notes --net example.org:443.",
  );
});
