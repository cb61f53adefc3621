import { DatabaseSync } from "node:sqlite";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { codeOf, messageOf, NanosError } from "../std/error.ts";
import type { Random } from "../std/random.ts";
import { isDamage, journalFailure, primaryCode } from "./failure.ts";
import { createSchema, FORMAT } from "./schema.ts";

/** Pages of 2 KiB: a lone commit writes whole pages, and an event is small. */
const PAGE_BYTES = 2048;

/** SQLite's code when a file or what goes with it cannot be opened or made. */
const CANNOT_OPEN = 14;
/** What SQLite says of a file whose format it does not know. */
const SQL_ERROR = 1;

export interface DatabaseOptions {
  /** Most bytes the file may grow to. */
  readonly maxBytes: number;
  /** How long a write waits for another process. */
  readonly busyMs: number;
}

export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** True when the home may not be written: reading works, appending does not. */
  readonly readOnly: boolean;
  /** Of the file, at most `FORMAT`. */
  readonly format: number;
}

/** Opens journal.db in `dir`, making both when they are not there. */
export function openDatabase(dir: string, random: Random, options: DatabaseOptions): OpenDatabase {
  const file = join(dir, "journal.db");
  try {
    privateDir(dir);
    if (!fs.existsSync(file)) {
      makeWhole(file, random, (db) => {
        db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; BEGIN`);
        createSchema(db);
        db.exec("COMMIT");
      });
      syncDir(dir);
    }
    const db = new DatabaseSync(file, { timeout: options.busyMs });
    return { ...checked(db, file, () => configure(db, options)), readOnly: false };
  } catch (error) {
    const failure = journalFailure(error, file);
    if (primaryCode(error) === SQL_ERROR && fs.existsSync(file)) {
      const message = `${file} cannot be read: ${messageOf(error)}.`;
      throw new NanosError(
        "journal.damaged",
        message,
        "Put a copy of the home in its place.",
        error,
      );
    }
    const blocked = failure instanceof NanosError && failure.code === "journal.read_only";
    if (!(blocked || primaryCode(error) === CANNOT_OPEN) || !fs.existsSync(file)) throw failure;
    return { ...openReadOnly(file, options, failure), readOnly: true };
  }
}

/** The same tables, kept nowhere. */
export function memoryDatabase(): OpenDatabase {
  const db = new DatabaseSync(":memory:");
  createSchema(db);
  return { db, readOnly: false, format: FORMAT };
}

/**
 * The same for what means nothing after a power cut: it waits for no disk. The next commit takes it
 * along, and a process that is killed leaves it to the others as it is.
 */
export function inPassing<T>(db: DatabaseSync, memory: { forget(): void }, act: () => T): T {
  db.exec("PRAGMA synchronous = NORMAL");
  try {
    return inTransaction(db, memory, act);
  } finally {
    db.exec("PRAGMA synchronous = FULL");
  }
}

/** Runs `act` in a transaction of its own; when it throws, nothing of it stays. */
export function inTransaction<T>(db: DatabaseSync, memory: { forget(): void }, act: () => T): T {
  try {
    db.exec("BEGIN IMMEDIATE");
    const result = act();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    memory.forget();
    throw journalFailure(error, "journal.db");
  }
}

/** A folder of the journal's, for its owner's eyes only. */
export function privateDir(dir: string): void {
  try {
    fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Node calls a read-only disk ENOENT here; asking about the folder above gives the true name.
    if (fs.existsSync(dirname(dir))) fs.accessSync(dirname(dir), fs.constants.W_OK);
    throw error;
  }
  if ((fs.statSync(dir).mode & 0o077) !== 0) fs.chmodSync(dir, 0o700);
}

/** Puts what a folder lists on disk: without it a new name may be gone after a power cut. */
export function syncDir(dir: string): void {
  const fd = fs.openSync(dir, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes an empty private file, so that SQLite does not make one others can read. */
export function privateFile(file: string): void {
  fs.closeSync(fs.openSync(file, "a", 0o600));
}

/**
 * Made whole under another name and then linked: whoever opens the file, also in the middle of
 * this, finds all of it or nothing, and of two processes that make it one wins. SQLite refuses two
 * that turn one empty file into a database with a write-ahead log, however long they would wait.
 */
export function makeWhole(file: string, random: Random, fill: (db: DatabaseSync) => void): void {
  const fresh = `${file}.${random.hex(8)}.new`;
  try {
    privateFile(fresh);
    const db = new DatabaseSync(fresh);
    try {
      fill(db);
    } finally {
      db.close();
    }
    linkOnce(fresh, file);
  } finally {
    fs.rmSync(fresh, { force: true });
  }
}

function linkOnce(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(codeOf(error))) throw error;
    // A file system without hard links.
    fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL);
  }
}

function configure(db: DatabaseSync, options: DatabaseOptions): void {
  // secure_delete: what is erased is overwritten, not merely forgotten.
  db.exec(`
    PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;
    PRAGMA wal_autocheckpoint = 2000;
    PRAGMA max_page_count = ${Math.floor(options.maxBytes / PAGE_BYTES)};
  `);
}

type Checked = Pick<OpenDatabase, "db" | "format">;

function checked(db: DatabaseSync, file: string, prepare: () => void): Checked {
  try {
    prepare();
    const format = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (format >= 1 && format <= FORMAT) return { db, format };
    throw unknownFormat(file, format);
  } catch (error) {
    db.close();
    throw error;
  }
}

function unknownFormat(file: string, format: number): NanosError {
  return format > FORMAT
    ? new NanosError(
        "journal.newer",
        `${file} was written by a newer nanos (format ${format}, this one reads ${FORMAT}).`,
        "Update nanos, or use another home: --home DIR",
      )
    : new NanosError(
        "journal.damaged",
        `${file} is not a journal (format ${format}).`,
        "Restore the journal from a backup, or use another home: --home DIR",
      );
}

/**
 * A file in a folder that may not be written. While it has a write-ahead log SQLite must be able
 * to read that too; without one the file is complete by itself and nobody is changing it.
 */
function openReadOnly(file: string, options: DatabaseOptions, failure: unknown): Checked {
  const wal = fs.statSync(`${file}-wal`, { throwIfNoEntry: false });
  const whole = wal === undefined || wal.size === 0;
  const path = pathToFileURL(file);
  if (whole) path.searchParams.set("immutable", "1");
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: options.busyMs });
    return checked(db, file, () => undefined);
  } catch (error) {
    if (error instanceof NanosError) throw error;
    throw isDamage(error) ? journalFailure(error, file) : failure;
  }
}
