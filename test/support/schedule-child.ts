import { openJournal } from "../../src/journal/open.ts";
import { keepSchedules } from "../../src/kernel/schedule/keep.ts";
import { systemClock } from "../../src/std/clock.ts";
import { systemRandom } from "../../src/std/random.ts";

/**
 * A process that keeps the schedules of a journal at one time, and is about to begin a run for as long
 * as it lives: it claimed the time, and nothing of the run is on disk.
 */
const [dir = "", now = ""] = process.argv.slice(2);
const never = new Promise<never>(() => undefined);
// What it waits for keeps no process alive by itself.
setInterval(() => undefined, 60_000);
await keepSchedules(
  {
    journal: openJournal({ dir, clock: systemClock, random: systemRandom }),
    clock: { ...systemClock, now: () => Number(now), sleep: () => never },
    random: systemRandom,
    workspace: "/ws",
    open: async () => ({
      refused: async () => null,
      begin: () => {
        process.stdout.write("claimed\n");
        return never;
      },
      close: async () => undefined,
    }),
  },
  new AbortController().signal,
  () => undefined,
);
