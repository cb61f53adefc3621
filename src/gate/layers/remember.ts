import type { Action } from "../../contracts/action.ts";
import { LIMITS } from "../../std/limits.ts";
import type { AllowReason, DenyReason, LayerAnswer, Standing } from "../gate.ts";

/**
 * May this be remembered? Asked at the gate `remember` and nowhere else, in this order: is memory
 * on, does the policy write, is it sensitive as it came, did the operator say so, is enough of it
 * left, can it be told, is it there already. What is left may be kept, or held for review.
 */
export function rememberLayer(action: Action, standing: Standing): readonly LayerAnswer[] {
  if (action.gate !== "remember") return [];
  const no = whyNot(action, standing);
  return [
    no === null
      ? { verdict: "allow", reason: howKept(action, standing) }
      : { verdict: "deny", reason: no },
  ];
}

type NotKept = Extract<
  DenyReason,
  | "deny:feature_disabled"
  | "deny:policy_write_disabled"
  | "deny:sensitive_content"
  | "deny:no_explicit_intent"
  | "deny:scrubbed_too_short"
  | "deny:error"
>;

function whyNot({ keeping, label }: Action, { memory }: Standing): NotKept | null {
  if (!memory.enabled || !memory.capture) return "deny:feature_disabled";
  if (memory.policy === "off") return "deny:policy_write_disabled";
  if (label.secrecy === "secret") return "deny:sensitive_content";
  if (keeping === undefined) return "deny:error";
  if (keeping.found.some((one) => one.class === "secret")) return "deny:sensitive_content";
  const strict = memory.policy === "strict";
  if (strict && !keeping.intent) return "deny:no_explicit_intent";
  const least = strict ? LIMITS.noteLeastChars : LIMITS.captureLeastChars;
  if (keeping.chars < least) return "deny:scrubbed_too_short";
  return keeping.fault === null ? null : "deny:error";
}

/** The operator's own act is their review. Whatever else may be wrong waits for one. */
function howKept({ agent, keeping, label }: Action, { memory }: Standing): AllowReason {
  if (keeping === undefined || keeping.seen !== null) return "allow:dedupe_update";
  if (agent === "operator") return "allow:explicit_intent";
  const review =
    memory.policy === "capture_only" ||
    label.integrity === "untrusted" ||
    !keeping.own ||
    keeping.found.length > 0;
  return review ? "allow:capture_only" : "allow:explicit_intent";
}
