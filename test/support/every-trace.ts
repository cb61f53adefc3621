import { afterEach } from "bun:test";
import { NanosError } from "../../src/std/error.ts";
import { systemRandom } from "../../src/std/random.ts";
import { numberOf, recordedOf } from "../../src/kernel/drive/line.ts";
import { replay } from "../../src/kernel/drive/replay.ts";
import { fork } from "../../src/kernel/runner.ts";
import { type Lab, takeLabs } from "../../src/kernel/testing/lab.ts";
import type { World } from "../../src/kernel/world.ts";

/**
 * Loaded before the tests of src: whatever run a test brought to its end is driven again from its
 * record alone, and has to come to the same; and it is forked, and has to be the same up to the fork,
 * which is stopped there: no model and no tool is asked.
 */
afterEach(async () => {
  const differs: string[] = [];
  const runs = takeLabs().flatMap((made) => endedIn(made).map((run) => ({ made, run })));
  const places = Math.min(PLACES, Math.max(1, Math.floor(MOST_FORKS / runs.length)));
  for (const [n, { made, run }] of runs.entries()) {
    const { journal, world } = made;
    const report = await replay(journal, world.recall, run, world.decide);
    if (!report.ok) differs.push(`${run}: ${report.differs ?? ""}`);
    else differs.push(...(await forksOf(made, run, places, n)));
  }
  if (differs.length > 0) throw new Error(`replayed or forked, it differs: ${differs.join("; ")}`);
});

/** A long run is forked at so many places. */
const PLACES = 2;
/** Where a test made more runs than that, each is forked at one place, each at another. */
const MOST_FORKS = 20;

/** Runs that ended, of a journal that is open, and as it was written. */
function endedIn(made: Lab): readonly string[] {
  const { journal } = made;
  try {
    if (!journal.verify().ok) return [];
    const ended = new Set<string>();
    for (const { event } of journal.since(0)) {
      // What says what was erased, or was written by no run, is nothing to drive.
      if (event.kind === "body.erased") return [];
      if (event.kind === "run.ended" && /^r[^_]*$/u.test(event.run)) ended.add(event.run);
    }
    return [...ended].filter((run) => isWhole(made, run));
  } catch {
    // The test closed it, or broke it on purpose.
    return [];
  }
}

/** False where something of it is gone, as what was erased: nothing can be driven from that. */
function isWhole({ journal, world: { recall } }: Lab, run: string): boolean {
  const [first, ...rest] = [...journal.chain(run)];
  if (first?.body?.kind !== "run.started" || recall(first.body.facts) === null) return false;
  return rest.every(({ body }) => body !== null);
}

/** What differs where a run is forked, at places spread over it; nothing, as it should be. */
async function forksOf(
  made: Lab,
  run: string,
  places: number,
  turn: number,
): Promise<readonly string[]> {
  const chain = [...made.journal.chain(run)];
  const own = chain.flatMap(({ event: { step } }) => (step?.startsWith(`${run}.`) ? step : []));
  const differs: string[] = [];
  for (const at of spread([...new Set(own)], places, turn)) {
    const came = await forkedAt(made, run, at);
    if (came !== null) differs.push(`${at}: ${came}`);
  }
  return differs;
}

/** As many of them as are wanted, evenly, from another one on at each turn. */
function spread(all: readonly string[], wanted: number, turn: number): readonly string[] {
  const many = Math.min(all.length, wanted);
  const every = all.length / many;
  return Array.from({ length: many }, (_, n) => {
    return all[(Math.floor(n * every) + turn) % all.length] ?? "";
  });
}

/** Null where a fork is the same up to its place, or is refused for what holds of the run. */
async function forkedAt(made: Lab, run: string, at: string): Promise<string | null> {
  const { journal, world } = made;
  try {
    const asked = { run, at, signal: AbortSignal.abort() };
    const forked = await fork(asItWas(made, run), asked);
    await forked.done;
    const [first] = journal.chain(forked.run);
    const from = first?.body?.kind === "run.started" ? first.body.fork : undefined;
    const shared = recordedOf(journal, forked.run).filter(({ event }) => event.run !== forked.run);
    const last = shared.findLast(
      ({ event }) => event.step !== null || event.kind === "run.started",
    );
    if (from === undefined || first?.event.prev !== last?.event.hash) return "it continues another";
    const place = numberOf(from.step);
    const later = shared.find(({ event: { step } }) => step !== null && numberOf(step) >= place);
    if (later) return `it shares ${later.event.step ?? ""}`;
    const report = await replay(journal, world.recall, forked.run, world.decide);
    return report.differs;
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const near = error.code === "fork.inside" && / --at (\S+)$/u.exec(error.next ?? "")?.[1];
    if (near && near !== at) return forkedAt(made, run, near);
    return REFUSED.has(error.code) ? null : `${error.code}: ${error.message}`;
  }
}

/** What is no place to leave a run at, whatever is recorded of it. */
const REFUSED = new Set(["fork.deep", "fork.order"]);

/** The world with the arrangement a run began with, whatever the test has made of it since. */
function asItWas({ journal, world }: Lab, run: string): World {
  const [first] = journal.chain(run);
  const facts = first?.body?.kind === "run.started" ? world.recall(first.body.facts) : null;
  if (!facts) throw new Error("bug: a whole run has its facts");
  // Another lab of the same home has counted on from the same number.
  return { ...world, random: systemRandom, facts: async () => facts };
}
