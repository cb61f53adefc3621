import type { DatabaseSync } from "node:sqlite";

/**
 * The tables of journal.db, formats 1 and 2. A released format is never changed: a later one is read
 * beside it, and the files under fixtures/ must open, verify and read for ever. In format 2 the text
 * of a body is packed (row/pack.ts); a file of format 1 goes on as one.
 *
 * - `events` holds one row per event, small enough that a lone append dirties one page. Its body
 *   lies in the same row: `salt` and `text` are set while it is whole, `salt` alone when the text is a
 *   file under bodies/, neither once it is erased.
 * - `back` is the `seq` of the event before it on its chain, 0 for the first; `prev` is kept only
 *   there, as elsewhere it is the hash of `back`.
 * - `forms` keeps what repeats from event to event: actor, isolation, kind, label and policy.
 * - `chains` gives a run its number and holds its lease. `head` is the chain's newest event as of
 *   `mark.upto`; what came later is found by reading on from there, so that an append need not
 *   touch it.
 */
export const FORMAT = 2;

const TABLES: Readonly<Record<string, string>> = {
  events: `CREATE TABLE events (
    seq INTEGER PRIMARY KEY, chain INTEGER NOT NULL, back INTEGER NOT NULL, step TEXT,
    at INTEGER NOT NULL, form INTEGER NOT NULL, digest BLOB NOT NULL, bytes INTEGER NOT NULL,
    prev BLOB, hash BLOB NOT NULL, salt BLOB, text TEXT
  ) STRICT`,
  forms: "CREATE TABLE forms (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT",
  chains: `CREATE TABLE chains (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, head INTEGER NOT NULL,
    epoch INTEGER NOT NULL, owner TEXT
  ) STRICT`,
  erased: "CREATE TABLE erased (seq INTEGER PRIMARY KEY, by INTEGER NOT NULL) STRICT",
  mark: "CREATE TABLE mark (upto INTEGER NOT NULL) STRICT",
};

const SAME = ["seq", "chain", "back", "step", "at", "form", "digest", "bytes", "prev", "hash"]
  .map((column) => `new.${column} IS old.${column}`)
  .join(" AND ");

/** The one change of an event the file allows: its body goes, with the entry that says so. */
const ERASING = `new.salt IS NULL AND new.text IS NULL AND ${SAME} AND EXISTS (
      SELECT 1 FROM erased WHERE erased.seq = old.seq AND erased.by = (SELECT max(seq) FROM events))`;

const TRIGGERS: Readonly<Record<string, string>> = {
  events_insert: refuse(
    "INSERT ON events",
    "new.seq <> (SELECT ifnull(max(seq), 0) + 1 FROM events)",
  ),
  events_update: refuse("UPDATE ON events", `NOT (${ERASING})`),
  events_delete: refuse("DELETE ON events"),
  forms_insert: refuse("INSERT ON forms", taken("forms", "text")),
  forms_update: refuse("UPDATE ON forms"),
  forms_delete: refuse("DELETE ON forms"),
  chains_insert: refuse("INSERT ON chains", taken("chains", "run")),
  chains_update: refuse(
    "UPDATE ON chains",
    "new.id <> old.id OR new.run <> old.run OR new.head < old.head OR new.epoch < old.epoch",
  ),
  chains_delete: refuse("DELETE ON chains"),
  erased_insert: refuse("INSERT ON erased", "EXISTS (SELECT 1 FROM erased WHERE seq = new.seq)"),
  erased_update: refuse("UPDATE ON erased"),
  erased_delete: refuse("DELETE ON erased"),
  mark_update: refuse("UPDATE ON mark", "new.upto < old.upto"),
  mark_delete: refuse("DELETE ON mark"),
};

/** Makes the tables in an empty file, inside the caller's transaction. */
export function createSchema(db: DatabaseSync): void {
  for (const sql of Object.values(TABLES)) db.exec(sql);
  for (const [name, sql] of Object.entries(TRIGGERS)) db.exec(`CREATE TRIGGER ${name} ${sql}`);
  db.exec(`INSERT INTO mark VALUES (0); PRAGMA user_version = ${FORMAT}`);
}

/** What is wrong with the tables and triggers, one sentence, or null. */
export function schemaFault(db: DatabaseSync): string | null {
  const rows = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  const found = new Map(rows.map((row) => [String(row["name"]), String(row["sql"])]));
  for (const [name, sql] of expected()) {
    if (!found.has(name)) return `${name}, which keeps the journal append-only, is missing`;
    if (found.get(name) !== sql) return `${name}, which keeps the journal append-only, was changed`;
    found.delete(name);
  }
  for (const name of found.keys()) return `${name} does not belong into the journal's file`;
  return null;
}

function expected(): readonly (readonly [string, string])[] {
  const triggers = Object.entries(TRIGGERS);
  return [
    ...Object.entries(TABLES),
    ...triggers.map(([name, sql]) => [name, `CREATE TRIGGER ${name} ${sql}`] as const),
  ];
}

function refuse(what: string, when?: string): string {
  const condition = when === undefined ? "" : ` WHEN ${when}`;
  return `BEFORE ${what}${condition} BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END`;
}

/** REPLACE deletes without firing delete triggers, so a taken key must be refused on insert. */
function taken(table: string, column: string): string {
  return `EXISTS (SELECT 1 FROM ${table} WHERE id = new.id OR ${column} = new.${column})`;
}
