import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import type { Failure } from "../contracts/outcome.ts";
import { openSandbox } from "../sandbox/open.ts";
import { systemClock } from "../std/clock.ts";
import { hashTrees, manifestCache, TooLarge } from "./cache.ts";
import { type Link, openLink } from "./mcp/link.ts";
import { requestOf, warmPool } from "./pool.ts";

const sandbox = openSandbox({ clock: systemClock });

/** A real process that does nothing but wait for its input to end. */
async function idle(): Promise<{ link: Link } | Failure> {
  const limits = {
    ms: 60_000,
    memoryBytes: LIMITS.toolMemoryBytes,
    processes: 8,
    cpuSeconds: 10,
    outputBytes: 1024,
    stageBytes: 1024,
  };
  const box = { reads: [], writes: [], net: { kind: "none" }, exec: [], env: {}, limits } as const;
  const boxed = await sandbox.start({
    run: { kind: "program", argv: ["/bin/cat"] },
    cwd: "/",
    box,
    stage: null,
  });
  return "code" in boxed ? boxed : { link: openLink(boxed, { name: "cat" }) };
}

test("keeps what is used, ends what is not, and never more than it may", async () => {
  const clock = fakeClock();
  const pool = warmPool<{ link: Link }>(clock, 2);
  let starts = 0;
  const start = (): Promise<{ link: Link } | Failure> => {
    starts += 1;
    return idle();
  };
  const take = async (key: string): Promise<{ link: Link }> => {
    const one = await pool.acquire({ request: "r", key }, start);
    if ("code" in one) throw new Error(one.message);
    return one;
  };
  const [a, again] = await Promise.all([take("a"), take("a")]);
  expect(again).toBe(a);
  expect(starts).toBe(1);
  const b = await take("b");
  // Both places are taken and busy: one more is started and not kept.
  const c = await take("c");
  pool.release(c);
  expect((await c.link.boxed.ended).kind).toBe("stopped");
  pool.release(b);
  clock.advance(1);
  // The one that is idle makes room.
  const d = await take("d");
  expect((await b.link.boxed.ended).kind).toBe("stopped");
  pool.release(d);
  clock.advance(LIMITS.warmIdleMs + 1);
  const e = await take("e");
  expect((await d.link.boxed.ended).kind).toBe("stopped");
  expect(a.link.broken).toBeNull();
  // Retired while two use it: it ends with the last one.
  pool.retire(a);
  pool.release(a);
  expect(a.link.broken).toBeNull();
  const fresh = await take("a");
  expect(fresh).not.toBe(a);
  pool.release(a);
  expect((await a.link.boxed.ended).kind).toBe("stopped");
  // One that died is replaced.
  await fresh.link.boxed.stop();
  await Bun.sleep(20);
  pool.release(fresh);
  const next = await take("a");
  expect(next).not.toBe(fresh);
  await pool.close();
  expect(
    (await Promise.all([next, e].map(({ link }) => link.boxed.ended))).map(({ kind }) => kind),
  ).toEqual(["stopped", "stopped"]);
});

const A = { request: "r", key: "a" };

test("what was kept for a request ends with it, or with the last call that uses it", async () => {
  const pool = warmPool<{ link: Link }>(fakeClock(), 3);
  const take = async (step: string): Promise<{ link: Link }> => {
    const one = await pool.acquire({ request: requestOf(step), key: "a" }, idle);
    if ("code" in one) throw new Error(one.message);
    return one;
  };
  const first = await take("r1.2");
  // What one sub-agent left behind its siblings may find, and nobody else.
  expect(await take("r1_3.4.1")).toBe(first);
  const other = await take("r2.1");
  expect(other).not.toBe(first);
  pool.release(first);
  pool.release(other);
  pool.leave("r2");
  expect((await other.link.boxed.ended).kind).toBe("stopped");
  pool.leave("r1");
  expect(first.link.broken).toBeNull();
  pool.release(first);
  expect((await first.link.boxed.ended).kind).toBe("stopped");
  await pool.close();
});

