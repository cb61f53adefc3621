import type { Clock } from "../../std/clock.ts";

/** A clock that stands still until it is set. */
export interface Hand extends Clock {
  /** Sets the clock, and wakes whoever slept until then. */
  set(time: number): void;
}

export function handClock(start: number): Hand {
  let time = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => time,
    elapsed: () => time - start,
    set: (to) => {
      time = to;
      for (const one of sleepers) if (one.at <= time) one.wake();
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const one = { at: time + ms, wake: () => done() };
        const done = (): void => {
          sleepers.delete(one);
          resolve();
        };
        sleepers.add(one);
        signal?.addEventListener("abort", done, { once: true });
      }),
  };
}
