import { LIMITS } from "../../std/limits.ts";
import type { Times } from "./times.ts";

/** What of a schedule is looked at. Times are milliseconds since 1970. */
export interface Mark {
  /** Times up to here are dealt with. */
  readonly until: number;
  /** The time that began a run last; null where none did. */
  readonly due: number | null;
  /** True where this time began one already. */
  readonly fired: (due: number) => boolean;
}

/** How a schedule stands at a time. */
export type Due =
  | { readonly state: "later"; readonly next: number | null }
  /** A time has come. `passed` others came before it, and began nothing. */
  | { readonly state: "now"; readonly due: number; readonly passed: number }
  /** Times have passed, too long ago to count as now; `due` is the first of them. */
  | { readonly state: "late"; readonly due: number; readonly passed: number };

/**
 * What is due. Pure. However many times have passed, they are one thing: nobody begins a run for
 * each. A clock that was put back brings no time a second time, and one that was ahead for a while
 * keeps nothing from coming.
 */
export function dueOf(times: Times, mark: Mark, now: number): Due {
  const from = Math.min(mark.until, now);
  const least = mark.due === null || mark.due > now ? from : mark.due + LIMITS.scheduleGapMs - 1;
  const next = nextOf(times, mark, Math.max(from, least));
  if (next === null || next > now) return { state: "later", next };
  const onTime = nextOf(times, mark, Math.max(from, least, now - LIMITS.scheduleLateMs));
  if (onTime === null || onTime > now) {
    return { state: "late", due: next, passed: countOf(times, mark, next, now + 1) };
  }
  return { state: "now", due: onTime, passed: countOf(times, mark, next, onTime) };
}

/** The first time after one that began nothing yet. */
function nextOf(times: Times, mark: Mark, after: number): number | null {
  let next = times.next(after);
  for (let i = 0; next !== null && mark.fired(next) && i < LIMITS.scheduleFiredKept; i++) {
    next = times.next(next);
  }
  return next;
}

/** Times from one on and before another, as far as they are counted. */
function countOf(times: Times, mark: Mark, from: number, before: number): number {
  let count = 0;
  for (let at: number | null = from; at !== null && at < before; at = nextOf(times, mark, at)) {
    count += 1;
    if (count >= LIMITS.missedCounted) break;
  }
  return count;
}
