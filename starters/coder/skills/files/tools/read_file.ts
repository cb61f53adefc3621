import { tool, z } from "nanos/tool";
import { textAt } from "../lib/paths.ts";

const MAX_LINES = 2_000;

export default tool({
  name: "read_file",
  description:
    "Reads a text file, its lines numbered. Long files come in parts: ask on with `from`.",
  input: z.object({
    path: z.string().max(1_000).describe("From the workspace, e.g. src/main.ts."),
    from: z.number().int().min(1).default(1).describe("First line."),
    lines: z.number().int().min(1).max(MAX_LINES).default(500),
  }),
  scopes: ["read:."],
  args: { path: "control", from: "content", lines: "content" },
  repeatable: true,
  reads: true,
  run({ path, from, lines }, ctx) {
    const all = textAt(path, ctx).split("\n");
    if (all.at(-1) === "") all.pop();
    const shown = all.slice(from - 1, from - 1 + lines);
    const text = shown.map((line, i) => `${from + i}\t${line}`).join("\n");
    const left = all.length - (from - 1) - shown.length;
    return left > 0 ? `${text}\n(${left} more lines: ask on with from ${from + lines})` : text;
  },
});
