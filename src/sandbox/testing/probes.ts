import { probeSandbox } from "../probe.ts";
import { forced } from "./ground.ts";

/** Every attack in one tier, as whoever runs this; what came of it as JSON. */
const sandbox = forced(process.argv[2] as "bwrap" | "landlock" | "wasm");
const results = await probeSandbox(sandbox);
await sandbox.close();
process.stdout.write(JSON.stringify({ user: process.getuid?.(), results }));
