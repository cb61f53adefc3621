import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { openJournal } from "../open.ts";
import { draft } from "./sample.ts";

/**
 * A process that appends until it is killed: `writer.ts DIR RUN [COUNT]`. It prints the `seq` of
 * every acknowledged append on a line of its own. Some bodies are files, some turns append twice.
 */
const [dir = "", run = "r1", count = "1000000"] = process.argv.slice(2);
const journal = openJournal({ dir, clock: systemClock, random: systemRandom });

for (let i = 0; i < Number(count); i++) {
  const size = i % 7 === 3 ? 70_000 : (i * 37) % 900;
  const appends = i % 3 === 0 ? [journal.append([draft(run, size)])] : [];
  appends.push(journal.append([draft(run, 5), draft(`${run}-side`, i % 11)]));
  for (const events of await Promise.all(appends)) {
    for (const event of events) process.stdout.write(`${event.seq} ${event.hash}\n`);
  }
}
journal.close();
