import { NanosError } from "../../std/error.ts";
import type { Failure } from "../../contracts/outcome.ts";

/**
 * A run's time: it stands still while the operator is asked, for the run, the runs it delegated to
 * and the calls under way alike. Every limit of time inside a run goes by it.
 */
export interface Watch {
  /** Milliseconds of work so far. */
  elapsed(): number;
  /** Waits for something that does not count as work. */
  aside<T>(wait: Promise<T>): Promise<T>;
  /** Aborts with `over` after so many milliseconds of work. */
  limit(ms: number, over: NanosError): Limit;
}

/** Something that may be stopped: by its time, or before. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Stops it now. */
  stop(why: unknown): void;
  /** Lets go of the timer; what it bounds is over. */
  clear(): void;
}

/** Starts a watch. `clock` is milliseconds that only go forward. */
export function startWatch(clock: () => number): Watch {
  const running = new Set<Timed>();
  let worked = 0;
  let since = clock();
  let asides = 0;
  const elapsed = (): number => (asides > 0 ? worked : worked + clock() - since);
  const pause = (): void => {
    worked = elapsed();
    asides += 1;
    for (const timed of running) clearTimeout(timed.timer);
  };
  const goOn = (): void => {
    asides -= 1;
    if (asides > 0) return;
    since = clock();
    for (const timed of running) arm(timed, worked);
  };
  return {
    elapsed,
    aside: async (wait) => {
      pause();
      try {
        return await wait;
      } finally {
        goOn();
      }
    },
    limit: (ms, over) => {
      const control = new AbortController();
      const timed: Timed = { due: elapsed() + ms, stop: () => control.abort(over) };
      running.add(timed);
      if (asides === 0) arm(timed, elapsed());
      const clear = (): void => {
        running.delete(timed);
        clearTimeout(timed.timer);
      };
      return { signal: control.signal, stop: (why) => control.abort(why), clear };
    },
  };
}

interface Timed {
  /** Milliseconds of work at which it is over. */
  readonly due: number;
  readonly stop: () => void;
  timer?: ReturnType<typeof setTimeout>;
}

function arm(timed: Timed, worked: number): void {
  timed.timer = setTimeout(timed.stop, Math.min(Math.max(0, timed.due - worked), LONGEST));
}

/** A timer holds 31 bits of milliseconds, which is 24 days; a longer one would fire at once. */
const LONGEST = 2 ** 31 - 1;

/** Why a run ends when its time is used up. */
export const OUT_OF_TIME = new NanosError(
  "run.time",
  "The run has used its time.",
  "Give it more: limits.ms in the agent's file.",
);

/** Why a run ends when the operator stops it. */
export const CANCELLED = new NanosError(
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

/**
 * What a part promised, or `fallback` once the signal has been given and the part has had its
 * moment: a part that ignores it must not hold the run up.
 */
export async function unlessStopped<T>(
  promised: Promise<T>,
  signal: AbortSignal,
  ms: number,
  fallback: () => T,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let listen = (): void => undefined;
  const stopped = new Promise<T>((resolve) => {
    listen = () => {
      timer = setTimeout(() => resolve(fallback()), ms);
    };
    if (signal.aborted) listen();
    else signal.addEventListener("abort", listen, { once: true });
  });
  try {
    return await Promise.race([promised, stopped]);
  } finally {
    signal.removeEventListener("abort", listen);
    clearTimeout(timer);
  }
}
