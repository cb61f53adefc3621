import { tool, z } from "nanos/tool";
import { readNote, writeNote } from "../lib/folder.ts";
import { dayNote, takeFrom, tidyNote } from "../lib/tidy.ts";

export default tool({
  name: "notes_tidy",
  description:
    "Puts the note of one day in order: open tasks before done ones, each list entry once, even " +
    "spacing. Where that note does not exist it is made from the inbox's entries of that day and " +
    "without a date. No line is ever dropped.",
  input: z.object({
    date: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/u)
      .describe("The day, e.g. 2026-11-21."),
  }),
  output: z.object({ summary: z.string(), files: z.array(z.string()) }),
  scopes: ["read:./notes", "write:./notes"],
  returns: { integrity: "directory" },
  args: { date: "control" },
  repeatable: true,
  run({ date }, ctx) {
    const folder = ctx.path("notes");
    const there = readNote(folder, date);
    return there === null ? fromInbox(folder, date) : inPlace(folder, date, there);
  },
});

interface Done {
  summary: string;
  files: string[];
}

function inPlace(folder: string, date: string, there: string): Done {
  const { text, repeated, sorted } = tidyNote(there);
  if (text === there) {
    return { summary: `notes/${date}.md is tidy already; nothing was changed.`, files: [] };
  }
  writeNote(folder, date, text);
  const did = [
    ...(sorted > 0 ? ["open tasks first"] : []),
    ...(repeated > 0 ? [`${count(repeated, "repeated entry", "repeated entries")} removed`] : []),
    "spacing evened",
  ];
  return { summary: `Tidied notes/${date}.md: ${did.join(", ")}.`, files: [`notes/${date}.md`] };
}

function fromInbox(folder: string, date: string): Done {
  const inbox = readNote(folder, "inbox");
  const taken = inbox === null ? null : takeFrom(inbox, date);
  const lines = taken === null ? 0 : taken.tasks.length + taken.notes.length;
  if (taken === null || lines === 0) {
    const summary = `There is no note of ${date} and nothing for it in the inbox; nothing was changed.`;
    return { summary, files: [] };
  }
  const { text, repeated } = tidyNote(dayNote(date, taken));
  writeNote(folder, date, text);
  writeNote(folder, "inbox", taken.rest);
  const once =
    repeated === 0 ? "" : `, ${count(repeated, "repeated entry", "repeated entries")} removed`;
  return {
    summary:
      `Tidied notes/${date}.md: made from ${count(lines, "entry", "entries")} of notes/inbox.md` +
      `, open tasks first${once}.`,
    files: [`notes/${date}.md`, "notes/inbox.md"],
  };
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
