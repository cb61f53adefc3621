import type { Action, RuleMatch } from "../../contracts/action.ts";
import { hashOf } from "../../std/hash.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
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
  const answers: LayerAnswer[] = guessAnswers(action, argsHash);
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

/** A route that was taken for what somebody may have meant is asked about, and never guessed. */
function guessAnswers({ gate, args }: Action, argsHash: () => string): LayerAnswer[] {
  if (gate !== "route" || !isObject(args) || typeof args["confidence"] !== "number") return [];
  const { confidence, rival } = args;
  const other = isObject(rival) ? Number(rival["confidence"]) : 0;
  const key = `route:${argsHash()}`;
  const isSure = confidence >= LIMITS.routeConfidence;
  if (!isSure) return [{ verdict: "ask", reason: "ask:low_confidence", key }];
  // Compared in hundredths: what is written as 0.9 and 0.95 is not as near as it is computed.
  const gap = Math.round((confidence - other) * 100) / 100;
  return gap < LIMITS.routeGap ? [{ verdict: "ask", reason: "ask:ambiguous", key }] : [];
}
