import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import type { Recorded } from "../contracts/drive.ts";
import { draft, inFolder, open } from "./testing/sample.ts";

/** Every released format, as it was written then; `events.jsonl` is what was in it. */
const FORMATS = ["v1", "v2"];

for (const format of FORMATS)
  describe(`a journal of format ${format}`, () => {
    const from = join(import.meta.dirname, "fixtures", format);

    test("opens, verifies, reads back and goes on", () =>
      inFolder(async (dir) => {
        fs.copyFileSync(join(from, "journal.db"), join(dir, "journal.db"));
        const lines = fs.readFileSync(join(from, "events.jsonl"), "utf8").trim().split("\n");
        const written = lines.map((line) => JSON.parse(line) as Recorded);
        const journal = open(dir);
        expect(journal.verify()).toEqual({
          ok: true,
          events: written.length,
          chains: 3,
          erased: 1,
        });
        expect([...journal.since(0, { bodies: true })]).toEqual(written);
        for (const run of new Set(written.map(({ event }) => event.run))) {
          const own = written.filter(({ event }) => event.run === run);
          expect([...journal.chain(run)]).toEqual(own);
          expect(journal.head(run)).toEqual(own.at(-1)!.event);
        }
        const size = written.length;
        expect(journal.log.root(size)).toEqual(journal.log.roots([size]).get(size)!);
        expect(journal.log.inclusion(1, size).length).toBeGreaterThan(2);
        expect(journal.lease("r1")?.epoch).toBe(2);
        const [next] = await journal.append([draft("r1", "goes on")]);
        expect(next!.prev).toBe(written.findLast(({ event }) => event.run === "r1")!.event.hash);
        expect(journal.verify()).toMatchObject({ ok: true, events: written.length + 1 });
        journal.close();
      }));

    test("is small", () => {
      expect(fs.statSync(join(from, "journal.db")).size).toBeLessThan(60_000);
    });
  });
