import { describe, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import { openJournal } from "../../journal/open.ts";
import { localEngine } from "./local.ts";
import { CASES, type Ground, type Opened } from "./testing/cases.ts";
import { type Child, child } from "./testing/child.ts";

const WORKER = join(import.meta.dirname, "testing", "worker.ts");

/** Short, so that a process that hangs is noticed within a test. */
const LEASE_MS = 300;

async function onGround(use: (ground: Ground) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-engine-"));
  const opened: Opened[] = [];
  const children: Child[] = [];
  const open: Ground["open"] = async (queues = {}) => {
    const options = { dir: join(dir, "journal"), clock: systemClock, random: systemRandom };
    const journal = openJournal({ ...options, leaseMs: LEASE_MS });
    const engine = localEngine({ journal, clock: systemClock, queues });
    const one: Opened = {
      engine,
      journal,
      close: async () => {
        await engine.stop(0);
        journal.close();
      },
    };
    opened.push(one);
    return one;
  };
  const worker = async (): Promise<Child> => {
    const one = child(spawn(process.execPath, [WORKER, join(dir, "journal")]));
    children.push(one);
    await one.said("ready");
    return one;
  };
  try {
    await use({ folder: dir, longMs: 4 * LEASE_MS, open, worker });
  } finally {
    await Promise.all([...opened.map((one) => one.close()), ...children.map((one) => one.end())]);
    rmSync(dir, { recursive: true, force: true });
  }
}

describe("the local engine", () => {
  for (const one of CASES) test(one.name, () => onGround(one.run));
});
