import { describe, expect, test } from "bun:test";
import { DatabaseSync } from "node:sqlite";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { systemRandom } from "../std/random.ts";
import type { Journal, ViewSpec } from "./journal.ts";
import { memoryJournal } from "./open.ts";
import { draft, fill, inFolder, open } from "./testing/sample.ts";

let applied = 0;

/** Counts events by chain and keeps the newest body of each. */
const counts: ViewSpec = {
  name: "counts",
  version: 1,
  tables: `CREATE TABLE counts (run TEXT PRIMARY KEY, n INTEGER NOT NULL, last TEXT);
    CREATE INDEX counts_n ON counts (n);
    CREATE VIEW many AS SELECT * FROM counts WHERE n > 1;`,
  apply(db, { event, body }) {
    applied += 1;
    db.run(
      `INSERT INTO counts VALUES (?, 1, ?)
       ON CONFLICT (run) DO UPDATE SET n = n + 1, last = excluded.last`,
      event.run,
      JSON.stringify(body),
    );
  },
};
const other: ViewSpec = {
  name: "other",
  version: 1,
  tables: "CREATE TABLE other (seq INTEGER PRIMARY KEY)",
  apply: (db, { event }) => db.run("INSERT INTO other VALUES (?)", event.seq),
};

const rows = (journal: Journal): unknown =>
  journal.view(counts, (db) => [
    db.all("SELECT * FROM counts ORDER BY run"),
    db.all("SELECT run FROM many ORDER BY run"),
  ]);

/** How many events were applied while `act` ran. */
function work(act: () => void): number {
  const before = applied;
  act();
  return applied - before;
}

describe("a view", () => {
  test("reads on from where it was, and nothing when nothing is new", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      await fill(journal);
      expect(work(() => rows(journal))).toBe(8);
      expect(work(() => rows(journal))).toBe(0);
      await journal.append([draft("r9"), draft("r9")]);
      expect(work(() => rows(journal))).toBe(2);
      journal.close();
      const again = open(dir);
      expect(work(() => rows(again))).toBe(0);
      again.close();
    }));

  test("deleted, is made again with equal rows", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      for (let i = 0; i < 30; i++) {
        await journal.append([draft(`r${i % 4}`, i), draft("home", `${i}`)]);
        if (i % 7 === 0) rows(journal);
        if (i === 20) await journal.erase(journal.head("home")!.hash, "asked for");
      }
      const before = rows(journal);
      journal.close();
      for (const name of fs.readdirSync(dir)) {
        if (name.startsWith("views.db")) fs.rmSync(join(dir, name));
      }
      const again = open(dir);
      expect(work(() => expect(rows(again)).toEqual(before))).toBe(again.size());
      again.close();
    }));

  test("of another version is made again, and leaves nothing of the old one", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      await fill(journal);
      rows(journal);
      journal.view(other, () => undefined);
      const next: ViewSpec = {
        ...counts,
        version: 2,
        tables: "CREATE TABLE runs (run TEXT PRIMARY KEY)",
        apply: (db, { event }) => db.run("INSERT OR IGNORE INTO runs VALUES (?)", event.run),
      };
      expect(journal.view(next, (db) => db.all("SELECT run FROM runs ORDER BY run"))).toEqual([
        { run: "home" },
        { run: "r1" },
        { run: "r2" },
      ]);
      const names = journal.view(next, (db) =>
        db.all("SELECT name FROM sqlite_schema ORDER BY name"),
      );
      expect(names.map(({ name }) => name)).not.toContain("counts");
      expect(names.map(({ name }) => name)).not.toContain("many");
      expect(names.map(({ name }) => name)).toContain("other");
      expect(work(() => rows(journal))).toBe(8);
      journal.close();
    }));

  for (const [what, damage] of [
    ["text", () => Buffer.from("not a database at all ".repeat(500))],
    ["zeros", (bytes: Buffer) => Buffer.alloc(bytes.length)],
    ["noise in its pages", (bytes: Buffer) => bytes.fill(0xa5, 100)],
  ] as const) {
    test(`damaged (${what}), is made again`, () =>
      inFolder(async (dir) => {
        const journal = open(dir);
        await fill(journal);
        const before = rows(journal);
        journal.close();
        const file = join(dir, "views.db");
        fs.writeFileSync(file, damage(fs.readFileSync(file)));
        const again = open(dir);
        expect(rows(again)).toEqual(before);
        again.close();
        const third = open(dir);
        expect(work(() => expect(rows(third)).toEqual(before))).toBe(0);
        third.close();
      }));
  }

  test("of another journal in the same place is made again", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      await one.append([draft("r1"), draft("r1"), draft("r1")]);
      rows(one);
      one.close();
      fs.rmSync(join(dir, "journal.db"));
      const two = open(dir);
      await two.append([draft("r2"), draft("r2"), draft("r2"), draft("r2")]);
      expect(rows(two)).toMatchObject([[{ run: "r2", n: 4 }], [{ run: "r2" }]]);
      two.close();
    }));

  test("is shared by two processes, each of which sees all", () =>
    inFolder(async (dir) => {
      const one = open(dir);
      const two = open(dir);
      for (let i = 0; i < 5; i++) {
        await one.append([draft("r1")]);
        expect(rows(two)).toEqual(rows(one));
        await two.append([draft("r2")]);
        expect(rows(one)).toEqual(rows(two));
      }
      // Another version in one of them takes the tables from under the other.
      one.view({ ...counts, version: 3 }, () => undefined);
      expect(rows(two)).toMatchObject([
        [
          { run: "r1", n: 5 },
          { run: "r2", n: 5 },
        ],
        [{ run: "r1" }, { run: "r2" }],
      ]);
      one.close();
      two.close();
    }));

  test("that fails leaves the others and itself as they were", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      await fill(journal);
      const before = rows(journal);
      const broken: ViewSpec = {
        ...other,
        name: "broken",
        apply: () => {
          throw new Error("cannot");
        },
      };
      expect(() => journal.view(broken, () => undefined)).toThrow("cannot");
      expect(() => journal.view(counts, (db) => db.all("SELECT * FROM nowhere"))).toThrow(
        "nowhere",
      );
      expect(() => journal.view(counts, () => journal.view(other, () => undefined))).toThrow(
        "inside another one",
      );
      expect(rows(journal)).toEqual(before);
      journal.close();
    }));

  test("skips nothing and stops at nothing for a body that is not readable", () =>
    inFolder(async (dir) => {
      const first = open(dir);
      await fill(first);
      first.close();
      const db = new DatabaseSync(join(dir, "journal.db"));
      db.exec("DROP TRIGGER events_update; UPDATE events SET text = '{' WHERE seq = 2");
      db.close();
      const journal = open(dir);
      expect(work(() => rows(journal))).toBe(8);
      journal.close();
    }));

  test("whose file is no file is kept in memory", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      await fill(journal);
      fs.mkdirSync(join(dir, "views.db"));
      expect(work(() => rows(journal))).toBe(8);
      expect(work(() => rows(journal))).toBe(0);
      journal.close();
    }));

  test("damaged or out of reach, is still forgotten when a body is erased", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      const [event] = await journal.append([draft("r1", "secret")]);
      fs.writeFileSync(join(dir, "views.db"), "not a database at all: secret ".repeat(100));
      await journal.erase(event!.hash, "asked for");
      expect(fs.existsSync(join(dir, "views.db"))).toBe(false);
      expect(rows(journal)).toMatchObject([
        [
          { run: "home", n: 1 },
          { run: "r1", last: "null" },
        ],
        [],
      ]);
      journal.close();
    }));

  test("many statements are used without being kept", async () => {
    const journal = memoryJournal({ clock: fakeClock(), random: systemRandom });
    await fill(journal);
    journal.view(counts, (db) => {
      for (let i = 0; i < 1_000; i++) db.all(`SELECT ${i} AS i FROM counts WHERE run = ?`, "r1");
    });
    expect(rows(journal)).toMatchObject([
      [{ run: "home", n: 2 }, { run: "r1" }, { run: "r2" }],
      {},
    ]);
    journal.close();
  });
});

