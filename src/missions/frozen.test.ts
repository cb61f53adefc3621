import { expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "../journal/open.ts";
import { replay } from "../kernel/drive/replay.ts";
import { lab } from "../kernel/testing/lab.ts";
import { listTraces } from "../kernel/views/traces.ts";
import { fakeClock } from "../std/clock.ts";
import { systemRandom } from "../std/random.ts";
import { decideBy } from "./follow.ts";
import { freeze } from "./testing/freeze.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");

/** Replays all that is recorded in a folder, as `freeze` leaves it. */
async function replayed(from: string): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), "nanos-frozen-"));
  const clock = fakeClock();
  copyFileSync(join(from, "journal.db"), join(dir, "journal.db"));
  const journal = openJournal({ dir, clock, random: systemRandom });
  try {
    const lines = readFileSync(join(from, "vault.jsonl"), "utf8").trim().split("\n");
    const vault = new Map(lines.map((line) => JSON.parse(line) as [string, string]));
    const { world } = lab({}, { clock, journal, vault });
    const found: string[] = [];
    for (const { run, request, outcome } of listTraces(journal, {}).toReversed()) {
      const { ok, steps, differs } = await replay(journal, world.recall, run, decideBy);
      found.push(`${request}: ${outcome}, ${ok ? `${steps} steps` : differs}`);
    }
    expect(journal.verify()).toMatchObject({ ok: true });
    return found;
  } finally {
    journal.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

test.each(readdirSync(FIXTURES))("runs recorded by version %s replay as they were", async (one) => {
  const expected = readFileSync(join(FIXTURES, one, "runs.txt"), "utf8")
    .trim()
    .split("\n");
  expect(await replayed(join(FIXTURES, one))).toEqual(expected);
});

test("what is frozen now replays as well, and is never frozen over", async () => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-freeze-"));
  try {
    await freeze(dir);
    const found = await replayed(dir);
    expect(found.filter((line) => !line.endsWith(" steps"))).toEqual([]);
    expect(found.length).toBeGreaterThan(8);
    expect(await freeze(dir).catch(String)).toContain("written already");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
