import { writeFileSync } from "node:fs";
import { fail, tool, z } from "nanos/tool";
import { fileAt, plainPath, textAt } from "../lib/paths.ts";

const MAX_CHARS = 200_000;

export default tool({
  name: "edit_file",
  description:
    "Replaces one exact passage of a text file. The passage has to occur once: quote enough of it, " +
    "without the line numbers read_file shows.",
  input: z.object({
    path: z.string().min(1).max(1_000),
    old: z.string().min(1).max(MAX_CHARS).describe("The passage as it stands there."),
    new: z.string().max(MAX_CHARS).describe("What comes in its place."),
  }),
  scopes: ["read:.", "write:."],
  args: { path: "control", old: "content", new: "content" },
  run({ path, old, new: text }, ctx) {
    const before = textAt(path, ctx);
    const at = before.indexOf(old);
    if (at < 0)
      fail(`${plainPath(path)} does not hold this passage.`, "Read it again, and quote exactly.");
    if (before.indexOf(old, at + 1) >= 0) {
      fail(
        `${plainPath(path)} holds this passage more than once.`,
        "Quote more of what is around it.",
      );
    }
    writeFileSync(fileAt(path, ctx), before.slice(0, at) + text + before.slice(at + old.length));
    return `Changed ${plainPath(path)} at line ${before.slice(0, at).split("\n").length}.`;
  },
});
