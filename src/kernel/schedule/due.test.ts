import { expect, test } from "bun:test";
import fc from "fast-check";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { ScheduleWhen } from "../../contracts/schedule.ts";
import { type Due, dueOf } from "./due.ts";
import { momentOf, timesOf } from "./times.ts";

const at = (text: string): number => Date.parse(text);
const BERLIN = "Europe/Berlin";

interface Case {
  readonly when: ScheduleWhen;
  readonly until: string;
  readonly due?: string;
  readonly fired?: readonly string[];
  readonly now: string;
}

/** What is due of a schedule, with its times as text. */
async function check({ when, until, due, fired = [], now }: Case): Promise<unknown> {
  const began = new Set([...fired, ...(due === undefined ? [] : [due])].map(at));
  const mark = {
    until: at(until),
    due: due === undefined ? null : at(due),
    fired: (one: number) => began.has(one),
  };
  return said(dueOf(await timesOf(when), mark, at(now)));
}

function said(due: Due): unknown {
  const text = (time: number | null): string | null =>
    time === null ? null : new Date(time).toISOString().slice(0, 16);
  return due.state === "later" ? text(due.next) : [due.state, text(due.due), due.passed];
}

const DAILY = { cron: "30 2 * * *", zone: BERLIN };
const HOURLY = { cron: "0 * * * *", zone: "UTC" };

test.each<[string, Case, unknown]>([
  [
    "a time that is to come",
    { when: HOURLY, until: "2026-03-01T10:00Z", now: "2026-03-01T10:30Z" },
    "2026-03-01T11:00",
  ],
  [
    "one that came just now",
    { when: HOURLY, until: "2026-03-01T10:00Z", now: "2026-03-01T11:00Z" },
    ["now", "2026-03-01T11:00", 0],
  ],
  [
    "a timer that was a minute late is on time",
    { when: HOURLY, until: "2026-03-01T10:00Z", now: "2026-03-01T11:01Z" },
    ["now", "2026-03-01T11:00", 0],
  ],
  [
    "a machine that slept for half an hour too long",
    { when: HOURLY, until: "2026-03-01T10:00Z", now: "2026-03-01T11:30Z" },
    ["late", "2026-03-01T11:00", 1],
  ],
  [
    "one that slept for hours and woke on the minute: what passed is counted apart",
    { when: HOURLY, until: "2026-03-01T10:00Z", now: "2026-03-01T14:00Z" },
    ["now", "2026-03-01T14:00", 3],
  ],
  [
    "a year is one thing, and no more is counted than the limit",
    { when: HOURLY, until: "2026-03-01T10:00Z", now: "2027-03-01T10:30Z" },
    ["late", "2026-03-01T11:00", LIMITS.missedCounted],
  ],
  [
    "a clock put forward: the time of day that does not exist comes as much later",
    { when: DAILY, until: "2026-03-28T12:00Z", now: "2026-03-29T00:45Z" },
    "2026-03-29T01:00",
  ],
  [
    "a clock put back: the time of day that exists twice comes once",
    {
      when: DAILY,
      ...{ until: "2026-10-25T00:30Z", due: "2026-10-25T00:30Z", now: "2026-10-25T01:30Z" },
    },
    "2026-10-26T01:30",
  ],
  [
    "every hour goes on through the hour that comes twice",
    {
      when: { cron: "0 * * * *", zone: BERLIN },
      ...{ until: "2026-10-25T00:00Z", due: "2026-10-25T00:00Z", now: "2026-10-25T01:00Z" },
    },
    ["now", "2026-10-25T01:00", 0],
  ],
  [
    "a clock that was set back a little brings no time a second time",
    {
      when: HOURLY,
      ...{ until: "2026-03-01T11:00Z", due: "2026-03-01T11:00Z", now: "2026-03-01T10:59Z" },
    },
    "2026-03-01T12:00",
  ],
  [
    "one that had been a year ahead keeps nothing from coming",
    {
      when: HOURLY,
      ...{ until: "2027-03-01T11:30Z", due: "2027-03-01T11:00Z", now: "2026-03-01T11:00Z" },
    },
    "2026-03-01T12:00",
  ],
  [
    "at one moment, once",
    {
      when: { at: at("2026-03-01T11:00Z"), zone: "UTC" },
      ...{ until: "2026-03-01T11:00Z", due: "2026-03-01T11:00Z", now: "2026-03-02T11:00Z" },
    },
    null,
  ],
  [
    "two times closer than the least that lies between two are one",
    {
      when: { cron: "*/10 * * * * *", zone: "UTC" },
      ...{ until: "2026-03-01T11:00Z", due: "2026-03-01T11:00Z", now: "2026-03-01T11:00:30Z" },
    },
    "2026-03-01T11:01",
  ],
])("%s", async (_, one, expected) => {
  expect(await check(one)).toEqual(expected);
});

test.each([
  ["", "UTC"],
  ["x", "UTC"],
  ["61 * * * *", "UTC"],
  ["* * * * 8", "UTC"],
  ["* * * * * * * *", "UTC"],
  ["* * * * *", "Nowhere/None"],
  ["$(touch /tmp/x)", "UTC"],
])("%p in %p is no time", async (cron, zone) => {
  const found = await timesOf({ cron, zone }).then(
    () => null,
    (error: unknown) => error,
  );
  expect(found).toBeInstanceOf(NanosError);
  expect((found as NanosError).code).toBe("schedule.time");
});

test("a moment is typed in its zone, and nothing else is one", async () => {
  expect(await momentOf("2026-12-01T09:00", BERLIN)).toBe(at("2026-12-01T08:00Z"));
  expect(await momentOf("2026-03-29T02:30", BERLIN)).toBe(at("2026-03-29T01:30Z"));
  for (const text of ["tomorrow", "2026-13-01T09:00", "2026-12-01", "0 9 * * *"]) {
    const found = await momentOf(text, BERLIN).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(NanosError);
  }
});

test("a day that never comes is none, and is found out soon", async () => {
  expect((await timesOf({ cron: "0 0 31 2 *", zone: "UTC" })).next(0)).toBeNull();
});

test("however the clock goes, no time begins two runs and two runs keep their distance", async () => {
  const times = await timesOf({ cron: "*/7 * * * *", zone: BERLIN });
  const start = at("2026-10-24T22:00Z");
  const jump = fc.integer({ min: -7_200_000, max: 7_200_000 });
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 60 }), (jumps) => {
      const began = new Set<number>();
      let mark: { until: number; due: number | null } = { until: start, due: null };
      let now = start;
      for (const by of jumps) {
        now += by;
        const due = dueOf(times, { ...mark, fired: (one) => began.has(one) }, now);
        if (due.state === "later") continue;
        expect(began.has(due.due)).toBe(false);
        expect(due.due).toBeLessThanOrEqual(now);
        if (mark.due !== null && mark.due <= now) {
          expect(due.due - mark.due).toBeGreaterThanOrEqual(LIMITS.scheduleGapMs);
        }
        began.add(due.due);
        mark = { until: due.state === "now" ? due.due : now, due: due.due };
      }
    }),
  );
});
