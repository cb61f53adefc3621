import { LIMITS } from "../../std/limits.ts";
import type { ScheduleWhen } from "../../contracts/schedule.ts";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";

/** When something's time comes. */
export interface Times {
  /** The first time after `after`, both in milliseconds since 1970; null when none comes. */
  next(after: number): number | null;
}

/**
 * The times of an expression in a time zone, or a single one. Where a clock is put forward a time of
 * day that does not exist comes as much later; where it is put back, one that exists twice comes once.
 *
 * @throws NanosError `schedule.time` for what is no time.
 */
export async function timesOf(when: ScheduleWhen | { readonly cron: string }): Promise<Times> {
  if ("at" in when) {
    const { at } = when;
    return { next: (after) => (at > after ? at : null) };
  }
  const { Cron } = await import("croner");
  const zone = "zone" in when ? { timezone: when.zone } : {};
  try {
    const job = new Cron(when.cron, { mode: "auto", paused: true, ...zone });
    const next = (after: number): number | null => job.nextRun(new Date(after))?.getTime() ?? null;
    // A zone there is none of is found out when it is asked for a time.
    next(0);
    return { next };
  } catch (error) {
    throw noTime(when.cron, "zone" in when ? when.zone : "", error);
  }
}

/** One moment as it is typed: `2026-12-01T09:00` in the zone. @throws NanosError `schedule.time`. */
export async function momentOf(text: string, zone: string): Promise<number> {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?$/u.test(text)) {
    const whole = text.length === 16 ? `${text}:00` : text;
    const at = (await timesOf({ cron: whole, zone })).next(0);
    if (at !== null) return at;
  }
  throw noTime(text, zone, null);
}

function noTime(text: string, zone: string, cause: unknown): NanosError {
  const where = zone === "" ? "" : ` in the time zone ${plainText(zone)}`;
  return new NanosError(
    "schedule.time",
    `${plainText(text)} is no time${where}.`,
    "Write five fields, 0 9 * * 1-5, or a moment, 2026-12-01T09:00, and a zone as Europe/Berlin.",
    cause,
  );
}

/**
 * Resolves when the clock shows this time, or the signal aborts. It is looked at in between: a timer
 * does not run while the machine sleeps, and a clock may be set.
 */
export async function waitUntil(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && clock.now() < time) {
    await clock.sleep(Math.min(time - clock.now(), LIMITS.scheduleLookMs), signal);
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
