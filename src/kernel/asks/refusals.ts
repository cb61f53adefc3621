import { NanosError } from "../../std/error.ts";
import type { Failure } from "../../contracts/outcome.ts";

/** Why there is no approval for a use. The names and codes are stable. */
const REFUSALS = {
  missing_approval: {
    code: "approval.missing_approval",
    message: "It needs the operator's approval, and none was named.",
    next: "Give one: nanos approvals give AGENT TOOL JSON.",
  },
  unknown_approval: {
    code: "approval.unknown_approval",
    message: "It is no ask and no approval of this home.",
    next: "See `nanos approvals list`.",
  },
  already_consumed: {
    code: "approval.already_consumed",
    message: "It was answered or used before; an approval is good for one use.",
    next: "Ask for a new one: nanos approvals give AGENT TOOL JSON.",
  },
  tool_mismatch: {
    code: "approval.tool_mismatch",
    message: "It is an approval for something else, or for somebody else.",
    next: "See `nanos approvals list --given`.",
  },
  args_hash_mismatch: {
    code: "approval.args_hash_mismatch",
    message: "It is an approval for other arguments.",
    next: "Give one for exactly these: nanos approvals give AGENT TOOL JSON.",
  },
  expired: {
    code: "approval.expired",
    message: "It is void: its time is over, or it was taken back.",
    next: "Ask for a new one: nanos approvals give AGENT TOOL JSON.",
  },
} as const satisfies Readonly<Record<string, Failure>>;

export type Refusal = keyof typeof REFUSALS;

/** The refusal as a failure; `about` is the approval, or the use where none was named. */
export function refusal(name: Refusal, about: string): Failure & { readonly next: string } {
  const { code, message, next } = REFUSALS[name];
  return { code, message: `${about}: ${message}`, next };
}

/** The same to be thrown. */
export function refused(name: Refusal, about: string): NanosError {
  const { code, message, next } = refusal(name, about);
  return new NanosError(code, message, next);
}
