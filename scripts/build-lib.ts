/** `npm run build:lib`: the library as JavaScript and declarations, for Bun and Node. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./machine.ts";

rmSync(join(ROOT, "lib"), { recursive: true, force: true });
const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
const ran = await run([process.execPath, tsc, "-p", "tsconfig.lib.json"], { show: true });
process.exitCode = ran.code;
