import type { Action } from "../../contracts/action.ts";
import type { Facts, LayerAnswer, Standing } from "../gate.ts";

/** A and S wait for the operator, bound to the exact arguments; the ranks below run. */
export function rankLayer(
  action: Action,
  _standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  if (facts.rank !== "A" && facts.rank !== "S") return [];
  const key = `rank:${action.kind}:${action.name}|${facts.argsHash()}`;
  return [{ verdict: "ask", reason: "ask:rank", key }];
}
