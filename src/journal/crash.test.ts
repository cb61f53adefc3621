import { describe, expect, test } from "bun:test";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { systemRandom } from "../std/random.ts";
import { draft, inFolder, open } from "./testing/sample.ts";

const WRITER = join(import.meta.dirname, "testing", "writer.ts");
const VIEWER = join(import.meta.dirname, "testing", "viewer.ts");
const ROUNDS = 30;

interface Ended {
  /** Acknowledged appends, by `seq`. */
  readonly acknowledged: ReadonlyMap<number, string>;
  readonly code: number | null;
  readonly stderr: string;
}

function start(file: string, ...args: readonly string[]): ChildProcessWithoutNullStreams {
  const flags = [
    "--config=/dev/null",
    "--no-env-file",
    "--no-install",
    "--tsconfig-override=/dev/null",
  ];
  // Node knows none of these, and needs none.
  const own = process.versions.bun === undefined ? ["--no-warnings"] : flags;
  return spawn(process.execPath, [...own, file, ...args]);
}

/** Runs a writer; kills it `killAfter` milliseconds after its first acknowledged append. */
function write(
  dir: string,
  run: string,
  how: { killAfter: number } | { count: number },
): Promise<Ended> {
  const count = "count" in how ? [String(how.count)] : [];
  const child = start(WRITER, dir, run, ...count);
  let out = "";
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  child.stdout.on("data", (chunk) => {
    if (out === "" && "killAfter" in how) setTimeout(() => child.kill("SIGKILL"), how.killAfter);
    out += String(chunk);
  });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      // The last line may be cut in the middle; a whole one was acknowledged.
      const lines = out.split("\n").slice(0, -1);
      const pairs = lines.map((line) => line.split(" ") as [string, string]);
      resolve({
        acknowledged: new Map(pairs.map(([seq, hash]) => [Number(seq), hash])),
        code,
        stderr,
      });
    });
  });
}

function expectAll(dir: string, acknowledged: ReadonlyMap<number, string>): number {
  const journal = open(dir, { clock: systemClock });
  const found = new Map([...journal.since(0)].map(({ event }) => [event.seq, event.hash]));
  expect(journal.verify()).toMatchObject({ ok: true, events: found.size });
  for (const [seq, hash] of acknowledged) expect([seq, found.get(seq)]).toEqual([seq, hash]);
  journal.close();
  return found.size;
}

describe("killed at any moment", () => {
  test(
    "the journal opens whole, with every acknowledged append",
    () =>
      inFolder(async (dir) => {
        const all = new Map<number, string>();
        for (let round = 0; round < ROUNDS; round++) {
          const killAfter = Number.parseInt(systemRandom.hex(1), 16) / 4;
          const { acknowledged, stderr } = await write(dir, `r${round}`, { killAfter });
          expect(stderr).toBe("");
          expect(acknowledged.size).toBeGreaterThan(0);
          for (const [seq, hash] of acknowledged) all.set(seq, hash);
          expectAll(dir, all);
        }
        // What a writer left behind in bodies/ is gone, and what belongs there is there.
        const journal = open(dir);
        await journal.append([draft("after")]);
        const large = [...journal.since(0)].filter(({ event }) => event.body.bytes > 64 * 1024);
        expect(fs.readdirSync(join(dir, "bodies")).length).toBe(large.length);
        journal.close();
      }),
    120_000,
  );

  test(
    "while it is made",
    () =>
      inFolder(async (dir) => {
        for (let round = 0; round < 10; round++) {
          const home = join(dir, String(round));
          const child = spawn(process.execPath, [WRITER, home, "r1", "3"]);
          const ended = new Promise((resolve) => child.on("close", resolve));
          setTimeout(() => child.kill("SIGKILL"), 10 + round * 6);
          await ended;
          expectAll(home, new Map());
        }
      }),
    60_000,
  );
});

describe("two processes at once", () => {
  test(
    "share one journal: gapless, verified, nothing lost",
    () =>
      inFolder(async (dir) => {
        const writers = await Promise.all(
          ["a", "b", "a"].map((run) => write(dir, run, { count: 150 })),
        );
        expect(writers.map(({ code, stderr }) => [code, stderr])).toEqual(
          writers.map(() => [0, ""]),
        );
        const all = new Map(writers.flatMap(({ acknowledged }) => [...acknowledged]));
        const written = writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
        expect(all.size).toBe(written);
        expect(expectAll(dir, all)).toBe(written);
      }),
    60_000,
  );

  test(
    "may make the views of one journal",
    () =>
      inFolder(async (dir) => {
        const viewers = [1, 2, 3, 4].map(async () => {
          const child = start(VIEWER, dir, "40");
          let stderr = "";
          child.stderr.on("data", (chunk) => (stderr += String(chunk)));
          const code = await new Promise((resolve) => child.on("close", resolve));
          return { code, stderr };
        });
        for (const ended of await Promise.all(viewers)) {
          expect(ended).toEqual({ code: 0, stderr: "" });
        }
      }),
    60_000,
  );

  test("appends of two journals in one process alternate", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      for (let i = 0; i < 300; i++) {
        await Promise.all([
          one.append([draft("r1", i)]),
          two.append([draft("r1", i), draft("r2")]),
        ]);
      }
      expect(one.size()).toBe(900);
      expect(one.head("r1")).toEqual(two.head("r1"));
      expect(two.verify()).toMatchObject({ ok: true, events: 900, chains: 2 });
      one.close();
      two.close();
      expectAll(dir, new Map());
    }));
});
