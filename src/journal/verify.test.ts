import { describe, expect, test } from "bun:test";
import { DatabaseSync } from "node:sqlite";
import * as fs from "node:fs";
import { join } from "node:path";
import type { Journal, Verified } from "./journal.ts";
import { codeOfFailure, childDraft, draft, fill, inFolder, open } from "./testing/sample.ts";

/** A closed journal on disk. */
async function written(dir: string): Promise<void> {
  const journal = open(dir);
  await fill(journal);
  journal.close();
}

/** Changes the file behind the journal's back, as somebody with an editor for it would. */
function tamper(dir: string, sql: string): void {
  const db = new DatabaseSync(join(dir, "journal.db"));
  const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  db.exec(sql);
  for (const trigger of triggers) db.exec(String(trigger["sql"]));
  db.close();
}

function verified(dir: string, run?: string): Verified {
  const journal = open(dir);
  try {
    return journal.verify(run);
  } finally {
    journal.close();
  }
}

/** What `verify` says, all of it and the run alone, after one change. */
function check(
  name: string,
  sql: string | ((dir: string) => void),
  seq: number | null,
  why: RegExp,
): void {
  test(name, () =>
    inFolder(async (dir) => {
      await written(dir);
      expect(verified(dir)).toMatchObject({ ok: true, erased: 1 });
      if (typeof sql === "string") tamper(dir, sql);
      else sql(dir);
      const found = verified(dir);
      expect(found).toMatchObject({ ok: false, seq });
      expect(found.ok ? "" : found.why).toMatch(why);
    }),
  );
}

describe("one change is found and named", () => {
  const own = /content does not match its hash/u;
  check("time", "UPDATE events SET at = at + 1 WHERE seq = 3", 3, own);
  check("step", "UPDATE events SET step = '.2' WHERE seq = 3", 3, own);
  check("no step", "UPDATE events SET step = NULL WHERE seq = 3", 3, own);
  check("digest", "UPDATE events SET digest = zeroblob(32) WHERE seq = 3", 3, own);
  check("length", "UPDATE events SET bytes = bytes + 1 WHERE seq = 3", 3, own);
  check("hash", "UPDATE events SET hash = zeroblob(32) WHERE seq = 3", 3, own);
  check("form", "UPDATE events SET form = 2 WHERE seq = 3", 3, own);
  check(
    "no form",
    "UPDATE events SET form = 99 WHERE seq = 3",
    3,
    /actor, kind, label and policy/u,
  );
  check("the form's text", "UPDATE forms SET text = replace(text, 'kernel', 'Kernel')", 1, own);
  check("prev of a first entry", "UPDATE events SET prev = zeroblob(32) WHERE seq = 4", 4, own);
  check(
    "chain",
    "UPDATE events SET chain = 1 WHERE seq = 3",
    3,
    /does not lead to the entry before/u,
  );
  check(
    "no chain",
    "UPDATE events SET chain = 99, back = 0 WHERE seq = 3",
    3,
    /name of its chain/u,
  );
  check("the run's name", "UPDATE chains SET run = 'r9' WHERE run = 'r1'", 2, own);
  check(
    "link",
    "UPDATE events SET back = 1 WHERE seq = 3",
    3,
    /does not lead to the entry before/u,
  );
  check(
    "link forward",
    "UPDATE events SET back = 5 WHERE seq = 3",
    3,
    /does not lead to the entry before/u,
  );
  check(
    "a prev that should not be stored",
    "UPDATE events SET prev = zeroblob(32) WHERE seq = 3",
    3,
    /not that entry's hash/u,
  );
  const body = /body does not match its digest/u;
  check(
    "body",
    "UPDATE events SET text = replace(text, 'question', 'Question') WHERE seq = 2",
    2,
    body,
  );
  check("salt", "UPDATE events SET salt = zeroblob(16) WHERE seq = 2", 2, body);
  check("salt gone", "UPDATE events SET salt = NULL WHERE seq = 2", 2, /salt of its body/u);
  check(
    "body gone",
    "UPDATE events SET salt = NULL, text = NULL WHERE seq = 2",
    2,
    /missing and was never erased/u,
  );
  check(
    "body gone, with a line that says so",
    "UPDATE events SET salt = NULL, text = NULL WHERE seq = 2; INSERT INTO erased VALUES (2, 7)",
    2,
    /event 7 does not say it was erased/u,
  );
  check(
    "body put back",
    "UPDATE events SET salt = zeroblob(16), text = 'x' WHERE seq = 1",
    1,
    /does not match its digest/u,
  );
  check("erasure forgotten", "DELETE FROM erased", 1, /missing and was never erased/u);
  check(
    "text gone from a row",
    "UPDATE events SET text = NULL WHERE seq = 2",
    2,
    /bodies\/2, is missing/u,
  );
  check(
    "an entry in the middle gone",
    "DELETE FROM events WHERE seq = 3",
    4,
    /event 3 is missing/u,
  );
  check("the last entry gone", "DELETE FROM events WHERE seq = 8", 8, /Event 8 of r2 is missing/u);
  check(
    "all entries gone",
    "DELETE FROM events",
    5,
    /Event 5 of r1 is missing: its chain ends at 0/u,
  );
  check(
    "the heads cut too, not the mark",
    "DELETE FROM events WHERE seq = 8; UPDATE chains SET head = 6 WHERE run = 'r2'",
    8,
    /there were 8/u,
  );
  check(
    "an entry of no chain",
    "UPDATE events SET at = 'now' WHERE seq = 99; DELETE FROM chains WHERE run = 'r2'",
    4,
    /name of its chain/u,
  );
  check("a body's file", (dir) => flip(join(dir, "bodies", "5"), 40_000, 1), 5, body);
  check(
    "a body's file gone",
    (dir) => fs.rmSync(join(dir, "bodies", "5")),
    5,
    /bodies\/5, is missing/u,
  );
  check(
    "a trigger gone",
    (dir) => direct(dir, "DROP TRIGGER events_update"),
    null,
    /events_update.* is missing/u,
  );
  check(
    "a trigger changed",
    (dir) =>
      direct(
        dir,
        "DROP TRIGGER events_delete; CREATE TRIGGER events_delete BEFORE DELETE ON events BEGIN SELECT 1; END",
      ),
    null,
    /events_delete.* was changed/u,
  );
  check(
    "a table more",
    (dir) => direct(dir, "CREATE TABLE more (x)"),
    null,
    /more does not belong/u,
  );
});