describe("a view of some kinds", () => {
  const resumed = (run: string) => ({
    ...draft(run),
    body: { kind: "run.resumed", by: "operator" } as const,
  });
  const some: ViewSpec = {
    name: "some",
    version: 1,
    kinds: ["run.resumed"],
    tables: "CREATE TABLE some (seq INTEGER PRIMARY KEY)",
    apply: (db, { event }) => {
      applied += 1;
      db.run("INSERT INTO some VALUES (?)", event.seq);
    },
  };
  const seqs = (journal: Journal): unknown =>
    journal.view(some, (db) => db.all("SELECT seq FROM some ORDER BY seq")).map(({ seq }) => seq);
  const stored = (dir: string): unknown => {
    const db = new DatabaseSync(join(dir, "views.db"), { readOnly: true });
    const row = db.prepare("SELECT seq FROM cursors WHERE view = 'some'").get();
    db.close();
    return row?.["seq"];
  };

  test("writes nothing while nothing of them comes, and is not left far behind", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      await journal.append([draft("r1"), resumed("r1")]);
      expect([seqs(journal), stored(dir)]).toEqual([[2], 2]);
      for (let i = 0; i < 3; i++) {
        await journal.append([draft("r2")]);
        expect([seqs(journal), stored(dir)]).toEqual([[2], 2]);
      }
      await journal.append([resumed("r2")]);
      expect([seqs(journal), stored(dir)]).toEqual([[2, 6], 6]);
      const many = Array.from({ length: LIMITS.viewBehind / 4 }, () => draft("r3"));
      for (let i = 0; i < 4; i++) {
        await journal.append(many);
        expect([seqs(journal), stored(dir)]).toEqual([[2, 6], 6]);
      }
      await journal.append([draft("r3")]);
      expect([seqs(journal), stored(dir)]).toEqual([[2, 6], 7 + LIMITS.viewBehind]);
      journal.close();
    }));

  test("sees what another process wrote, and is made anew where a body was erased", () =>
    inFolder(async (dir) => {
      const [journal, other] = [open(dir), open(dir)];
      await journal.append([resumed("r1"), draft("r2")]);
      expect([seqs(journal), seqs(other)]).toEqual([[1], [1]]);
      await other.append([draft("r2"), resumed("r2")]);
      expect([seqs(journal), seqs(other)]).toEqual([
        [1, 4],
        [1, 4],
      ]);
      await journal.append([draft("r2")]);
      expect(work(() => seqs(journal))).toBe(0);
      await other.erase(other.head("r2")!.hash, "asked for");
      expect(work(() => seqs(journal))).toBe(2);
      journal.close();
      other.close();
    }));
});
