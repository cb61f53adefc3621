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

/** The machine's own time zone, by its IANA name. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * When the day of a time began in a zone, to the quarter of an hour: days of 23 and 25 hours and
 * those without a midnight have their own beginning.
 */
export function dayStart(at: number, zone: string): number {
  const dateOf = dates(zone);
  const today = dateOf.format(at);
  let [before, after] = [Math.floor(at / QUARTER_MS) - 104, Math.floor(at / QUARTER_MS)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateOf.format(middle * QUARTER_MS) === today) after = middle;
    else before = middle;
  }
  return after * QUARTER_MS;
}

/** All zones' days begin on one of these. */
export const QUARTER_MS = 900_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function dates(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone) ?? new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  formats.set(zone, known);
  return known;
}
