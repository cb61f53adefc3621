import { DatabaseSync, type StatementSync } from "node:sqlite";
import * as fs from "node:fs";
import { join } from "node:path";
import { assert, NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Random } from "../std/random.ts";
import { makeWhole } from "./database.ts";
import { isDamage, journalFailure } from "./failure.ts";
import type { SqlValue, ViewReader, ViewSpec, ViewWriter } from "./journal.ts";
import type { Reader } from "./reader.ts";
import { hex } from "./row/entry.ts";

/** How far a view has read the journal. */
interface Cursor {
  readonly version: number;
  readonly seq: number;
  /** Hash of the event at `seq`: another journal in the same place gives another view. */
  readonly hash: string;
  /** Tables and indexes of the view, as a JSON list of `[type, name]`. */
  readonly objects: string;
}

/**
 * Views: what was derived from the journal, in views.db. The file may be deleted at any time; it is
 * made again when missing, damaged, of another version or of another journal, and wherever a body
 * was erased, so that nothing derived outlives what it came from. Where it cannot be written, views
 * are kept in memory.
 */
export class Views {
  /** Where it lies, or would if it were not in memory; empty where there is no such place. */
  readonly #file: string;
  #inMemory: boolean;
  readonly #reader: Reader;
  readonly #random: Random;
  #db: DatabaseSync | null = null;
  #tables: Tables | null = null;
  #version: unknown = null;
  /** The cursors as they are stored. */
  readonly #cursors = new Map<string, Cursor>();
  /** Up to where nothing came that a view looks at, since its stored cursor. */
  readonly #still = new Map<string, number>();
  #isReading = false;

  constructor(dir: string | null, reader: Reader, random: Random) {
    this.#random = random;
    this.#inMemory = dir === null;
    this.#file = dir === null ? "" : join(dir, "views.db");
    this.#reader = reader;
  }

