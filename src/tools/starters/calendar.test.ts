import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Json } from "../../std/json.ts";
import {
  type Appointment,
  appointmentsIn,
  withAppointment,
} from "../../../starters/indie-developer/skills/personal-admin/lib/ics.ts";
import { type Lab, openLab } from "../testing/lab.ts";
import { filesOf, outputOf } from "../testing/starter.ts";

setDefaultTimeout(60_000);

/** A calendar as other programs write it: folded lines, marks, time zones, things of other kinds. */
const OTHERS = `BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VTODO\r
SUMMARY:no appointment\r
END:VTODO\r
BEGIN:VEVENT\r
DTSTART;TZID=Europe/Berlin:20261123T093000\r
SUMMARY:Call with Mara\\, about the\r
  beta list\r
LOCATION:Room 3\\; upstairs\r
BEGIN:VALARM\r
DESCRIPTION:soon\r
END:VALARM\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20261121\r
RRULE:FREQ=WEEKLY\r
END:VEVENT\r
BEGIN:VEVENT\r
SUMMARY:without a day\r
END:VEVENT\r
END:VCALENDAR\r
`;

describe("the calendar", () => {
  let lab: Lab;
  beforeAll(() => {
    const scopes = ["read:./calendar", "write:./calendar"];
    lab = openLab({ files: filesOf("indie-developer"), skills: { "personal-admin": scopes } });
  });
  afterAll(() => lab.close());
  const folder = (): string => join(lab.workspace, "calendar");

  async function act(tool: string, args: Json): Promise<Json> {
    const scopes = [`read:${folder()}`, ...(tool === "calendar_add" ? [`write:${folder()}`] : [])];
    const result = await lab.call(tool, args, { scopes });
    if (result.ok && result.staged) {
      expect(await result.staged.commit()).toBeNull();
      await result.staged.discard();
    }
    return outputOf(result);
  }
  const listed = async (args: Json): Promise<Json> =>
    ((await act("calendar_list", args)) as { text: string }).text;

  test("says what is there, writes beside it, and the same one once", async () => {
    expect(await listed({ from: "2026-11-21" })).toBe("Nothing from 2026-11-21 to 2026-11-27.");
    mkdirSync(folder());
    writeFileSync(join(folder(), "work.ics"), OTHERS);
    const one = {
      title: "Dentist, at last",
      date: "2026-11-23",
      time: "08:15",
      place: "Main St; 2",
    };
    expect(await act("calendar_add", one)).toEqual({
      summary: "Wrote “Dentist, at last” on 2026-11-23 at 08:15 to calendar/nanos.ics.",
    });
    const again = await act("calendar_add", one);
    expect(again).toEqual({
      summary: "“Dentist, at last” is in the calendar on 2026-11-23 already.",
    });
    expect(await listed({ from: "2026-11-21" })).toBe(
      [
        "2026-11-21  (no title) (repeats)",
        "2026-11-23 08:15  Dentist, at last (Main St; 2)",
        "2026-11-23 09:30  Call with Mara, about the beta list (Room 3; upstairs)",
      ].join("\n"),
    );
    expect(await listed({ from: "2026-11-24", days: 1 })).toBe("Nothing on 2026-11-24.");
    expect(readFileSync(join(folder(), "work.ics"), "utf8")).toBe(OTHERS);
  });

  test("writes what repeats, and lists each of its days", async () => {
    const one = { title: "Rent", date: "2027-01-31", every: "month", until: "2027-06-01" };
    expect(await act("calendar_add", one)).toEqual({
      summary: "Wrote “Rent” on 2027-01-31, every month to calendar/nanos.ics.",
    });
    const lines = String(await listed({ from: "2027-01-01", days: 366 })).split("\n");
    expect(lines.filter((line) => line.includes("Rent"))).toEqual(
      ["01-31", "03-31", "05-31"].map((day) => `2027-${day}  Rent (repeats)`),
    );
    expect(lines.length).toBeGreaterThan(50);
  });

  test("a day that does not exist, and a file that is no calendar, are said", async () => {
    const bad = lab.call(
      "calendar_add",
      { title: "x", date: "2026-13-40" },
      { scopes: [`read:${folder()}`, `write:${folder()}`] },
    );
    expect(await bad).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining("no day") as string },
    });
  });
});

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 120 })
  .map((one) => one.replace(/\s+/gu, " ").trim());
const appointment: fc.Arbitrary<Appointment> = fc.record(
  {
    date: fc.constantFrom("2026-01-31", "1999-12-01"),
    time: fc.constantFrom("00:00", "23:59"),
    title: text.filter((one) => one !== ""),
    place: text.filter((one) => one !== ""),
  },
  { requiredKeys: ["date", "title"] },
);

test("what is written is what is read, whatever its words, and no line is too long", () => {
  fc.assert(
    fc.property(fc.array(appointment, { maxLength: 5 }), (all) => {
      let file: string | null = null;
      for (const one of all) file = withAppointment(file, one, { stamp: "20260101T000000Z" });
      expect(appointmentsIn(file ?? "")).toEqual(all);
      const lines = (file ?? "").split("\r\n");
      expect(lines.filter((line) => Buffer.byteLength(line) > 75)).toEqual([]);
    }),
  );
});
