import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import * as fs from "node:fs";
import { join } from "node:path";
import { NanosError } from "../std/error.ts";
import type { Journal } from "./journal.ts";
import { journalFailure } from "./failure.ts";
import { codeOfFailure, draft, fill, inFolder, open } from "./testing/sample.ts";

/** Appends until it fails; gives the code, having checked that nothing of the failed one is there. */
async function fillUp(journal: Journal, bytes: number): Promise<string> {
  for (let i = 0; i < 10_000; i++) {
    const before = journal.size();
    const code = await codeOfFailure(() => journal.append([draft("r1", 10), draft("r1", bytes)]));
    if (code.startsWith("no failure")) continue;
    expect(journal.size()).toBe(before);
    expect(journal.verify()).toMatchObject({ ok: true, events: before });
    return code;
  }
  return "never full";
}

/** A small disk of its own, where this machine lets us mount one. */
async function onSmallDisk(size: string, act: (dir: string) => Promise<void>): Promise<void> {
  await inFolder(async (dir) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir], { stdio: "pipe" });
    } catch {
      process.stdout.write("not available: a small disk (run as root on Linux)\n");
      return;
    }
    try {
      await act(dir);
    } finally {
      execFileSync("umount", ["-l", dir]);
    }
  });
}

describe("a full disk", () => {
  test("fails by name, keeps what was written, and works again once there is space", () =>
    onSmallDisk("600k", async (dir) => {
      const ballast = join(dir, "ballast");
      fs.writeFileSync(ballast, Buffer.alloc(200_000));
      const journal = open(join(dir, "home"));
      expect(await fillUp(journal, 3_000)).toBe("journal.full");
      expect(await codeOfFailure(() => journal.append([draft("r2", 3_000)]))).toBe("journal.full");
      fs.rmSync(ballast);
      const before = journal.size();
      await journal.append([draft("r1", "again"), draft("r2")]);
      expect(journal.verify()).toMatchObject({ ok: true, events: before + 2 });
      journal.close();
      const next = open(join(dir, "home"));
      expect(next.verify()).toMatchObject({ ok: true, events: before + 2 });
      next.close();
    }));

  test("also where the large body's file has no room", () =>
    onSmallDisk("600k", async (dir) => {
      const journal = open(join(dir, "home"));
      await journal.append([draft("r1")]);
      expect(await fillUp(journal, 100_000)).toBe("journal.full");
      const files = fs.readdirSync(join(dir, "home", "bodies")).length;
      expect([...journal.since(0)].filter(({ event }) => event.body.bytes > 65_536).length).toBe(
        files,
      );
      journal.close();
    }));

  test("where not even an empty journal has room", () =>
    onSmallDisk("4k", async (dir) => {
      expect(await codeOfFailure(() => open(join(dir, "home")))).toBe("journal.full");
    }));

  test("views are kept in memory then, and reading works", () =>
    onSmallDisk("600k", async (dir) => {
      const journal = open(join(dir, "home"));
      await journal.append([draft("r1")]);
      const view = {
        name: "seqs",
        version: 1,
        tables: "CREATE TABLE seqs (seq INTEGER)",
        apply: (
          db: { run(sql: string, seq: number): void },
          { event }: { event: { seq: number } },
        ) => db.run("INSERT INTO seqs VALUES (?)", event.seq),
      };
      const check = (): void =>
        expect(journal.view(view, (db) => db.all("SELECT count(*) AS n FROM seqs"))).toEqual([
          { n: journal.size() },
        ]);
      check();
      expect(await fillUp(journal, 2_000)).toBe("journal.full");
      check();
      check();
      journal.close();
    }));
});

describe("the journal's own limits", () => {
  test("on the database", () =>
    inFolder(async (dir) => {
      const journal = open(dir, { maxBytes: 300_000 });
      expect(await fillUp(journal, 3_000)).toBe("journal.full");
      journal.close();
      const larger = open(dir, { maxBytes: 600_000 });
      await larger.append([draft("r1", 3_000)]);
      expect(larger.verify()).toMatchObject({ ok: true });
      larger.close();
    }));

  test("on the bodies kept as files", () =>
    inFolder(async (dir) => {
      const journal = open(dir, { maxBodyFilesBytes: 250_000 });
      expect(await fillUp(journal, 100_000)).toBe("journal.full");
      expect(fs.readdirSync(join(dir, "bodies")).length).toBe(2);
      // Small ones still fit, and erasing makes room.
      await journal.append([draft("r1", "small")]);
      const large = [...journal.since(0)].find(({ event }) => event.body.bytes > 65_536);
      await journal.erase(large!.event.hash, "room");
      await journal.append([draft("r1", 100_000)]);
      expect(journal.verify()).toMatchObject({ ok: true, erased: 1 });
      journal.close();
    }));

  test("on the wait for another process", () =>
    inFolder(async (dir) => {
      const journal = open(dir, { busyMs: 20 });
      const other = new DatabaseSync(join(dir, "journal.db"));
      other.exec("BEGIN IMMEDIATE");
      expect(await codeOfFailure(() => journal.append([draft("r1")]))).toBe("journal.busy");
      expect(await codeOfFailure(() => journal.lease("r1"))).toBe("journal.busy");
      other.exec("ROLLBACK");
      const [first] = await journal.append([draft("r1")]);
      // What failed in between must not make it forget where a chain ends.
      other.exec("BEGIN IMMEDIATE");
      expect(await codeOfFailure(() => journal.lease("r1"))).toBe("journal.busy");
      other.exec("ROLLBACK");
      const [second] = await journal.append([draft("r1")]);
      expect(second!.prev).toBe(first!.hash);
      expect(journal.verify()).toMatchObject({ ok: true, events: 2 });
      // A release that could not be written does not keep the run.
      const lease = journal.lease("r1");
      other.exec("BEGIN IMMEDIATE");
      lease!.release();
      other.exec("ROLLBACK");
      other.close();
      expect(journal.carried("r1")).toBe(false);
      await journal.append([draft("r1")]);
      expect(journal.lease("r1")?.epoch).toBe(2);
      journal.close();
    }));
});

