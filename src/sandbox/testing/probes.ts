import { probeSandbox } from "../probe.ts";
import { forced } from "./ground.ts";

/** All probes in one tier, as whoever runs this; prints which did not hold. */
const tier = process.argv[2] === "bwrap" ? "bwrap" : "landlock";
const sandbox = forced(tier);
const broken = (await probeSandbox(sandbox)).filter(({ held }) => !held);
await sandbox.close();
const verdict = broken.length === 0 ? "held" : JSON.stringify(broken);
process.stdout.write(`${sandbox.tier("host", false)} ${process.getuid?.()} ${verdict}\n`);
