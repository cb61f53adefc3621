import { describe, expect, test } from "bun:test";
import { DatabaseSync } from "node:sqlite";
import * as fs from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { NanosError } from "../std/error.ts";
import type { Verified } from "./journal.ts";
import { fill, inFolder, open } from "./testing/sample.ts";

/** A closed journal on disk. */
async function written(dir: string): Promise<{ readonly size: number }> {
  const journal = open(dir);
  await fill(journal);
  const size = journal.size();
  journal.close();
  return { size };
}

function verified(dir: string): Verified {
  const journal = open(dir);
  try {
    return journal.verify();
  } finally {
    journal.close();
  }
}

describe("any byte", () => {
  /** Everything a reader can get out of a journal. */
  const content = (dir: string): string => {
    const journal = open(dir);
    try {
      const events = [...journal.since(0, { bodies: true })];
      const chains = ["home", "r1", "r2"].map((run) => [...journal.chain(run)]);
      return JSON.stringify([events, chains, journal.size()]);
    } finally {
      journal.close();
    }
  };
  const failure = (act: () => unknown): string | null => {
    try {
      act();
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(NanosError);
      return (error as NanosError).code;
    }
  };

  test("that is flipped is named, or carries nothing of any event", () =>
    inFolder(async (dir) => {
      const { size } = await written(dir);
      const file = join(dir, "journal.db");
      const whole = fs.readFileSync(file);
      const before = content(dir);
      let named = 0;
      const flips = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 7 }));
      fc.assert(
        fc.property(flips, ([at, bit]) => {
          fs.writeFileSync(file, whole);
          flip(file, at, 1 << bit);
          const opened = failure(() => {
            const found = verified(dir);
            if (found.ok) expect([content(dir), size]).toEqual([before, size]);
            else named += 1;
          });
          if (opened !== null) expect(["journal.damaged", "journal.newer"]).toContain(opened);
          for (const end of ["-wal", "-shm"]) fs.rmSync(file + end, { force: true });
        }),
        { numRuns: 400 },
      );
      expect(named).toBeGreaterThan(0);
    }));

  test("of an event's or a body's own row is found, every one of them", () =>
    inFolder(async (dir) => {
      await written(dir);
      const file = join(dir, "journal.db");
      const whole = fs.readFileSync(file);
      for (const at of carrying(dir, whole)) {
        fs.writeFileSync(file, whole);
        flip(file, at, 1 << (at % 8));
        expect([at, failure(() => verified(dir)) ?? verified(dir).ok]).toEqual([at, false]);
      }
    }));

  test("of a cut or foreign file is named at the latest when it is opened", () =>
    inFolder(async (dir) => {
      await written(dir);
      const file = join(dir, "journal.db");
      const whole = fs.readFileSync(file);
      for (const bytes of [0, 1, 99, 2048, 5000, whole.length - 2048]) {
        fs.writeFileSync(file, whole.subarray(0, bytes));
        const code = failure(() => expect(verified(dir).ok).toBe(false));
        expect([null, "journal.damaged"]).toContain(code);
        for (const end of ["-wal", "-shm"]) fs.rmSync(file + end, { force: true });
      }
      fs.writeFileSync(file, "no database at all ".repeat(1000));
      expect(failure(() => verified(dir))).toBe("journal.damaged");
    }));
});

/** Places in the file that hold a digest, a hash, a salt or a body. */
function carrying(dir: string, whole: Buffer): readonly number[] {
  const db = new DatabaseSync(join(dir, "journal.db"), { readOnly: true });
  const rows = db.prepare("SELECT digest, hash, salt, text FROM events WHERE seq IN (2, 6)").all();
  db.close();
  return rows.flatMap((row) =>
    Object.values(row).flatMap((value) => {
      const bytes = typeof value === "string" ? Buffer.from(value) : (value as Uint8Array);
      const start = whole.indexOf(bytes);
      expect(start).toBeGreaterThan(0);
      return Array.from(bytes, (_, i) => start + i);
    }),
  );
}

function flip(file: string, at: number, bits: number): void {
  const bytes = fs.readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ bits;
  fs.writeFileSync(file, bytes);
}
