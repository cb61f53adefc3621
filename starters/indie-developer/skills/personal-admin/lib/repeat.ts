/** How an appointment repeats (RRULE of RFC 5545), as far as calendars people keep make use of it. */
export interface Repeating {
  readonly every: "day" | "week" | "month" | "year";
  readonly interval: number;
  /** How often in all; absent without an end of that kind. */
  readonly count?: number;
  /** The last day it may fall on. */
  readonly until?: string;
  /** Days of the week, 0 for Monday; `nth` of the month, from its end where negative. */
  readonly weekdays: readonly { readonly day: number; readonly nth?: number }[];
  /** Days of the month, from its end where negative. */
  readonly days: readonly number[];
  /** 1 to 12. */
  readonly months: readonly number[];
  /** The day a week begins with, 0 for Monday. */
  readonly weekStart: number;
}

const FREQUENCIES = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" } as const;
const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const MOST_COUNT = 10_000;
const MOST_INTERVAL = 10_000;
const MOST_LIST = 62;

/** What a rule says; null for one that is not read here. */
export function ruleIn(text: string): Repeating | null {
  const parts = new Map<string, string>();
  for (const part of text.trim().toUpperCase().split(";")) {
    const [name = "", value = ""] = part.split("=", 2);
    if (!KNOWN.has(name) || value === "" || parts.has(name)) return null;
    parts.set(name, value);
  }
  const frequency = parts.get("FREQ") ?? "";
  if (!Object.hasOwn(FREQUENCIES, frequency)) return null;
  const every = FREQUENCIES[frequency as keyof typeof FREQUENCIES];
  const interval = numberIn(parts.get("INTERVAL") ?? "1", 1, MOST_INTERVAL);
  const count = numberIn(parts.get("COUNT") ?? "1", 1, MOST_COUNT);
  const until = /^(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?$/u.exec(parts.get("UNTIL") ?? "19700101");
  const weekdays = listOf(parts, "BYDAY", weekdayIn);
  const days = listOf(parts, "BYMONTHDAY", (one) => numberIn(one, -31, 31) || null);
  const months = listOf(parts, "BYMONTH", (one) => numberIn(one, 1, 12));
  const weekStart = WEEKDAYS.indexOf(parts.get("WKST") ?? "MO");
  if (!interval || !count || !until || !weekdays || !days || !months || weekStart < 0) return null;
  const rule: Repeating = {
    ...{ every, interval, weekdays, days, months, weekStart },
    ...(parts.has("COUNT") ? { count } : {}),
    ...(parts.has("UNTIL") ? { until: until.slice(1).join("-") } : {}),
  };
  return isRead(rule) ? rule : null;
}

const KNOWN = new Set([
  ...["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"],
]);

/** What is rare is left out rather than read wrongly. */
function isRead({ every, weekdays, days, months, count, until }: Repeating): boolean {
  const isOfMonths = every === "month" || every === "year";
  if (count !== undefined && until !== undefined) return false;
  if (weekdays.length > 0 && days.length > 0) return false;
  if (!isOfMonths) return days.length === 0 && weekdays.every(({ nth }) => nth === undefined);
  // Counted in the year: the twentieth Monday.
  return every === "month" || months.length > 0 || (weekdays.length === 0 && days.length === 0);
}

function listOf<T>(
  parts: ReadonlyMap<string, string>,
  name: string,
  read: (one: string) => T | null,
): readonly T[] | null {
  const all = parts.get(name)?.split(",") ?? [];
  const list = all.map(read);
  return list.length > MOST_LIST || list.includes(null) ? null : (list as T[]);
}

function weekdayIn(text: string): Repeating["weekdays"][number] | null {
  const [, nth, name = ""] = /^([+-]?\d)?([A-Z]{2})$/u.exec(text) ?? [];
  const day = WEEKDAYS.indexOf(name);
  if (day < 0) return null;
  if (nth === undefined) return { day };
  const number = Number(nth);
  return number === 0 || Math.abs(number) > 5 ? null : { day, nth: number };
}

function numberIn(text: string, least: number, most: number): number | null {
  const number = /^[+-]?\d{1,5}$/u.test(text) ? Number(text) : Number.NaN;
  return number >= least && number <= most ? number : null;
}

/** Days are whole numbers since 1970, so that no time zone has a say. */
const DAY_MS = 86_400_000;
export const dayOf = (date: string): number => Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
/** False for the 31st of February, which some take for the 3rd of March. */
export const isDay = (date: string): boolean =>
  !Number.isNaN(dayOf(date)) && dateOf(dayOf(date)) === date;
/** 0 for Monday; the first of January 1970 was a Thursday. */
const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

/**
 * The days it falls on, from `first` to `last`, in order; its own first day is always one of them.
 * What is left out (`except`) was one all the same where they are counted.
 */
export function daysOf(
  start: string,
  rule: Repeating,
  { first, last, except }: { first: string; last: string; except: ReadonlySet<string> },
): string[] {
  const begin = dayOf(start);
  if (!isDay(start)) return [];
  const end = Math.min(
    dayOf(last),
    rule.until === undefined ? Number.MAX_VALUE : dayOf(rule.until),
  );
  const from = dayOf(first);
  const found: number[] = [];
  let left = rule.count ?? Number.MAX_VALUE;
  const take = (day: number): void => {
    if (left > 0 && day >= from && day <= end) found.push(day);
    left -= 1;
  };
  take(begin);
  // Where nobody counts, what lies long before the days that are asked for is passed over.
  const skipped = rule.count === undefined ? periodsBefore(begin, from, rule) : 0;
  for (let n = skipped, steps = 0; left > 0 && steps < MOST_STEPS; n++, steps++) {
    const { opens, days } = period(begin, n, rule);
    if (opens > end) break;
    for (const day of days) if (day > begin) take(day);
  }
  return found.map(dateOf).filter((date) => !except.has(date));
}

/** More periods than a counted rule needs; one with no day at all ends here. */
const MOST_STEPS = 50_000;

/** How many periods end before a day for certain. */
function periodsBefore(begin: number, from: number, { every, interval }: Repeating): number {
  const longest = { day: 1, week: 7, month: 31, year: 366 }[every] * interval;
  return Math.max(0, Math.floor((from - begin) / longest) - 1);
}

/** The days of the rule's nth day, week, month or year, in order, and the first day it could have. */
function period(
  begin: number,
  n: number,
  rule: Repeating,
): { readonly opens: number; readonly days: readonly number[] } {
  const { every, interval, weekdays, months, weekStart } = rule;
  const far = n * interval;
  const start = new Date(begin * DAY_MS);
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
  switch (every) {
    case "day": {
      const day = begin + far;
      const isIn = weekdays.length === 0 || weekdays.some((one) => one.day === weekdayOf(day));
      return { opens: day, days: isIn && isInMonths(day, months) ? [day] : [] };
    }
    case "week": {
      const own = (weekdayOf(begin) - weekStart + 7) % 7;
      const monday = begin - own + far * 7;
      const wanted =
        weekdays.length === 0 ? [own] : weekdays.map(({ day }) => (day - weekStart + 7) % 7);
      const days = [...new Set(wanted)].toSorted((a, b) => a - b).map((one) => monday + one);
      return { opens: monday, days: days.filter((day) => isInMonths(day, months)) };
    }
    case "month": {
      const opens = firstOf(year, month + far);
      return { opens, days: isInMonths(opens, months) ? daysInMonth(opens, begin, rule) : [] };
    }
    case "year": {
      const all = months.length === 0 ? [month] : [...new Set(months)].map((one) => one - 1);
      const opens = all.toSorted((a, b) => a - b).map((one) => firstOf(year + far, one));
      return {
        opens: opens[0] ?? begin,
        days: opens.flatMap((one) => daysInMonth(one, begin, rule)),
      };
    }
  }
}

function isInMonths(day: number, months: readonly number[]): boolean {
  return months.length === 0 || months.includes(new Date(day * DAY_MS).getUTCMonth() + 1);
}

function firstOf(year: number, month: number): number {
  return Math.floor(Date.UTC(year, month, 1) / DAY_MS);
}

/** The days of one month, in order: by day of the week, by number, or the number it began with. */
function daysInMonth(opens: number, begin: number, { weekdays, days }: Repeating): number[] {
  const month = new Date(opens * DAY_MS);
  const length = firstOf(month.getUTCFullYear(), month.getUTCMonth() + 1) - opens;
  const numbers = days.length > 0 ? days : [new Date(begin * DAY_MS).getUTCDate()];
  const found =
    weekdays.length > 0
      ? weekdays.flatMap((one) => ofWeekday(opens, length, one))
      : numbers.map((one) => (one > 0 ? one : length + 1 + one));
  const inside = found.filter((one) => one >= 1 && one <= length);
  return [...new Set(inside)].toSorted((a, b) => a - b).map((one) => opens + one - 1);
}

function ofWeekday(
  opens: number,
  length: number,
  { day, nth }: Repeating["weekdays"][number],
): number[] {
  const first = 1 + ((day - weekdayOf(opens) + 7) % 7);
  const all = [0, 1, 2, 3, 4].map((week) => first + 7 * week).filter((one) => one <= length);
  if (nth === undefined) return all;
  const one = all.at(nth > 0 ? nth - 1 : nth);
  return one === undefined ? [] : [one];
}
