import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOME_CHAIN } from "../contracts/chain.ts";
import { systemClock } from "../std/clock.ts";
import { systemRandom } from "../std/random.ts";
import type { Journal } from "./journal.ts";
import { memoryJournal, openJournal } from "./open.ts";

/** Who asks is told that something was written, by whatever process, until they ask no more. */

async function write(journal: Journal): Promise<void> {
  const common = { run: HOME_CHAIN, step: null, policy: null, isolation: null, label: null };
  await journal.append([
    { ...common, actor: "operator", body: { kind: "home.created", version: "1" } },
  ]);
}

async function toldBy(asks: Journal, writes: Journal): Promise<void> {
  let forget = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    forget = asks.onWritten(() => resolve());
  });
  await write(writes);
  await told;
  forget();
}

test("in memory, by another process and by this one", async () => {
  const parts = { clock: systemClock, random: systemRandom };
  const memory = memoryJournal(parts);
  await toldBy(memory, memory);
  const dir = mkdtempSync(join(tmpdir(), "nanos-written-"));
  try {
    const [one, two] = [openJournal({ dir, ...parts }), openJournal({ dir, ...parts })];
    await toldBy(one, two);
    await toldBy(one, one);
    let calls = 0;
    one.onWritten(() => void (calls += 1))();
    await write(one);
    expect(calls).toBe(0);
    for (const journal of [one, two]) journal.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
