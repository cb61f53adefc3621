import { daysOf, ruleIn } from "./repeat.ts";

/** Appointments as calendar programs keep them (iCalendar, RFC 5545), as far as they are needed here. */
export interface Appointment {
  /** `2026-01-31`. */
  readonly date: string;
  /** `14:00`; absent where it is the whole day. */
  readonly time?: string;
  readonly title: string;
  readonly place?: string;
  /** It repeats; `date` is the first of it, or one of its days in a list of days. */
  readonly repeats?: true;
  /** The rule it repeats by, where that is not read here: only its first day is known. */
  readonly unread?: string;
}

/** How an appointment that is written repeats. */
export interface Repeats {
  readonly every: "day" | "week" | "month" | "year";
  readonly until?: string;
}

const MOST_LINES = 200_000;

/** An appointment as its file has it: one of a kind, or the first of those it repeats as. */
interface Entry {
  readonly one: Appointment;
  readonly uid: string;
  readonly rule: string;
  /** Days on which it is not, and on which it is beside those of its rule. */
  readonly except: readonly string[];
  readonly also: readonly string[];
  /** The day of the one among those that repeat which it stands for. */
  readonly instead: string | null;
  readonly cancelled: boolean;
}

/** The appointments in a file, in its order. What cannot be read as one is left out. */
export function appointmentsIn(text: string): Appointment[] {
  return entriesIn(text).map(({ one }) => one);
}

/** The appointments on these days, each day of those that repeat by itself, at most so many of each. */
export function appointmentsOn(text: string, first: string, last: string): Appointment[] {
  const entries = entriesIn(text);
  const moved = new Map<string, string[]>();
  for (const { uid, instead } of entries) {
    if (uid !== "" && instead !== null) moved.set(uid, [...(moved.get(uid) ?? []), instead]);
  }
  return entries.flatMap((entry) => {
    if (entry.cancelled) return [];
    const { one, uid, rule, also, instead } = entry;
    const except = new Set([...entry.except, ...(instead === null ? (moved.get(uid) ?? []) : [])]);
    const read = rule === "" || instead !== null ? null : ruleIn(rule);
    const days = read ? daysOf(one.date, read, { first, last, except }) : [one.date];
    const all = [...new Set([...days, ...also])].toSorted();
    return all
      .filter((date) => date >= first && date <= last && !except.has(date))
      .map((date) => ({
        ...one,
        date,
        ...(rule !== "" && !read && { unread: rule.slice(0, 100) }),
      }));
  });
}

function entriesIn(text: string): Entry[] {
  const found: Entry[] = [];
  let fields: Map<string, string[]> | null = null;
  let inner = 0;
  for (const line of unfolded(text).slice(0, MOST_LINES)) {
    if (line === "BEGIN:VEVENT") [fields, inner] = [new Map(), 0];
    else if (line === "END:VEVENT") {
      const one = fields === null ? null : entry(fields);
      if (one !== null) found.push(one);
      fields = null;
    } else if (fields === null) continue;
    else if (line.startsWith("BEGIN:")) inner += 1;
    else if (line.startsWith("END:")) inner -= 1;
    else if (inner === 0) {
      const cut = line.indexOf(":");
      const name = line.slice(0, cut).split(";", 1)[0] ?? "";
      const values = fields.get(name) ?? [];
      if (cut > 0 && values.length < MOST_VALUES)
        fields.set(name, [...values, line.slice(cut + 1)]);
    }
  }
  return found;
}

const MOST_VALUES = 400;

function entry(fields: ReadonlyMap<string, readonly string[]>): Entry | null {
  const of = (name: string): string => fields.get(name)?.[0] ?? "";
  const one = appointment(of);
  if (one === null) return null;
  const days = (name: string): string[] =>
    (fields.get(name) ?? []).flatMap((value) =>
      value.split(",").flatMap((text) => dayIn(text) ?? []),
    );
  return {
    ...{ one, uid: of("UID"), rule: of("RRULE"), except: days("EXDATE"), also: days("RDATE") },
    instead: dayIn(of("RECURRENCE-ID")),
    cancelled: of("STATUS").trim().toUpperCase() === "CANCELLED",
  };
}

