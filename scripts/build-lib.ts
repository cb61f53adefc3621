/** `npm run build:lib`: the library as JavaScript and declarations, for Bun and Node. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./machine.ts";

const LIB = join(ROOT, "lib");

/** Files named in calls that the compiler takes for ordinary ones and leaves as they are. */
const NAMED = /\b(require\(|new URL\()(\s*"\.{1,2}\/[^"]+)\.ts"/gu;

rmSync(LIB, { recursive: true, force: true });
const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
const ran = await run([process.execPath, tsc, "-p", "tsconfig.lib.json"], { show: true });
for (const name of readdirSync(LIB, { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".js")) continue;
  const file = join(LIB, name);
  const text = readFileSync(file, "utf8");
  const renamed = text.replace(NAMED, '$1$2.js"');
  if (renamed !== text) writeFileSync(file, renamed);
}
process.exitCode = ran.code;
