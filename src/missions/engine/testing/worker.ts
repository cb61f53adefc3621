import { systemClock } from "../../../std/clock.ts";
import { systemRandom } from "../../../std/random.ts";
import { openJournal } from "../../../journal/open.ts";
import type { Engine } from "../engine.ts";
import { localEngine } from "../local.ts";
import { type RestatePlace, restateEngine } from "../restate/restate.ts";
import { plainDriver } from "./driver.ts";

/**
 * A process that carries missions of the home's journal in DIR until its input closes:
 * `worker.ts DIR [RESTATE]`, where RESTATE says as JSON where that is. It prints `ready`, then what
 * its driver tells, a line each.
 */
const [dir = "", where] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
const engine = engineOf();
await engine.work(plainDriver(systemClock, "1", (what, name) => say(`${what} ${name}`)));
say("ready");
process.stdin.on("close", () => {
  journal.close();
  process.exit();
});
process.stdin.resume();

function engineOf(): Engine {
  const parts = { journal, clock: systemClock };
  if (where === undefined) return localEngine(parts);
  const { space, ...place } = JSON.parse(where) as Omit<RestatePlace, "port"> & { space: string };
  const onListen = (port: number): void => say(`listens ${port}`);
  return restateEngine({ ...parts, place: { ...place, port: 0 }, space, onListen });
}
