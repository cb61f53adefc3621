import { systemClock } from "../../../std/clock.ts";
import { systemRandom } from "../../../std/random.ts";
import { openJournal } from "../../../journal/open.ts";
import { plainDriver } from "./driver.ts";
import { engineAt } from "./engine-at.ts";

/**
 * A process that carries missions of the home's journal in DIR until its input closes:
 * `worker.ts DIR [RESTATE]`, where RESTATE says as JSON where that is. It prints `ready`, then what
 * its driver tells, a line each.
 */
const [dir = "", where] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
const engine = engineAt(journal, where, say);
await engine.work(plainDriver(systemClock, "1", (what, name) => say(`${what} ${name}`)));
say("ready");
process.stdin.on("close", () => {
  journal.close();
  process.exit();
});
process.stdin.resume();