test("a run at work keeps its place, and another waits until one is left", async () => {
  // Time stands still: only what others do can end a wait.
  const sleep = (_ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
  const pool = warmPool<{ link: Link }>({ ...fakeClock(), sleep }, 1);
  let starts = 0;
  const take = async (request: string): Promise<{ link: Link }> => {
    const one = await pool.acquire({ request, key: "a" }, () => (starts++, idle()));
    if ("code" in one) throw new Error(one.message);
    return one;
  };
  const first = await take("r1");
  pool.release(first);
  const waits = take("r2");
  expect(await take("r1")).toBe(first);
  pool.release(first);
  expect(starts).toBe(1);
  pool.leave("r1");
  expect(await waits).not.toBe(first);
  expect(starts).toBe(2);
  await pool.close();
});

test("what cannot be started is not kept", async () => {
  const pool = warmPool<{ link: Link }>(fakeClock(), 2);
  const failure = { code: "sandbox.no_tier", message: "no" };
  expect(await pool.acquire(A, async () => failure)).toBe(failure);
  const one = await pool.acquire(A, idle);
  expect(one).toHaveProperty("link");
  await pool.close();
});

function inFolder(work: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), "nanos-cache-test-"));
  try {
    work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("the cache keeps, forgets, and takes what is broken for absent", () =>
  inFolder((dir) => {
    const cache = manifestCache(join(dir, "deep/cache"));
    expect(cache.read("k")).toBeNull();
    cache.write("k", { a: 1 });
    expect(cache.read("k")).toMatchObject({ a: 1 });
    writeFileSync(join(dir, "deep/cache/k.json"), '{"a":1');
    expect(cache.read("k")).toBeNull();
    writeFileSync(join(dir, "deep/cache/k.json"), '{"a":1,"v":0}');
    expect(cache.read("k")).toBeNull();
    cache.write("k", { a: 2 });
    cache.drop("k");
    cache.drop("k");
    expect(cache.read("k")).toBeNull();
    writeFileSync(join(dir, "file"), "");
    manifestCache(join(dir, "file")).write("k", { a: 1 });
  }));

test("the cache stays small, the oldest go first", () =>
  inFolder((dir) => {
    for (let i = 0; i < 2 * LIMITS.arrangementItems; i++) {
      writeFileSync(join(dir, `${i}.json`), "{}");
      utimesSync(join(dir, `${i}.json`), i, i);
    }
    manifestCache(dir).write("new", {});
    expect(readdirSync(dir).length).toBe(2 * LIMITS.arrangementItems);
    expect(existsSync(join(dir, "0.json"))).toBe(false);
    expect(existsSync(join(dir, "new.json"))).toBe(true);
  }));

test("a hash is over names and contents, and follows no link", () =>
  inFolder((dir) => {
    mkdirSync(join(dir, "a/b"), { recursive: true });
    writeFileSync(join(dir, "a/b/c"), "1");
    const hash = (): string => hashTrees([join(dir, "a"), join(dir, "absent")]);
    const first = hash();
    expect(hash()).toBe(first);
    const seen = new Set([first]);
    const changed = (): void => {
      const now = hash();
      expect(seen.has(now)).toBe(false);
      seen.add(now);
    };
    writeFileSync(join(dir, "a/b/c"), "2");
    changed();
    writeFileSync(join(dir, "a/d"), "");
    changed();
    symlinkSync("/etc", join(dir, "a/etc"));
    changed();
    writeFileSync(join(dir, "absent"), "");
    changed();
    mkdirSync(join(dir, "deep", ...Array.from({ length: LIMITS.treeDepth + 2 }, () => "d")), {
      recursive: true,
    });
    expect(() => hashTrees([join(dir, "deep")])).toThrow(TooLarge);
    mkdirSync(join(dir, "many"));
    for (let i = 0; i <= LIMITS.treeFiles; i++) writeFileSync(join(dir, "many", String(i)), "");
    expect(() => hashTrees([join(dir, "many")])).toThrow(TooLarge);
  }));
