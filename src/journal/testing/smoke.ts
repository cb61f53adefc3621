import { systemClock } from "../../std/clock.ts";
import { assert } from "../../std/error.ts";
import { systemRandom } from "../../std/random.ts";
import { memoryJournal, openJournal } from "../open.ts";
import { draft, fill } from "./sample.ts";

/** Everything a journal does, once, on whatever runtime runs this: `smoke.ts DIR`. */
const [dir = ""] = process.argv.slice(2);

const first = openJournal({ dir, clock: systemClock, random: systemRandom });
await fill(first);
const verified = first.verify();
assert(verified.ok && verified.events === 8 && verified.erased === 1, "it verifies");
assert([...first.chain("r1")].length === 3, "a chain is read");
const lease = first.lease("r1");
assert(lease?.epoch === 1 && first.carried("r1"), "a run is leased");

const second = openJournal({ dir, clock: systemClock, random: systemRandom });
assert(second.lease("r1") === null, "by one at a time");
const heard: string[] = [];
second.onWake((topic) => heard.push(topic));
await first.wake("topic");
// A listener does not keep the process alive; the clock does.
for (let i = 0; i < 1_000 && heard.length === 0; i++) await systemClock.sleep(2);
assert(heard.join() === "topic", "a wake arrives");
const superseded = await second.append([draft("r1")]).catch((error: unknown) => error);
assert(superseded instanceof Error, "nobody else appends");
const view = {
  name: "seqs",
  version: 1,
  tables: "CREATE TABLE seqs (seq INTEGER)",
  apply: (db: { run(sql: string, seq: number): void }, { event }: { event: { seq: number } }) =>
    db.run("INSERT INTO seqs VALUES (?)", event.seq),
};
const [row] = second.view(view, (db) => db.all("SELECT count(*) AS n FROM seqs"));
assert(row?.["n"] === 8, "a view is made");
second.close();
first.close();

const memory = memoryJournal({ clock: systemClock, random: systemRandom });
await fill(memory);
assert(memory.verify().ok, "also in memory");
memory.close();
process.stdout.write("ok\n");
