import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { openJournal } from "../open.ts";

/**
 * A process that takes a run's lease, listens for wakes and waits to be killed: `holder.ts DIR RUN`.
 * It prints `taken EPOCH`, then every topic it hears; it ends at the topic `end`.
 */
const [dir = "", run = "r1"] = process.argv.slice(2);
const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
const lease = journal.lease(run);
journal.onWake((topic) => {
  process.stdout.write(`heard ${topic}\n`);
  if (topic === "end") {
    journal.close();
    process.stdin.destroy();
  }
});
process.stdin.resume();
process.stdout.write(`taken ${lease?.epoch ?? "not"}\n`);
