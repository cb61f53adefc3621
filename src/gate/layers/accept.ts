import type { Action } from "../../contracts/action.ts";
import type { LayerAnswer } from "../gate.ts";

/**
 * Is this output what was asked for? Asked at the gate `accept` and nowhere else. What only observes
 * and what the operator let go stop nothing; a check nobody could answer is not one that was met.
 */
export function acceptLayer({ gate, checks = [] }: Action): readonly LayerAnswer[] {
  if (gate !== "accept") return [];
  const binding = checks.filter(({ observe }) => observe !== true).map(({ status }) => status);
  if (binding.includes("missed")) return [{ verdict: "deny", reason: "deny:check_missed" }];
  if (binding.includes("unknown")) return [{ verdict: "deny", reason: "deny:check_unknown" }];
  return [{ verdict: "allow", reason: "allow:checks_met" }];
}
