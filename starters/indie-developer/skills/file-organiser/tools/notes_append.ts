import { tool, z } from "nanos/tool";
import { noteName, readNote, writeNote } from "../lib/folder.ts";
import { hasSection, sectionHeading, withSection } from "../lib/text.ts";

const MAX_TEXT = 50_000;

export default tool({
  name: "notes_append",
  description:
    "Adds text to a note as a section headed by today's date. What is in the note stays as it is; " +
    "a note that does not exist is made.",
  input: z.object({
    note: z.string().describe("Its name, e.g. dashboard."),
    text: z.string().min(1).max(MAX_TEXT).describe("What to add, as Markdown."),
    section: z.string().max(120).optional().describe("Title of the section, beside the date."),
  }),
  scopes: ["read:./notes", "write:./notes"],
  returns: { integrity: "directory" },
  args: { note: "control", text: "content", section: "content" },
  probe({ note, text, section }, ctx) {
    const there = readNote(ctx.path("notes"), noteName(note)) ?? "";
    return hasSection(there, sectionHeading(ctx.today, section ?? ""), text);
  },
  run({ note, text, section }, ctx) {
    const folder = ctx.path("notes");
    const name = noteName(note);
    const there = readNote(folder, name);
    const heading = sectionHeading(ctx.today, section ?? "");
    writeNote(folder, name, withSection(there ?? `# ${name}\n`, heading, text));
    const what = section === undefined ? "a section" : `the section “${section.trim()}”`;
    const summary = `Added ${what} of ${ctx.today} to notes/${name}.md.`;
    return { summary, note: name, created: there === null };
  },
});
