import type { Action } from "../../contracts/action.ts";
import type { Facts, LayerAnswer, Standing } from "../gate.ts";
import { leavesMachine } from "./scope.ts";

/**
 * May a value with this label go there? A stored secret leaves the machine only as a handle, and is
 * kept in no note and no file. Private and untrusted values are the danger layer's question.
 */
export function labelLayer(
  action: Action,
  _standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  if (action.label.secrecy !== "secret") return [];
  if (facts.reach.some(leavesMachine)) {
    return [{ verdict: "deny", reason: "deny:secret_in_arguments" }];
  }
  const keeps = action.kind === "note" || action.kind === "commit";
  return keeps ? [{ verdict: "deny", reason: "deny:unlabelled" }] : [];
}