function dayIn(text: string): string | null {
  const found = /^(\d{4})(\d{2})(\d{2})/u.exec(text.trim());
  return found === null ? null : found.slice(1).join("-");
}

function appointment(of: (name: string) => string): Appointment | null {
  const start = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2}))?/u.exec(of("DTSTART"));
  if (start === null) return null;
  const [, year, month, day, hour, minute] = start;
  const place = plain(of("LOCATION"));
  return {
    date: `${year}-${month}-${day}`,
    ...(hour === undefined ? {} : { time: `${hour}:${minute}` }),
    title: plain(of("SUMMARY")) || "(no title)",
    ...(place === "" ? {} : { place }),
    ...(of("RRULE") === "" ? {} : { repeats: true as const }),
  };
}

/** A long line goes on in the next one, which then begins with a space. */
function unfolded(text: string): string[] {
  return text.replace(/\r?\n[ \t]/gu, "").split(/\r?\n/u);
}

function plain(text: string): string {
  return text
    .replace(/\\([nN,;\\])/gu, (_, mark: string) => (/n/iu.test(mark) ? " " : mark))
    .trim();
}

/** The file with one appointment more; a file that is not there yet is made. */
export function withAppointment(
  there: string | null,
  one: Appointment,
  { stamp, repeats }: { readonly stamp: string; readonly repeats?: Repeats | undefined },
): string {
  const text =
    there ??
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//NanoOS//personal-admin//EN\r\nEND:VCALENDAR\r\n";
  const end = text.lastIndexOf("END:VCALENDAR");
  if (end === -1)
    throw new Error("calendar/nanos.ics is no calendar. Put it right, or move it away.");
  const { date, time, title, place } = one;
  const day = date.replaceAll("-", "");
  const start = time === undefined ? `;VALUE=DATE:${day}` : `:${day}T${time.replace(":", "")}00`;
  const lines = [
    "BEGIN:VEVENT",
    `UID:${uidOf(one)}`,
    `DTSTAMP:${stamp}`,
    `DTSTART${start}`,
    ...(repeats === undefined ? [] : [`RRULE:${ruleOf(repeats)}`]),
    `SUMMARY:${escaped(title)}`,
    ...(place === undefined ? [] : [`LOCATION:${escaped(place)}`]),
    "END:VEVENT",
  ];
  return `${text.slice(0, end)}${lines.map((line) => `${folded(line)}\r\n`).join("")}${text.slice(end)}`;
}

const FREQUENCIES = { day: "DAILY", week: "WEEKLY", month: "MONTHLY", year: "YEARLY" } as const;

function ruleOf({ every, until }: Repeats): string {
  const end = until === undefined ? "" : `;UNTIL=${until.replaceAll("-", "")}`;
  return `FREQ=${FREQUENCIES[every]}${end}`;
}

/** Whether it is there already, as it would be written. */
export function hasAppointment(there: string, { date, time, title }: Appointment): boolean {
  return appointmentsIn(there).some(
    (one) => one.date === date && one.time === time && one.title === title.trim(),
  );
}

function uidOf({ date, time = "", title }: Appointment): string {
  const words = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .slice(0, 40);
  return `${date}${time.replace(":", "")}-${words}@nanos`;
}

function escaped(text: string): string {
  return text
    .trim()
    .replace(/[\\;,]/gu, "\\$&")
    .replace(/\r?\n/gu, "\\n");
}

/** At most 75 bytes a line, as the format wants it. */
function folded(line: string): string {
  const parts: string[] = [];
  let part = "";
  for (const letter of line) {
    if (Buffer.byteLength(part + letter) > 73) {
      parts.push(part);
      part = "";
    }
    part += letter;
  }
  return [...parts, part].join("\r\n ");
}
