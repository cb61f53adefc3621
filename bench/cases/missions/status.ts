import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evolutionIn } from "../../../src/evolution/journal.ts";
import { keptIn } from "../../../src/evolution/kept.ts";
import { bodiesOf, fill, ONE } from "../../../src/evolution/testing/fill.ts";
import { openJournal } from "../../../src/journal/open.ts";
import { systemClock } from "../../../src/std/clock.ts";
import { systemRandom } from "../../../src/std/random.ts";
import type { Case } from "../case.ts";

/** Missions on record, of one task each. */
const MISSIONS = { full: 2_000, quick: 40 };

/** A home's stage: from every chain, and from what was read of them once. */
export const status: Case = async ({ quick }) => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  try {
    const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
    await fill(journal, await bodiesOf({ tasks: [ONE] }), quick ? MISSIONS.quick : MISSIONS.full);
    const kept = keptIn(join(dir, "evolution"), (text) => text);
    const timed = (act: () => unknown): number => {
      const start = systemClock.elapsed();
      act();
      return systemClock.elapsed() - start;
    };
    evolutionIn(journal, kept);
    const chainsMs = timed(() => evolutionIn(journal));
    const keptMs = timed(() => evolutionIn(journal, kept));
    journal.close();
    return { chainsMs, keptMs };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
