import { mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { fail, tool, z } from "nanos/tool";
import { mustRead, noteFile, noteName, readNote } from "../lib/folder.ts";

export default tool({
  name: "notes_move",
  description: "Renames a note or moves it to a folder. Never replaces a note that is there.",
  input: z.object({
    note: z.string().describe("The note's name, e.g. inbox."),
    to: z.string().describe("Its new name, e.g. archive/inbox."),
  }),
  scopes: ["read:./notes", "write:./notes"],
  returns: { integrity: "directory" },
  args: { note: "control", to: "control" },
  probe({ note, to }, ctx) {
    const folder = ctx.path("notes");
    return readNote(folder, noteName(note)) === null && readNote(folder, noteName(to)) !== null;
  },
  run({ note, to }, ctx) {
    const folder = ctx.path("notes");
    const from = noteName(note);
    const name = noteName(to);
    mustRead(folder, from);
    if (readNote(folder, name) !== null)
      fail(`There is already a note ${name}.`, "Choose another name.");
    mkdirSync(dirname(noteFile(folder, name)), { recursive: true });
    renameSync(noteFile(folder, from), noteFile(folder, name));
    return { summary: `Moved notes/${from}.md to notes/${name}.md.`, note: name };
  },
});
