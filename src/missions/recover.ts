import type { Failure } from "../contracts/outcome.ts";
import type { Recover, Task } from "../contracts/plan.ts";
import { LIMITS } from "../std/limits.ts";

/** What is done about a failure. */
export type Next =
  | { readonly how: "retry"; readonly wait: number }
  | {
      readonly how: "fallback";
      readonly to: NonNullable<Recover["fallback"]>;
    }
  | { readonly how: "degrade"; readonly says: string }
  | { readonly how: "stop" };

/** How far down the list of a task's recovery its attempts have come. */
export interface Progress {
  /** Place in the list. */
  readonly at: number;
  /** Times the entry there was used. */
  readonly used: number;
}

export const NO_PROGRESS: Progress = { at: 0, used: 0 };

/**
 * What comes next after a failure, and where in the list that is. Null where nothing is left to try:
 * the task has then failed. Depends on the plan, the failures so far and nothing else.
 */
export function nextAfter(
  { recover }: Pick<Task, "recover">,
  failure: Failure,
  { at, used }: Progress,
  attempt: number,
): { readonly next: Next; readonly progress: Progress } | null {
  if (attempt >= LIMITS.taskAttempts) return null;
  for (const [i, one] of recover.entries()) {
    if (i < at) continue;
    const times = i === at ? used : 0;
    const next = nextIn(one, failure, times);
    if (next) return { next, progress: { at: i, used: times + 1 } };
  }
  return null;
}

function nextIn({ retry, fallback, degrade, stop }: Recover, why: Failure, used: number) {
  if (retry) {
    // The gate would say the same again, and what the operator stopped stays stopped.
    const isFinal = retry.on === undefined && FINAL.test(why.code);
    if (used >= retry.times || isFinal || !isMeant(retry.on, why)) return null;
    const wait = Math.min(retry.most, retry.wait * 2 ** used);
    return { how: "retry", wait } as const;
  }
  if (used > 0) return null;
  if (fallback && isMeant(fallback.on, why)) return { how: "fallback", to: fallback } as const;
  if (degrade && isMeant(degrade.on, why)) return { how: "degrade", says: degrade.says } as const;
  return stop && isMeant(stop.on, why) ? ({ how: "stop" } as const) : null;
}

const FINAL = /^deny:(?!check_)/u;

function isMeant(on: readonly string[] | undefined, { code }: Failure): boolean {
  if (on === undefined) return true;
  return on.some((one) => (one.endsWith("*") ? code.startsWith(one.slice(0, -1)) : one === code));
}
