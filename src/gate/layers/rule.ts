import type { Action } from "../../contracts/action.ts";
import type { Facts, LayerAnswer, Standing } from "../gate.ts";

/** What the operator's rules say. Every match counts; one in mode `observe` says nothing here. */
export function ruleLayer(
  action: Action,
  _standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  const answers: LayerAnswer[] = [];
  for (const match of facts.rules) {
    if (match.mode === "observe") continue;
    const { rule } = match;
    if (match.verdict === "deny") answers.push({ verdict: "deny", reason: "deny:by_rule", rule });
    if (match.verdict === "allow")
      answers.push({ verdict: "allow", reason: "allow:by_rule", rule });
    if (match.verdict === "ask") {
      const key = `rule:${rule}|${action.kind}:${action.name}|${facts.argsHash()}`;
      answers.push({ verdict: "ask", reason: "ask:by_rule", key, rule });
    }
  }
  return answers;
}
