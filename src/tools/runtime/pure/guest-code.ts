import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { compiled } from "../../../sandbox/runtime.ts";

/** `guest.ts` and all it imports, as one script. In the compiled binary it was made with it. */
export async function guestCode(): Promise<string> {
  if (compiled()) return readFileSync(join(import.meta.dirname, GUEST_ASSET), "utf8");
  const made = await Bun.build({
    entrypoints: [fileURLToPath(new URL("./guest.ts", import.meta.url))],
    target: "browser",
    format: "iife",
    minify: true,
  });
  const [script] = made.outputs;
  if (script === undefined) throw new Error("bug: the guest of the engine could not be made");
  return script.text();
}

/** What the compiled binary carries it as. */
export const GUEST_ASSET = "pure-guest.js";