describe("links between chains", () => {
  const branch = async (
    dir: string,
    change: (journal: Journal) => Promise<void>,
  ): Promise<Verified> => {
    const journal = open(dir);
    await change(journal);
    const found = journal.verify();
    journal.close();
    return found;
  };

  test("a branch must continue an entry that is there", () =>
    inFolder(async (dir) => {
      const found = await branch(dir, async (journal) => {
        const [root] = await journal.append([draft("r1")]);
        await journal.append([childDraft("r2", { ...root!, hash: "e".repeat(64) })]);
      });
      expect(found).toMatchObject({ ok: false, seq: 2, run: "r2" });
      expect(found.ok ? "" : found.why).toMatch(/an entry that r1 does not have/u);
    }));

  test("also of a run that is there, and before it", () =>
    inFolder(async (dir) => {
      const found = await branch(dir, async (journal) => {
        const [root] = await journal.append([draft("r1")]);
        await journal.append([childDraft("r2", { ...root!, run: "nobody" })]);
      });
      expect(found).toMatchObject({ ok: false, seq: 2 });
    }));

  test("a chain that names no parent starts anew", () =>
    inFolder(async (dir) => {
      await branch(dir, async (journal) => {
        const [root] = await journal.append([draft("r1")]);
        const [first] = await journal.append([childDraft("r2", root!)]);
        await journal.erase(first!.hash, "its words are gone, its place is not");
      });
      expect(verified(dir)).toMatchObject({ ok: true, erased: 1 });
    }));
});

