import { statSync } from "node:fs";
import { tool, z } from "nanos/tool";
import { listNames, noteFile, readNote } from "../lib/folder.ts";
import { tagName, tagsOf, titleOf } from "../lib/text.ts";

const MAX_SHOWN = 200;

export default tool({
  name: "notes_list",
  description:
    "Lists the notes with title, tags and length, newest first. `tag` or `text` narrow the list " +
    "to notes with that tag, or that contain that text.",
  input: z.object({
    tag: z.string().optional().describe("Only notes with this tag."),
    text: z.string().optional().describe("Only notes that contain this text, in any case."),
  }),
  scopes: ["read:./notes"],
  returns: { integrity: "directory" },
  args: { tag: "content", text: "content" },
  repeatable: true,
  run({ tag, text }, ctx) {
    const folder = ctx.path("notes");
    const wanted = text?.toLowerCase();
    const notes = listNames(folder)
      .map((note) => ({ note, body: readNote(folder, note) ?? "" }))
      .filter(({ body }) => tag === undefined || tagsOf(body).includes(tagName(tag)))
      .filter(({ body }) => wanted === undefined || body.toLowerCase().includes(wanted))
      .map(({ note, body }) => ({
        note,
        title: titleOf(body),
        tags: tagsOf(body),
        lines: body === "" ? 0 : body.trimEnd().split("\n").length,
        changed: statSync(noteFile(folder, note)).mtimeMs,
      }))
      .toSorted((a, b) => b.changed - a.changed || (a.note < b.note ? -1 : 1))
      .slice(0, MAX_SHOWN)
      .map(({ changed: _, ...note }) => note);
    return { notes, text: notes.length === 0 ? "No notes." : notes.map(lineOf).join("\n") };
  },
});

function lineOf(note: { note: string; title: string; tags: string[]; lines: number }): string {
  const tags = note.tags.map((tag) => ` #${tag}`).join("");
  const title = note.title === "" || note.title === note.note ? "" : `: ${note.title}`;
  return `${note.note}${title} (${note.lines} lines)${tags}`;
}
