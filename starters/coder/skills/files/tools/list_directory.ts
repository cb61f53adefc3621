import { tool, z } from "nanos/tool";
import { walk } from "../lib/paths.ts";

const MAX_ENTRIES = 1_000;

export default tool({
  name: "list_directory",
  description:
    "Lists what lies in a folder; with `depth` also what lies below. Folders end with a slash.",
  input: z.object({
    path: z.string().max(1_000).default("."),
    depth: z.number().int().min(1).max(10).default(1),
  }),
  scopes: ["read:."],
  args: { path: "control", depth: "content" },
  repeatable: true,
  reads: true,
  run({ path, depth }, ctx) {
    const found: string[] = [];
    for (const entry of walk(path, ctx, depth)) {
      if (found.length >= MAX_ENTRIES)
        return `${found.join("\n")}\n(and more: look into one folder)`;
      found.push(entry);
    }
    return found.join("\n") || "(nothing)";
  },
});
