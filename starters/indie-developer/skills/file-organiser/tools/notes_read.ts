import { tool, z } from "nanos/tool";
import { mustRead, noteName } from "../lib/folder.ts";

const MAX_CHARS = 30_000;

export default tool({
  name: "notes_read",
  description: "Reads a note. A long one comes in parts: `next` says where the next part begins.",
  input: z.object({
    note: z.string().describe("Its name, e.g. dashboard or projects/shop."),
    from: z.number().int().min(0).default(0).describe("Character to begin at."),
  }),
  scopes: ["read:./notes"],
  returns: { integrity: "directory" },
  args: { note: "control", from: "content" },
  repeatable: true,
  run({ note, from }, ctx) {
    const name = noteName(note);
    const whole = mustRead(ctx.path("notes"), name);
    const text = whole.slice(from, from + MAX_CHARS);
    const next = from + text.length;
    return { note: name, text, ...(next < whole.length ? { next } : {}) };
  },
});
