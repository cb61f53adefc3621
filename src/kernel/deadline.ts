import { NanosError } from "../std/error.ts";
import type { Failure } from "../contracts/outcome.ts";

/** A run's time, which stands still while the operator is being asked. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Waits for something that does not count as the run's time. */
  aside<T>(wait: Promise<T>): Promise<T>;
  /** Ends the run now, as the operator asked. */
  cancel(): void;
  /** Lets go of the timer; the run is over. */
  clear(): void;
}

/** Starts a deadline of `ms` milliseconds of work. `elapsed` is a clock that only goes forward. */
export function startDeadline(ms: number, elapsed: () => number): Deadline {
  const stop = new AbortController();
  let left = ms;
  let since = elapsed();
  let asides = 0;
  const expire = (): void => stop.abort(OUT_OF_TIME);
  let timer: ReturnType<typeof setTimeout> | null = setTimeout(expire, left);
  const pause = (): void => {
    if (asides++ > 0 || timer === null) return;
    clearTimeout(timer);
    timer = null;
    left -= elapsed() - since;
  };
  const goOn = (): void => {
    if (--asides > 0 || stop.signal.aborted) return;
    since = elapsed();
    timer = setTimeout(expire, Math.max(0, left));
  };
  return {
    signal: stop.signal,
    aside: async (wait) => {
      pause();
      try {
        return await wait;
      } finally {
        goOn();
      }
    },
    cancel: () => stop.abort(CANCELLED),
    clear: () => {
      asides = Number.POSITIVE_INFINITY;
      if (timer) clearTimeout(timer);
    },
  };
}

const OUT_OF_TIME = new NanosError(
  "run.time",
  "The run has used its time.",
  "Give it more: limits.ms in the agent's file.",
);
const CANCELLED = new NanosError(
  "run.cancelled",
  "The run was cancelled.",
  "Run it again when you like.",
);

/** Why a signal ended something, as a failure. */
export function whyStopped(signal: AbortSignal): Failure {
  const { reason } = signal;
  const { code, message, next } = reason instanceof NanosError ? reason : CANCELLED;
  return { code, message, next };
}