  read<T>(spec: ViewSpec, read: (db: ViewReader) => T): T {
    assert(!this.#isReading, "a view is read inside another one");
    this.#isReading = true;
    try {
      return this.#attempt(spec, read);
    } catch (error) {
      if (!this.#recover(error)) throw error;
      return this.#attempt(spec, read);
    } finally {
      this.#isReading = false;
    }
  }

  /** Forgets every view, on disk too; the next read makes it anew. */
  purge(): void {
    if (!this.#inMemory && fs.existsSync(this.#file)) {
      try {
        const db = this.#open();
        transaction(db, () => {
          for (const name of names(db)) this.#drop(db, name);
        });
        db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        return;
      } catch (error) {
        if (!this.#recover(error)) throw error;
      }
    }
    this.close();
    this.#removeFile();
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
    this.#tables = null;
    this.#version = null;
    this.#cursors.clear();
  }

  /** True when a second attempt may do: the file is made anew, or memory takes its place. */
  #recover(error: unknown): boolean {
    // What this one read may have been rolled back.
    this.#cursors.clear();
    if (this.#inMemory) return false;
    if (isDamage(error)) {
      this.close();
      this.#removeFile();
      return true;
    }
    if (!(error instanceof NanosError) || !UNWRITABLE.has(error.code)) return false;
    this.close();
    this.#inMemory = true;
    return true;
  }

  #removeFile(): void {
    if (this.#file === "") return;
    for (const end of ["", "-wal", "-shm"]) fs.rmSync(this.#file + end, { force: true });
  }

  #attempt<T>(spec: ViewSpec, read: (db: ViewReader) => T): T {
    const db = this.#open();
    const tables = (this.#tables ??= new Tables(db));
    this.#notice(tables);
    if (!this.#isFresh(spec)) transaction(db, () => this.#update(db, tables, spec));
    // One snapshot for all that `read` asks.
    return transaction(db, () => read(tables), "BEGIN");
  }

  /** True where nothing came that the view would have to be told of. Writes nothing. */
  #isFresh({ name, version, kinds }: ViewSpec): boolean {
    const cursor = this.#cursors.get(name);
    if (cursor?.version !== version) return false;
    const size = this.#reader.size();
    if (cursor.seq === size) return true;
    // Whoever opens it next reads on from what is stored, so that is not left far behind.
    if (kinds === undefined || size - cursor.seq > LIMITS.viewBehind) return false;
    const came = this.#reader.kinds(this.#still.get(name) ?? cursor.seq, size);
    const isStill = !came.some((kind) => kinds.includes(kind) || kind === "body.erased");
    if (isStill) this.#still.set(name, size);
    return isStill;
  }

  #open(): DatabaseSync {
    if (this.#db) return this.#db;
    if (this.#inMemory) return (this.#db = prepared(new DatabaseSync(":memory:")));
    try {
      if (!fs.existsSync(this.#file)) makeWhole(this.#file, this.#random, prepare);
      this.#db = prepared(new DatabaseSync(this.#file, { timeout: LIMITS.journalBusyMs }));
    } catch (error) {
      throw isDamage(error) ? error : journalFailure(error, "views.db");
    }
    return this.#db;
  }

  /** Another process may have moved a cursor, or made a view anew. */
  #notice(tables: Tables): void {
    const version = tables.all("PRAGMA data_version")[0]?.["data_version"];
    if (version === this.#version) return;
    this.#version = version;
    this.#cursors.clear();
  }

  #update(db: DatabaseSync, tables: Tables, spec: ViewSpec): void {
    const cursor = loadCursor(db, spec.name);
    const fits = cursor?.version === spec.version && this.#isOurs(cursor);
    const from = fits ? cursor : this.#make(db, spec);
    const last = this.#apply(tables, spec, from, !fits);
    const end = last ?? this.#apply(tables, spec, this.#make(db, spec), true);
    assert(end, "a view made anew has read everything");
    db.prepare("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?)").run(
      spec.name,
      end.version,
      end.seq,
      end.hash,
      end.objects,
    );
    this.#cursors.set(spec.name, end);
    this.#still.delete(spec.name);
  }

  /** Reads on from a cursor; null when what was read before must be forgotten. */
  #apply(tables: Tables, spec: ViewSpec, from: Cursor, isNew: boolean): Cursor | null {
    let { seq, hash } = from;
    const { kinds } = spec;
    for (const recorded of this.#reader.since(seq, spec.bodies ?? kinds ?? true)) {
      if (!isNew && recorded.event.kind === "body.erased") return null;
      if (kinds?.includes(recorded.event.kind) ?? true) spec.apply(tables, recorded);
      ({ seq, hash } = recorded.event);
    }
    return { ...from, seq, hash };
  }

  #isOurs({ seq, hash }: Cursor): boolean {
    return seq === 0 || hex(this.#reader.row(seq)?.hash) === hash;
  }

  #make(db: DatabaseSync, spec: ViewSpec): Cursor {
    this.#drop(db, spec.name);
    const before = new Set(objects(db).map(String));
    db.exec(spec.tables);
    const made = objects(db).filter((object) => !before.has(String(object)));
    return { version: spec.version, seq: 0, hash: "", objects: JSON.stringify(made) };
  }

  #drop(db: DatabaseSync, name: string): void {
    const cursor = loadCursor(db, name);
    this.#cursors.delete(name);
    if (!cursor) return;
    for (const [type, object] of JSON.parse(cursor.objects) as [string, string][]) {
      db.exec(`DROP ${type} IF EXISTS "${object.replaceAll('"', '""')}"`);
    }
    db.prepare("DELETE FROM cursors WHERE view = ?").run(name);
  }
}

const UNWRITABLE = new Set(["journal.full", "journal.read_only", "journal.disk"]);

/** What a view reads and writes by, with its statements kept prepared. */
class Tables implements ViewWriter {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly Record<string, SqlValue>[] {
    return this.#prepare(sql).all(...values) as Record<string, SqlValue>[];
  }

  run(sql: string, ...values: readonly SqlValue[]): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= LIMITS.viewStatements) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function prepare(db: DatabaseSync): void {
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS cursors (
      view TEXT PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL,
      hash TEXT NOT NULL, objects TEXT NOT NULL
    ) STRICT`);
}

function prepared(db: DatabaseSync): DatabaseSync {
  try {
    prepare(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function transaction<T>(db: DatabaseSync, act: () => T, begin = "BEGIN IMMEDIATE"): T {
  db.exec(begin);
  try {
    const result = act();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw isDamage(error) ? error : journalFailure(error, "views.db");
  }
}

function loadCursor(db: DatabaseSync, view: string): Cursor | null {
  const row = db.prepare("SELECT * FROM cursors WHERE view = ?").get(view);
  if (!row) return null;
  return {
    version: Number(row["version"]),
    seq: Number(row["seq"]),
    hash: String(row["hash"]),
    objects: String(row["objects"]),
  };
}

function names(db: DatabaseSync): readonly string[] {
  return db
    .prepare("SELECT view FROM cursors")
    .all()
    .map((row) => String(row["view"]));
}

/** Tables and views of the file, without what goes with them by itself. */
function objects(db: DatabaseSync): readonly (readonly [string, string])[] {
  const sql =
    "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
  return db
    .prepare(sql)
    .all()
    .map((row) => [String(row["type"]), String(row["name"])] as const);
}
