import { afterEach } from "bun:test";
import { replay } from "../../src/kernel/drive/replay.ts";
import { type Lab, takeLabs } from "../../src/kernel/testing/lab.ts";

/**
 * Loaded before the tests of src: whatever run a test brought to its end is driven again from its
 * record alone, and has to come to the same.
 */
afterEach(async () => {
  const differs: string[] = [];
  for (const made of takeLabs()) {
    for (const run of endedIn(made)) {
      const { journal, world } = made;
      const report = await replay(journal, world.recall, run, world.decide);
      if (!report.ok) differs.push(`${run}: ${report.differs ?? ""}`);
    }
  }
  if (differs.length > 0) throw new Error(`replayed, it differs: ${differs.join("; ")}`);
});

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
