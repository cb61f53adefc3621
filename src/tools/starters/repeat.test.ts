import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { appointmentsOn } from "../../../starters/indie-developer/skills/personal-admin/lib/ics.ts";
import {
  dateOf,
  dayOf,
  daysOf,
  type Repeating,
  ruleIn,
} from "../../../starters/indie-developer/skills/personal-admin/lib/repeat.ts";

/** The days of a rule from its start, up to the end of 2027. */
function days(start: string, text: string, first = start): string[] {
  const rule = ruleIn(text);
  if (rule === null) throw new Error(`not read: ${text}`);
  return daysOf(start, rule, { first, last: "2027-12-31", except: new Set() });
}

describe("a rule by which something repeats", () => {
  const cases: [start: string, rule: string, days: string][] = [
    ["2026-11-20", "FREQ=DAILY;COUNT=3", "11-20 11-21 11-22"],
    ["2026-11-20", "FREQ=DAILY;INTERVAL=10;UNTIL=20261210T235959Z", "11-20 11-30 12-10"],
    ["2026-11-20", "FREQ=DAILY;BYDAY=MO;COUNT=3", "11-20 11-23 11-30"],
    ["2026-11-23", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", "11-23 11-25 11-30 12-02"],
    ["2026-11-24", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=4", "11-24 11-29 12-08 12-13"],
    ["2026-11-24", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=4", "11-24 12-06 12-08 12-20"],
    ["2026-01-31", "FREQ=MONTHLY;COUNT=4", "01-31 03-31 05-31 07-31"],
    ["2026-01-09", "FREQ=MONTHLY;BYDAY=2FR;COUNT=3", "01-09 02-13 03-13"],
    ["2026-01-30", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "01-30 02-27 03-27"],
    ["2026-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "01-31 02-28 03-31"],
    ["2026-03-29", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=1", "03-29"],
    ["2026-11-26", "FREQ=YEARLY;UNTIL=20271231", "11-26 2027-11-26"],
  ];
  test.each(cases)("from %s by %s", (start, rule, wanted) => {
    const full = wanted.split(" ").map((day) => (day.length === 5 ? `2026-${day}` : day));
    expect(days(start, rule)).toEqual(full);
  });

  test("of leap days falls on leap days", () => {
    const rule = ruleIn("FREQ=YEARLY") as Repeating;
    const given = { first: "2024-01-01", last: "2032-12-31", except: new Set<string>() };
    expect(daysOf("2024-02-29", rule, given)).toEqual(["2024-02-29", "2028-02-29", "2032-02-29"]);
  });

  test.each([
    "",
    "FREQ=HOURLY",
    "FREQ=__proto__",
    "FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=WEEKLY;BYDAY=1MO",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;COUNT=99999",
    "FREQ=DAILY;COUNT=2;UNTIL=20261231",
    "FREQ=DAILY;FREQ=WEEKLY",
    "FREQ=MONTHLY;BYMONTHDAY=0",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    `FREQ=MONTHLY;BYMONTHDAY=${Array.from({ length: 100 }, () => "1").join(",")}`,
  ])("that is not read here is none: %s", (text) => expect(ruleIn(text)).toBeNull());
});

const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const date = fc.integer({ min: dayOf("2020-01-01"), max: dayOf("2027-12-31") }).map(dateOf);
const some = fc.subarray(WEEKDAYS, { minLength: 1 });
const rules = fc
  .record({
    how: fc.oneof(
      fc.constantFrom("FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"),
      some.map((all) => `FREQ=WEEKLY;BYDAY=${all.join(",")}`),
      some.map((all) => `FREQ=DAILY;BYDAY=${all.join(",")}`),
      fc.integer({ min: 1, max: 31 }).map((day) => `FREQ=MONTHLY;BYMONTHDAY=${day}`),
      some.map((all) => `FREQ=MONTHLY;BYDAY=${all.join(",")}`),
    ),
    interval: fc.integer({ min: 1, max: 9 }),
    end: fc.oneof(
      fc.constant(""),
      fc.integer({ min: 1, max: 40 }).map((count) => `;COUNT=${count}`),
      date.map((day) => `;UNTIL=${day.replaceAll("-", "")}`),
    ),
  })
  .map(({ how, interval, end }) => `${how};INTERVAL=${interval}${end}`);

/** The slow way: day after day, is this one? It shares nothing with what is tried. */
function slowly(
  start: string,
  text: string,
  { first, last }: { first: string; last: string },
): string[] {
  const parts = new Map(text.split(";").map((part) => part.split("=") as [string, string]));
  const at = (day: string): Date => new Date(`${day}T00:00:00Z`);
  const name = (day: Date): string => WEEKDAYS[(day.getUTCDay() + 6) % 7] ?? "";
  const begun = at(start);
  const every = Number(parts.get("INTERVAL"));
  const byDay = parts.get("BYDAY")?.split(",");
  const week = (day: Date): number =>
    Math.floor((day.getTime() / 86_400_000 - ((day.getUTCDay() + 6) % 7) + 3) / 7);
  const isOne = (day: Date): boolean => {
    const months =
      (day.getUTCFullYear() - begun.getUTCFullYear()) * 12 +
      day.getUTCMonth() -
      begun.getUTCMonth();
    const number = Number(parts.get("BYMONTHDAY") ?? begun.getUTCDate());
    const isWanted = byDay?.includes(name(day));
    switch (parts.get("FREQ")) {
      case "DAILY":
        return ((day.getTime() - begun.getTime()) / 86_400_000) % every === 0 && isWanted !== false;
      case "WEEKLY":
        return (week(day) - week(begun)) % every === 0 && (isWanted ?? name(day) === name(begun));
      case "MONTHLY":
        return months % every === 0 && (isWanted ?? day.getUTCDate() === number);
      default:
        return months % (12 * every) === 0 && day.getUTCDate() === begun.getUTCDate();
    }
  };
  const until = parts.get("UNTIL") ?? "99991231";
  let left = Number(parts.get("COUNT") ?? Number.POSITIVE_INFINITY);
  const found: string[] = [];
  for (
    const day = at(start);
    day.toISOString().slice(0, 10) <= last;
    day.setUTCDate(day.getUTCDate() + 1)
  ) {
    const text = day.toISOString().slice(0, 10);
    if (text !== start && !isOne(day)) continue;
    if (left-- > 0 && text >= first && text.replaceAll("-", "") <= until) found.push(text);
  }
  return found;
}

test("the days found are those that looking at every day finds, wherever one begins to look", () => {
  fc.assert(
    fc.property(date, rules, date, fc.integer({ min: 0, max: 500 }), (start, text, first, more) => {
      const rule = ruleIn(text);
      const given = { first, last: dateOf(dayOf(first) + more) };
      expect(rule && daysOf(start, rule, { ...given, except: new Set() })).toEqual(
        slowly(start, text, given),
      );
    }),
  );
});

test("any text is a rule or none, and has no more days than there are", () => {
  const part = fc.constantFrom(
    "FREQ=DAILY",
    "FREQ=YEARLY",
    "INTERVAL=9999",
    "COUNT=10000",
    "BYMONTH=2",
    "WKST=SU",
    "BYDAY=5MO",
    "X",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((all) => all.join(";")),
      ),
      date,
      (text, start) => {
        const rule = ruleIn(text);
        const given = { first: "2026-01-01", last: "2026-12-31", except: new Set<string>() };
        if (rule) expect(daysOf(start, rule, given).length).toBeLessThanOrEqual(365);
      },
    ),
  );
});

describe("a calendar of another program", () => {
  const event = (...lines: string[]): string =>
    ["BEGIN:VEVENT", ...lines, "END:VEVENT", ""].join("\r\n");
  const on = (text: string): string[] =>
    appointmentsOn(text, "2026-11-01", "2026-12-31").map(
      ({ date: day, title }) => `${day} ${title}`,
    );

  test("has days left out, added, moved and cancelled", () => {
    const text = [
      event(
        "UID:a",
        "DTSTART;TZID=Europe/Berlin:20261102T090000",
        "RRULE:FREQ=WEEKLY;COUNT=5",
        "SUMMARY:Call",
        "EXDATE;TZID=Europe/Berlin:20261109T090000",
        "RDATE:20261111T090000,20270101T090000",
      ),
      event(
        "UID:a",
        "RECURRENCE-ID:20261116T090000",
        "DTSTART:20261117T100000",
        "SUMMARY:Call, moved",
      ),
      event(
        "UID:a",
        "RECURRENCE-ID:20261123T090000",
        "DTSTART:20261123T090000",
        "STATUS:CANCELLED",
      ),
    ].join("");
    expect(on(text)).toEqual([
      "2026-11-02 Call",
      "2026-11-11 Call",
      "2026-11-30 Call",
      "2026-11-17 Call, moved",
    ]);
  });

  test("that repeats in a way that is not read is said with its rule, on its first day", () => {
    const text = event(
      "DTSTART:20261102",
      "RRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
      "SUMMARY:Pay",
    );
    expect(appointmentsOn(text, "2026-11-01", "2026-12-31")).toEqual([
      {
        date: "2026-11-02",
        title: "Pay",
        repeats: true,
        unread: "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1",
      },
    ]);
  });

  test("with a day there is not, or an alarm within, is read as far as it goes", () => {
    expect(on(event("DTSTART:20260231", "RRULE:FREQ=DAILY", "SUMMARY:never"))).toEqual([]);
    const alarm = ["BEGIN:VALARM", "SUMMARY:soon", "RRULE:FREQ=DAILY", "END:VALARM"];
    expect(on(event(...alarm, "DTSTART:20261105", "SUMMARY:once"))).toEqual(["2026-11-05 once"]);
  });
});
