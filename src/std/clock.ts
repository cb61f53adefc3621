/**
 * The only place that reads the time. Everything else is handed a `Clock`, so that a test or a
 * replay decides what time it is.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go backwards; for durations only. */
  elapsed(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/** A clock that stands still until told otherwise. `sleep` moves it and resolves at once. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
}

/** A fake clock for tests and replays, starting at `start` (milliseconds since 1970). */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  return {
    now: () => time,
    elapsed: () => time - start,
    advance: (ms) => {
      time += ms;
    },
    sleep: async (ms) => {
      time += ms;
    },
  };
}

/** `2026-11-21` in the machine's own time zone. */
export function localDate(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
