import { tool, z } from "nanos/tool";
import { calendarsIn } from "../lib/folder.ts";
import { type Appointment, appointmentsOn } from "../lib/ics.ts";

const DAY_MS = 86_400_000;
const MOST = 200;

export default tool({
  name: "calendar_list",
  description:
    "Lists the appointments of some days, today and the six after it where nothing is said.",
  input: z.object({
    from: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/u)
      .optional()
      .describe("The first day, e.g. 2026-11-21."),
    days: z.number().int().min(1).max(366).optional().describe("How many days."),
  }),
  scopes: ["read:./calendar"],
  returns: { integrity: "directory" },
  args: { from: "control", days: "control" },
  repeatable: true,
  run({ from, days = 7 }, ctx) {
    const first = from ?? ctx.today;
    const last = new Date(Date.parse(first) + (days - 1) * DAY_MS).toISOString().slice(0, 10);
    const appointments = calendarsIn(ctx.path("calendar"))
      .flatMap(({ text }) => appointmentsOn(text, first, last))
      .toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)))
      .slice(0, MOST);
    const when = first === last ? `on ${first}` : `from ${first} to ${last}`;
    const text =
      appointments.length === 0 ? `Nothing ${when}.` : appointments.map(lineOf).join("\n");
    return { appointments, text };
  },
});

function keyOf({ date, time = "", title }: Appointment): string {
  return `${date} ${time} ${title}`;
}

function lineOf({ date, time, title, place, repeats, unread }: Appointment): string {
  const how =
    unread === undefined
      ? repeats && "repeats"
      : `repeats by ${unread}, which is not read here: this is the first, look up the others`;
  const more = [place, how].filter(Boolean).join("; ");
  return `${date}${time === undefined ? "" : ` ${time}`}  ${title}${more === "" ? "" : ` (${more})`}`;
}
