import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/std/clock.ts";
import { systemRandom } from "../../../src/std/random.ts";
import { openJournal } from "../../../src/journal/open.ts";
import { localEngine } from "../../../src/missions/engine/local.ts";
import { plainDriver } from "../../../src/missions/engine/testing/driver.ts";
import type { Case } from "../case.ts";
import { openLedger } from "../ledger.ts";

/** Missions of ten steps that do nothing: what it takes to carry them, and to keep what they did. */
const MISSIONS = { full: 1_000, quick: 20 };
const STEPS = Array.from({ length: 10 }, (_, n) => ({ does: "nothing", name: `step ${n}` }));
const AT_ONCE = 16;

/** Through the local engine, and then the same events into node:sqlite, one a commit. */
export const engine: Case = async ({ quick }) => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  try {
    const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
    const parts = { journal, clock: systemClock, queues: { bench: AT_ONCE } };
    const local = localEngine(parts);
    const count = quick ? MISSIONS.quick : MISSIONS.full;
    let over = 0;
    let ended = (): void => undefined;
    const all = new Promise<void>((resolve) => (ended = resolve));
    const plain = plainDriver(systemClock);
    const memory: number[] = [];
    await local.work(async (held) => {
      await plain(held);
      over += 1;
      if (over === count / 2 || over === count) memory.push(process.memoryUsage.rss() / 2 ** 20);
      if (over === count) ended();
    });
    const input = { folder: dir, steps: STEPS };
    const start = systemClock.elapsed();
    for (let n = 0; n < count; n++) {
      await local.submit({ run: `r${n}`, kind: "plain", input, queue: "bench" });
    }
    await all;
    await local.stop(60_000);
    const seconds = (systemClock.elapsed() - start) / 1_000;
    const events = journal.size();
    const bodies = [...journal.since(0, { bodies: true })].map(({ body }) => JSON.stringify(body));
    const ledger = openLedger(join(dir, "raw.db"));
    const from = systemClock.elapsed();
    for (const body of bodies) ledger.keep([body]);
    const raw = events / ((systemClock.elapsed() - from) / 1_000);
    ledger.close();
    journal.close();
    const [half = 0, whole = 0] = memory;
    return {
      perSecond: events / seconds,
      rawPerSecond: raw,
      missions: count / seconds,
      grownMb: Math.max(0, whole - half),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