describe("a home that may not be written", () => {
  /** Shows it on a disk mounted read-only; root is not held up by file modes. */
  const readOnly = (
    prepare: (home: string) => Promise<void> | void,
    act: (home: string) => Promise<void>,
  ) =>
    onSmallDisk("4m", async (dir) => {
      const home = join(dir, "home");
      await prepare(home);
      execFileSync("mount", ["-o", "remount,ro", dir]);
      await act(home);
    });
  const written = async (home: string): Promise<void> => {
    const journal = open(home);
    await fill(journal);
    journal.close();
  };

  test("is read, verified and viewed, and refuses appends and leases by name", () =>
    readOnly(written, async (home) => {
      const journal = open(home);
      expect(journal.verify()).toMatchObject({ ok: true, events: 8 });
      expect([...journal.chain("r1")].length).toBe(3);
      const view = { name: "v", version: 1, tables: "CREATE TABLE t (x)", apply: () => undefined };
      expect(journal.view(view, (db) => db.all("SELECT count(*) AS n FROM t"))).toEqual([{ n: 0 }]);
      expect(await codeOfFailure(() => journal.append([draft("r1")]))).toBe("journal.read_only");
      expect(await codeOfFailure(() => journal.lease("r1"))).toBe("journal.read_only");
      expect(await codeOfFailure(() => journal.erase(journal.head("r1")!.hash, "x"))).toBe(
        "journal.read_only",
      );
      expect(await codeOfFailure(() => journal.onWake(() => undefined))).toBe("journal.read_only");
      await journal.wake("nobody");
      journal.close();
    }));

  test("also while it has a log that was not written back", () =>
    readOnly(
      async (home) => {
        const journal = open(`${home}-first`);
        await fill(journal);
        // As a process that was killed leaves it: the log beside the file.
        fs.cpSync(`${home}-first`, home, { recursive: true });
        journal.close();
        expect(fs.statSync(join(home, "journal.db-wal")).size).toBeGreaterThan(0);
      },
      async (home) => {
        const journal = open(home);
        expect(journal.verify()).toMatchObject({ ok: true, events: 8 });
        expect(await codeOfFailure(() => journal.append([draft("r1")]))).toBe("journal.read_only");
        journal.close();
      },
    ));

  test("and has no journal yet is refused", () =>
    readOnly(
      () => undefined,
      async (home) => {
        expect(await codeOfFailure(() => open(home))).toBe("journal.read_only");
      },
    ));
});

describe("a place that is no journal's", () => {
  test("a file where the folder should be", () =>
    inFolder(async (dir) => {
      fs.writeFileSync(join(dir, "file"), "");
      expect(await codeOfFailure(() => open(join(dir, "file")))).toBe("journal.disk");
    }));

  test("a folder where the file should be", () =>
    inFolder(async (dir) => {
      fs.mkdirSync(join(dir, "journal.db"));
      expect(await codeOfFailure(() => open(dir))).toBe("journal.disk");
    }));

  test("another program's database, and a newer nanos's", () =>
    inFolder(async (dir) => {
      const file = join(dir, "journal.db");
      const db = new DatabaseSync(file);
      db.exec("CREATE TABLE theirs (x)");
      expect(await codeOfFailure(() => open(dir))).toBe("journal.damaged");
      db.exec("PRAGMA user_version = 3");
      expect(await codeOfFailure(() => open(dir))).toBe("journal.newer");
      db.exec("PRAGMA user_version = 1");
      expect(await codeOfFailure(() => open(dir))).toBe("journal.damaged");
      db.close();
    }));
});

describe("failures", () => {
  const sqlite = (errcode: number): Error =>
    Object.assign(new Error("says SQLite"), { code: "ERR_SQLITE_ERROR", errcode });
  const system = (code: string): Error => Object.assign(new Error("says the system"), { code });
  const cases: readonly (readonly [Error, string])[] = [
    [sqlite(13), "journal.full"],
    [sqlite(8), "journal.read_only"],
    [sqlite(1032), "journal.read_only"],
    [sqlite(10), "journal.disk"],
    [sqlite(778), "journal.disk"],
    [sqlite(14), "journal.disk"],
    [sqlite(11), "journal.damaged"],
    [sqlite(26), "journal.damaged"],
    [sqlite(5), "journal.busy"],
    [sqlite(517), "journal.busy"],
    [system("ENOSPC"), "journal.full"],
    [system("EDQUOT"), "journal.full"],
    [system("EROFS"), "journal.read_only"],
    [system("EACCES"), "journal.read_only"],
    [system("EIO"), "journal.disk"],
  ];
  for (const [error, code] of cases) {
    test(`${JSON.stringify(error)} is ${code}, with what to do`, () => {
      const failure = journalFailure(error, "journal.db");
      expect(failure).toBeInstanceOf(NanosError);
      expect(failure).toMatchObject({ code, cause: error });
      expect((failure as NanosError).next.length).toBeGreaterThan(10);
    });
  }

  test("what is not the disk's doing stays what it is", () => {
    const named = new NanosError("a.b", "c", "d");
    expect(journalFailure(named, "x")).toBe(named);
    const bug = new Error("bug");
    expect(journalFailure(bug, "x")).toBe(bug);
    const constraint = sqlite(1811);
    expect(journalFailure(constraint, "x")).toBe(constraint);
  });
});
