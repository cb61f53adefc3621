import { tool, z } from "nanos/tool";
import { textAt, walk } from "../lib/paths.ts";

const MAX_HITS = 200;
const MAX_LINE = 300;

export default tool({
  name: "search",
  description: "Finds the lines of all text files that hold these words, as FILE:LINE: TEXT.",
  input: z.object({
    words: z.string().min(1).max(500).describe("The words exactly; upper and lower case count."),
    path: z.string().max(1_000).default(".").describe("The folder to look through."),
  }),
  scopes: ["read:."],
  args: { words: "content", path: "control" },
  repeatable: true,
  reads: true,
  run({ words, path }, ctx) {
    const hits: string[] = [];
    for (const file of walk(path, ctx)) {
      if (file.endsWith("/")) continue;
      for (const [i, line] of linesOf(file, ctx).entries()) {
        if (!line.includes(words)) continue;
        if (hits.length >= MAX_HITS) return `${hits.join("\n")}\n(and more: look for longer words)`;
        hits.push(`${file}:${i + 1}: ${line.trim().slice(0, MAX_LINE)}`);
      }
    }
    return hits.join("\n") || "(nothing found)";
  },
});

/** Lines of a file that can be read as text; of others none. */
function linesOf(file: string, ctx: Parameters<typeof textAt>[1]): readonly string[] {
  try {
    return textAt(file, ctx).split("\n");
  } catch {
    return [];
  }
}
