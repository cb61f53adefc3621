import type { Decision } from "../contracts/action.ts";
import type { Route, Rule } from "../contracts/rules.ts";
import type { RuleStatus } from "../contracts/run.ts";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";

/** Changes whenever the same inputs may be judged differently than before. */
export const GATE_VERSION = 4;

/** The version from which on calls say what decides them, and labels are judged. */
export const LABELS_SINCE = 2;

/** The version from which on the rank an agent's or a skill's manifest names is looked at. */
export const FLOORS_SINCE = 3;

/** The version from which on a call that is made again is judged as the use it was. */
export const SAME_USE_SINCE = 3;

/** The version from which on an answer vouches for no value that its call had asked with. */
export const ASKED_SINCE = 4;

/** Hash of everything an operator can set about judging: rules, routes and the gate's version. */
export function policyHash(
  rules: readonly Rule[],
  routes: readonly Route[],
  version: number = GATE_VERSION,
): string {
  return hashOf({ gate: version, rules: asJson(rules), routes: asJson(routes) });
}

// Rules come from YAML and hold nothing else; `undefined` is left out by canonical JSON.
function asJson(value: readonly (Rule | Route)[]): Json {
  return value as unknown as Json;
}

/**
 * How each rule took part in a run: `configured` when nothing was judged, `evaluated` when it was
 * looked at, `bypassed` when it would have stopped something, in mode observe, and that went on.
 */
export function ruleStatuses(rules: readonly Rule[], decisions: readonly Decision[]): RuleStatus[] {
  const bypassed = new Set(decisions.flatMap(bypassedIn));
  return rules.map(({ id }) => {
    if (bypassed.has(id)) return { rule: id, status: "bypassed" };
    return { rule: id, status: decisions.length > 0 ? "evaluated" : "configured" };
  });
}

function bypassedIn(decision: Decision): readonly string[] {
  if (decision.verdict !== "allow") return [];
  return decision.rules
    .filter((match) => match.mode === "observe" && match.verdict !== "allow")
    .map((match) => match.rule);
}
