import type { Action, RuleMatch } from "../../contracts/action.ts";
import { hashOf } from "../../std/hash.ts";
import type { Facts, LayerAnswer, Standing } from "../gate.ts";

/** What the operator's rules say. Every match counts; one in mode `observe` says nothing here. */
export function ruleLayer(
  action: Action,
  _standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  return ruleAnswers(action, facts.rules, facts.argsHash);
}

/** The layer's answers, from the rules that match. */
export function ruleAnswers(
  action: Action,
  matches: readonly RuleMatch[],
  argsHash = (): string => hashOf(action.args),
): readonly LayerAnswer[] {
  const answers: LayerAnswer[] = [];
  for (const { rule, verdict, mode } of matches) {
    if (mode === "observe") continue;
    if (verdict === "deny") answers.push({ verdict, reason: "deny:by_rule", rule });
    if (verdict === "allow") answers.push({ verdict, reason: "allow:by_rule", rule });
    if (verdict === "ask") {
      const key = `rule:${rule}|${action.kind}:${action.name}|${argsHash()}`;
      answers.push({ verdict, reason: "ask:by_rule", key, rule });
    }
  }
  return answers;
}
