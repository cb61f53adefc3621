/** Appointments as calendar programs keep them (iCalendar, RFC 5545), as far as they are needed here. */
export interface Appointment {
  /** `2026-01-31`. */
  readonly date: string;
  /** `14:00`; absent where it is the whole day. */
  readonly time?: string;
  readonly title: string;
  readonly place?: string;
  /** It repeats; `date` is the first of it. */
  readonly repeats?: true;
}

const MOST_LINES = 200_000;

/** The appointments in a file, in its order. What cannot be read as one is left out. */
export function appointmentsIn(text: string): Appointment[] {
  const found: Appointment[] = [];
  let fields: Map<string, string> | null = null;
  for (const line of unfolded(text).slice(0, MOST_LINES)) {
    if (line === "BEGIN:VEVENT") fields = new Map();
    else if (line === "END:VEVENT") {
      const one = fields === null ? null : appointment(fields);
      if (one !== null) found.push(one);
      fields = null;
    } else if (fields !== null) {
      const cut = line.indexOf(":");
      const name = line.slice(0, cut).split(";", 1)[0] ?? "";
      if (cut > 0 && !fields.has(name)) fields.set(name, line.slice(cut + 1));
    }
  }
  return found;
}

function appointment(fields: ReadonlyMap<string, string>): Appointment | null {
  const start = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2}))?/u.exec(fields.get("DTSTART") ?? "");
  if (start === null) return null;
  const [, year, month, day, hour, minute] = start;
  const place = plain(fields.get("LOCATION") ?? "");
  return {
    date: `${year}-${month}-${day}`,
    ...(hour === undefined ? {} : { time: `${hour}:${minute}` }),
    title: plain(fields.get("SUMMARY") ?? "") || "(no title)",
    ...(place === "" ? {} : { place }),
    ...(fields.has("RRULE") ? { repeats: true as const } : {}),
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
export function withAppointment(there: string | null, one: Appointment, stamp: string): string {
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
    `SUMMARY:${escaped(title)}`,
    ...(place === undefined ? [] : [`LOCATION:${escaped(place)}`]),
    "END:VEVENT",
  ];
  return `${text.slice(0, end)}${lines.map((line) => `${folded(line)}\r\n`).join("")}${text.slice(end)}`;
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
