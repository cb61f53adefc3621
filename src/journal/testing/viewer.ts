import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { openJournal } from "../open.ts";

/**
 * A process that opens the views of many new journals, one after the other, as fast as it can:
 * `viewer.ts DIR COUNT`. Several of them at once meet while a file is being made.
 */
const [dir = "", count = "1"] = process.argv.slice(2);
for (let i = 0; i < Number(count); i++) {
  const journal = openJournal({ dir: `${dir}/${i}`, clock: systemClock, random: systemRandom });
  journal.view(
    {
      name: "seen",
      version: 1,
      tables: "CREATE TABLE seen (seq INTEGER PRIMARY KEY)",
      apply: (db, { event }) => db.run("INSERT INTO seen VALUES (?)", event.seq),
    },
    (db) => db.all("SELECT * FROM seen"),
  );
  journal.close();
}
