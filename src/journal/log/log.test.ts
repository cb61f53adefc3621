import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import type { Journal } from "../journal.ts";
import { openJournal } from "../open.ts";
import { draft, inFolder } from "../testing/sample.ts";
import { base64 } from "./note.ts";
import { type Hash, isConsistent, leafHash, rootFrom, rootOf } from "./tree.ts";

/** More than three tiles, so that two of them make a node and one is not full. */
const EVENTS = 900;
const SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 768, EVENTS];

async function filled(dir: string, from = 0, to = EVENTS): Promise<Journal> {
  const journal = openJournal({ dir, clock: systemClock, random: systemRandom });
  for (let i = from; i < to; i += 100) {
    await journal.append(Array.from({ length: 100 }, (_, n) => draft(`r${n % 3}`, 5)));
  }
  return journal;
}

/** The roots by the definition: over all leaves, with nothing remembered. */
function defined(journal: Journal, sizes: readonly number[]): readonly string[] {
  const leaves = [...journal.since(0)].map(({ event }) => leafHash(Buffer.from(event.hash, "hex")));
  return sizes.map((n) => (n === 0 ? EMPTY : base64(rootOf(leaves.slice(0, n)))));
}
const EMPTY = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

function remembered(journal: Journal, sizes: readonly number[]): readonly string[] {
  return sizes.map((size) => base64(journal.log.root(size)));
}

test("the root of every size is what the definition says, remembered or recomputed", () =>
  inFolder(async (dir) => {
    const journal = await filled(dir);
    const expected = defined(journal, SIZES);
    expect(remembered(journal, SIZES)).toEqual([...expected]);
    const recomputed = journal.log.roots(SIZES);
    expect(SIZES.map((size) => base64(recomputed.get(size) ?? Buffer.alloc(0)))).toEqual([
      ...expected,
    ]);
    journal.close();
  }));

test("what is remembered grows with the journal, and without it nothing is lost", () =>
  inFolder(async (dir) => {
    const journal = await filled(dir, 0, 300);
    journal.log.root(300);
    await journal.append(Array.from({ length: 250 }, () => draft("r9", 5)));
    const before = remembered(journal, [300, 512, 550]);
    expect(before).toEqual(defined(journal, [300, 512, 550]));
    journal.close();
    for (const end of ["", "-wal", "-shm"]) fs.rmSync(join(dir, `views.db${end}`), { force: true });
    const again = openJournal({ dir, clock: systemClock, random: systemRandom });
    expect(remembered(again, [300, 512, 550])).toEqual(before);
    again.close();
  }));

test("proofs of a journal hold, also once bodies are gone", () =>
  inFolder(async (dir) => {
    const journal = await filled(dir, 0, 600);
    const events = [...journal.since(0)].map(({ event }) => event);
    const root = journal.log.root(600);
    const proofs = [1, 256, 257, 600].map((seq) => [seq, journal.log.inclusion(seq, 600)] as const);
    const old = { size: 257, root: journal.log.root(257) };
    for (const event of events.slice(255, 260)) await journal.erase(event.hash, "asked for");
    for (const [seq, proof] of proofs) {
      const leaf = leafHash(Buffer.from(events[seq - 1]?.hash ?? "", "hex"));
      expect(rootFrom(leaf, seq - 1, 600, proof)).toEqual(Buffer.from(root));
      expect(journal.log.inclusion(seq, 600)).toEqual(proof);
    }
    const tree = { size: journal.size(), root: journal.log.root(journal.size()) };
    const consistency: readonly Hash[] = journal.log.consistency(257, journal.size());
    expect(isConsistent(old, tree, consistency)).toBe(true);
    expect(journal.verify().ok).toBe(true);
    journal.close();
  }));

test("a log is no longer than its journal", () =>
  inFolder(async (dir) => {
    const journal = await filled(dir, 0, 100);
    expect(() => journal.log.root(101)).toThrow("no longer than its journal");
    journal.close();
  }));
