import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock, systemClock } from "../std/clock.ts";
import { openHome } from "./home.ts";
import { openStore, type StoreFile, withLock, writeAtomic } from "./store.ts";
import { refusal, testFolder } from "./testing/folder.ts";
import { child } from "./testing/process.ts";

function numbers(file: string): StoreFile<readonly number[]> {
  return openStore<readonly number[]>(
    {
      file,
      empty: [],
      parse: async (text) => JSON.parse(text) as number[],
      render: async (value) => JSON.stringify(value),
    },
    systemClock,
  );
}

test("a change is on disk, private, and keeps what was before", async () => {
  using folder = testFolder();
  const file = join(folder.dir, "deep/er/n.json");
  const store = numbers(file);
  expect(await store.read()).toEqual([]);
  expect(fs.existsSync(join(folder.dir, "deep"))).toBe(false);
  await store.change((value) => [...value, 1]);
  await store.change((value) => [...value, 2]);
  expect(fs.readFileSync(file, "utf8")).toBe("[1,2]");
  expect(fs.readFileSync(`${file}.previous`, "utf8")).toBe("[1]");
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(join(folder.dir, "deep/er")).toSorted()).toEqual([
    "n.json",
    "n.json.previous",
  ]);
});

test("what a dead process left half written is cleared away", async () => {
  using folder = testFolder({ ".n.json.999.0.tmp": "[", ".other.json.999.0.tmp": "[" });
  await numbers(join(folder.dir, "n.json")).change(() => [1]);
  expect(fs.readdirSync(folder.dir).toSorted()).toEqual([".other.json.999.0.tmp", "n.json"]);
});

test("a change that fails leaves everything as it was, and the lock free", async () => {
  using folder = testFolder({ "n.json": "[1]" });
  const store = numbers(join(folder.dir, "n.json"));
  const failing = store.change(() => {
    throw new Error("no");
  });
  expect((await refusal(() => failing)).message).toBe("no");
  expect(fs.readdirSync(folder.dir)).toEqual(["n.json"]);
  expect(await store.change((value) => [...value, 2])).toEqual([1, 2]);
});

test("changes of one process wait for each other", async () => {
  using folder = testFolder();
  const store = numbers(join(folder.dir, "n.json"));
  await Promise.all(Array.from({ length: 20 }, (_, i) => store.change((value) => [...value, i])));
  expect((await store.read()).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test("two processes that change grants and config lose nothing", async () => {
  using folder = testFolder();
  const home = join(folder.dir, "home");
  const said = await Promise.all([
    child([home, "grants", "12", "a"]),
    child([home, "grants", "12", "b"]),
    child([home, "config", "8", "a"]),
    child([home, "config", "8", "b"]),
  ]);
  expect(said).toEqual(["done", "done", "done", "done"]);
  const opened = openHome({ home, cwd: home, env: {} });
  expect((await opened.grants.list()).length).toBe(24);
  expect(Object.keys((await opened.config.read()).models).length).toBe(16);
}, 30_000);

describe("a lock", () => {
  test("of a process that was killed is taken over", async () => {
    using folder = testFolder();
    const file = join(folder.dir, "f");
    await child([file, "hold"]);
    expect(fs.existsSync(`${file}.lock`)).toBe(true);
    expect(await withLock(file, systemClock, async () => "mine")).toBe("mine");
    expect(fs.readdirSync(folder.dir)).toEqual([]);
  }, 30_000);

  test("of a living process is waited for, up to the limit", async () => {
    using folder = testFolder();
    const file = join(folder.dir, "f");
    await withLock(file, systemClock, async () => {
      const { code, message, next } = await refusal(() =>
        withLock(file, fakeClock(), async () => 1),
      );
      expect({ code, message, next }).toEqual({
        code: "home.locked",
        message: `Another process (${process.pid}) has been changing ${file} for too long.`,
        next: `Wait for it; if no nanos is running, remove ${file}.lock`,
      });
    });
  });

  test("whose holder's number now belongs to another process is taken over", async () => {
    using folder = testFolder();
    const file = join(folder.dir, "f");
    fs.writeFileSync(`${file}.lock`, `${process.pid} 1`);
    expect(await withLock(file, fakeClock(), async () => "mine")).toBe("mine");
  });
});

describe("a file that cannot be written", () => {
  test("because its folder is a file", async () => {
    using folder = testFolder({ a: "" });
    expect((await refusal(() => writeAtomic(join(folder.dir, "a/b"), ""))).code).toBe(
      "home.read_only",
    );
  });
  test("because the disk is full: what was there stays whole", async () => {
    using folder = testFolder({ "disk/x": "" });
    const disk = join(folder.dir, "disk");
    if (!mountTiny(disk)) return console.log("not available: a small disk (run the tests as root)");
    try {
      const file = join(disk, "n.json");
      const store = numbers(file);
      await store.change(() => [1]);
      const { code, message } = await refusal(() =>
        store.change(() => Array.from({ length: 50_000 }, (_, i) => i)),
      );
      expect({ code, message }).toEqual({
        code: "home.disk_full",
        message: `There is no room to write ${file}.`,
      });
      expect(fs.readFileSync(file, "utf8")).toBe("[1]");
      expect(fs.readdirSync(disk).toSorted()).toEqual(["n.json", "n.json.previous"]);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

function mountTiny(dir: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
