import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import { systemRandom } from "../../src/std/random.ts";
import type { Draft } from "../../src/contracts/event.ts";
import { openJournal } from "../../src/journal/open.ts";
import type { Case, Figures } from "./case.ts";
import { openLedger } from "./ledger.ts";

/** Events a second, each on disk before the next is begun unless it says otherwise. */

/** The body of one event: about 400 bytes as JSON. */
const TEXT = "x".repeat(360);
const ALONE = { full: 3_000, quick: 200 };
const AT_ONCE = 16;

/** What the disk itself does: 400 bytes and `fdatasync`, into a file that is already that long. */
export const disk: Case = ({ quick }) =>
  inFolder(async (dir) => {
    const fd = openSync(join(dir, "raw"), "w");
    const bytes = Buffer.alloc(400, 120);
    const count = quick ? ALONE.quick : ALONE.full;
    const rate = await perSecond(count, (i) => {
      writeSync(fd, bytes, 0, 400, i * 400);
      fdatasyncSync(fd);
    });
    closeSync(fd);
    return { single: rate };
  });

/** The same payload through node:sqlite with nothing around it. */
export const sqlite: Case = ({ quick }) =>
  inFolder(async (dir) => {
    const ledger = openLedger(join(dir, "raw.db"));
    const entry = JSON.stringify(draftOf("r1", 0).body);
    const count = quick ? ALONE.quick : ALONE.full;
    await perSecond(count / 10, () => ledger.keep([entry]));
    const single = await perSecond(count, () => ledger.keep([entry]));
    const many = Array.from({ length: AT_ONCE }, () => entry);
    const shared = await perSecond(count / 4, () => ledger.keep(many));
    ledger.close();
    return { single, shared: shared * AT_ONCE };
  });

/** The journal: one run that waits for each event, 16 runs at once, and the check of all of it. */
export const journal: Case = ({ quick }) =>
  inFolder(async (dir) => {
    const opened = openJournal({ dir, clock: systemClock, random: systemRandom });
    const count = quick ? ALONE.quick : ALONE.full;
    await perSecond(count / 10, (i) => opened.append([draftOf("r0", i)]));
    const single = await perSecond(count, (i) => opened.append([draftOf("r1", i)]));
    const runs = Array.from({ length: AT_ONCE }, (_, i) => `r1${i}`);
    const shared = await perSecond(count / 4, (i) =>
      Promise.all(runs.map((run) => opened.append([draftOf(run, i)]))),
    );
    const start = systemClock.elapsed();
    const checked = opened.verify();
    if (!checked.ok) throw new Error(checked.why);
    const verified = checked.events / ((systemClock.elapsed() - start) / 1_000);
    opened.close();
    return { single, shared: shared * AT_ONCE, verified };
  });

function draftOf(run: string, i: number): Draft {
  return {
    run,
    step: `${run}.${i}`,
    actor: "kernel",
    policy: null,
    isolation: null,
    label: null,
    body: {
      // In the order of its canonical JSON, as the kernel builds it.
      kind: "action.settled",
      ms: 1,
      outcome: { output: { echoed: TEXT }, status: "done" },
    },
  };
}

async function perSecond(count: number, act: (i: number) => unknown): Promise<number> {
  const start = systemClock.elapsed();
  for (let i = 0; i < count; i++) await act(i);
  return count / ((systemClock.elapsed() - start) / 1_000);
}

async function inFolder(use: (dir: string) => Promise<Figures>): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  try {
    return await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
