import { dirname } from "node:path";
import { systemClock } from "../../../std/clock.ts";
import { systemRandom } from "../../../std/random.ts";
import { openJournal } from "../../../journal/open.ts";
import { carryMissions } from "../carry.ts";
import { drillLab } from "./drill-mission.ts";
import { engineAt } from "./engine-at.ts";

/** A process that carries missions of the drill: `drill-worker.ts DIR [RESTATE]`, as `worker.ts`. */
const [dir = "", where] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
const { world } = await drillLab(journal, dirname(dir));
await engineAt(journal, where, say).work(carryMissions(world));
say("ready");
process.stdin.on("close", () => {
  journal.close();
  process.exit();
});
process.stdin.resume();