describe("one run", () => {
  test("is checked by itself, and another run's damage is not its own", () =>
    inFolder(async (dir) => {
      await written(dir);
      expect(verified(dir, "r1")).toEqual({ ok: true, events: 3, chains: 1, erased: 0 });
      expect(verified(dir, "home")).toMatchObject({ ok: true, erased: 1 });
      expect(verified(dir, "nobody")).toEqual({ ok: true, events: 0, chains: 0, erased: 0 });
      tamper(dir, "UPDATE events SET at = at + 1 WHERE seq = 6");
      expect(verified(dir, "r1")).toMatchObject({ ok: true });
      expect(verified(dir, "r2")).toMatchObject({ ok: false, seq: 6, run: "r2" });
      tamper(dir, "DELETE FROM events WHERE seq = 5");
      expect(verified(dir, "r1")).toMatchObject({ ok: false, seq: 5, run: "r1" });
    }));

  test("a link into another run is not followed silently", () =>
    inFolder(async (dir) => {
      await written(dir);
      tamper(dir, "UPDATE events SET back = 4 WHERE seq = 5");
      expect(verified(dir, "r1")).toMatchObject({ ok: false });
      tamper(dir, "UPDATE events SET back = 99 WHERE seq = 5");
      expect(verified(dir, "r1")).toMatchObject({ ok: false });
    }));
});

describe("reading what was changed", () => {
  test("fails by name for a chain and a body, and not for the others", () =>
    inFolder(async (dir) => {
      const first = open(dir);
      const events = await fill(first);
      first.close();
      tamper(dir, "UPDATE events SET text = '{}' WHERE seq = 2");
      const journal = open(dir);
      expect(await codeOfFailure(() => [...journal.chain("r1")])).toBe("journal.tampered");
      expect(await codeOfFailure(() => journal.body(events[1]!))).toBe("journal.tampered");
      expect([...journal.chain("r2")].length).toBe(3);
      expect([...journal.since(0, { bodies: true })].length).toBe(8);
      expect(await codeOfFailure(() => journal.body({ ...events[0]!, hash: "0" }))).toBe(
        "journal.tampered",
      );
      expect(await codeOfFailure(() => journal.body({ ...events[0]!, seq: 99 }))).toBe(
        "journal.tampered",
      );
      journal.close();
    }));
});

describe("the database refuses", () => {
  const refused = [
    "UPDATE events SET at = 1",
    "UPDATE events SET salt = NULL, text = NULL WHERE seq = 2",
    "INSERT INTO erased VALUES (2, 8); UPDATE events SET salt = NULL, text = NULL, at = 1 WHERE seq = 2",
    "UPDATE OR REPLACE events SET seq = 1 WHERE seq = 2",
    "DELETE FROM events",
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 3",
    "INSERT INTO events SELECT 99, chain, back, step, at, form, digest, bytes, prev, hash, salt, text FROM events WHERE seq = 3",
    "UPDATE forms SET text = ''",
    "DELETE FROM forms",
    "INSERT OR REPLACE INTO forms VALUES (1, 'x')",
    "UPDATE chains SET run = 'x'",
    "UPDATE chains SET head = 0",
    "UPDATE chains SET epoch = -1",
    "DELETE FROM chains",
    "INSERT OR REPLACE INTO chains VALUES (1, 'x', 0, 0, NULL)",
    "UPDATE erased SET by = 1",
    "DELETE FROM erased",
    "INSERT OR REPLACE INTO erased VALUES (1, 1)",
    "UPDATE mark SET upto = 0",
    "DELETE FROM mark",
  ];
  for (const sql of refused) {
    test(sql, () =>
      inFolder(async (dir) => {
        await written(dir);
        const db = new DatabaseSync(join(dir, "journal.db"));
        expect(() => db.exec(`BEGIN; ${sql}; COMMIT`)).toThrow("the journal is append-only");
        db.close();
        expect(verified(dir)).toMatchObject({ ok: true });
      }),
    );
  }
});

function flip(file: string, at: number, bits: number): void {
  const bytes = fs.readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ bits;
  fs.writeFileSync(file, bytes);
}

function direct(dir: string, sql: string): void {
  const db = new DatabaseSync(join(dir, "journal.db"));
  db.exec(sql);
  db.close();
}
