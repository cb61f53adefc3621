import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, tool, z } from "nanos/tool";
import { calendarsIn } from "../lib/folder.ts";
import { isDay } from "../lib/repeat.ts";
import { type Appointment, hasAppointment, type Repeats, withAppointment } from "../lib/ics.ts";

const OWN = "nanos.ics";

export default tool({
  name: "calendar_add",
  description: "Writes an appointment into the calendar. What is there stays as it is.",
  input: z.object({
    title: z.string().min(1).max(200),
    date: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/u)
      .describe("The day, e.g. 2026-11-21."),
    time: z
      .string()
      .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/u)
      .optional()
      .describe("When it begins, e.g. 14:00; left out for a whole day."),
    place: z.string().max(200).optional(),
    every: z
      .enum(["day", "week", "month", "year"])
      .optional()
      .describe("How often it repeats; left out for once."),
    until: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/u)
      .optional()
      .describe("The last day it may repeat on."),
  }),
  scopes: ["read:./calendar", "write:./calendar"],
  returns: { integrity: "directory" },
  args: {
    ...{ title: "content", date: "content", time: "content", place: "content" },
    ...{ every: "content", until: "content" },
  },
  probe: (one, ctx) => hasAppointment(ownIn(ctx.path("calendar")) ?? "", appointmentOf(one)),
  run(given, ctx) {
    const one = appointmentOf(given);
    if (!isDay(one.date)) return fail(`There is no day ${one.date}.`);
    const folder = ctx.path("calendar");
    const there = ownIn(folder);
    if (there !== null && hasAppointment(there, one)) {
      return { summary: `“${one.title}” is in the calendar on ${one.date} already.` };
    }
    const stamp = `${new Date(ctx.now).toISOString().replace(/[-:]|\.\d+/gu, "")}`;
    mkdirSync(folder, { recursive: true });
    const repeats = given.every === undefined ? undefined : repeatsOf(given.every, given.until);
    writeFileSync(join(folder, OWN), withAppointment(there, one, { stamp, repeats }));
    const at = one.time === undefined ? "" : ` at ${one.time}`;
    const again = repeats === undefined ? "" : `, every ${repeats.every}`;
    return { summary: `Wrote “${one.title}” on ${one.date}${at}${again} to calendar/${OWN}.` };
  },
});

function ownIn(folder: string): string | null {
  return calendarsIn(folder).find(({ name }) => name === OWN)?.text ?? null;
}

function repeatsOf(every: Repeats["every"], until: string | undefined): Repeats {
  return { every, ...(until === undefined ? {} : { until }) };
}

interface Given {
  title: string;
  date: string;
  time?: string | undefined;
  place?: string | undefined;
}

function appointmentOf({ title, date, time, place }: Given): Appointment {
  return {
    ...{ title: title.trim(), date },
    ...(time === undefined ? {} : { time }),
    ...(place === undefined ? {} : { place }),
  };
}
