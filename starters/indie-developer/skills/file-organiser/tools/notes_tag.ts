import { tool, z } from "nanos/tool";
import { mustRead, noteName, writeNote } from "../lib/folder.ts";
import { tagName, tagsOf, withTags } from "../lib/text.ts";

export default tool({
  name: "notes_tag",
  description: "Adds tags to a note, on a `Tags:` line below its title. Tags it has stay.",
  input: z.object({
    note: z.string().describe("Its name, e.g. dashboard."),
    tags: z.array(z.string()).min(1).max(20).describe("Tags, with or without #."),
  }),
  scopes: ["read:./notes", "write:./notes"],
  returns: { integrity: "directory" },
  args: { note: "control", tags: "content" },
  repeatable: true,
  run({ note, tags }, ctx) {
    const folder = ctx.path("notes");
    const name = noteName(note);
    const before = mustRead(folder, name);
    const after = withTags(before, tags.map(tagName));
    if (after !== before) writeNote(folder, name, after);
    const all = tagsOf(after);
    const summary = `notes/${name}.md is tagged ${all.map((tag) => `#${tag}`).join(" ")}.`;
    return { summary, note: name, tags: all };
  },
});
