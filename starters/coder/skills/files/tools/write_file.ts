import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { tool, z } from "nanos/tool";
import { fileAt, plainPath } from "../lib/paths.ts";

const MAX_CHARS = 1_000_000;

export default tool({
  name: "write_file",
  description: "Writes a whole text file, new or in place of the one that is there.",
  input: z.object({
    path: z.string().min(1).max(1_000).describe("From the workspace, e.g. src/main.ts."),
    text: z.string().max(MAX_CHARS),
  }),
  scopes: ["read:.", "write:."],
  args: { path: "control", text: "content" },
  repeatable: true,
  run({ path, text }, ctx) {
    const file = fileAt(path, ctx);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return `Wrote ${plainPath(path)}, ${text.split("\n").length} lines.`;
  },
});
