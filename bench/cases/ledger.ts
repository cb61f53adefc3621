import { DatabaseSync, type StatementSync } from "node:sqlite";

/** The least durable journal there is: one table, one insert an entry, fsync at every commit. */
export interface Ledger {
  /** One commit. */
  keep(entries: readonly string[]): void;
  /** Shares a commit with whatever else is kept in this turn of the event loop. */
  share(entries: readonly string[]): Promise<void>;
  close(): void;
}

/** Opens it in a file of its own. */
export function openLedger(file: string): Ledger {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT`);
  const [begin, commit, insert] = [
    "BEGIN IMMEDIATE",
    "COMMIT",
    "INSERT INTO events (body) VALUES (?)",
  ].map((sql) => db.prepare(sql)) as [StatementSync, StatementSync, StatementSync];
  const keep = (entries: readonly string[]): void => {
    begin.run();
    for (const entry of entries) insert.run(entry);
    commit.run();
  };
  let waiting: string[] = [];
  let shared: Promise<void> | null = null;
  return {
    keep,
    share: (entries) => {
      waiting.push(...entries);
      shared ??= new Promise((resolve) => {
        setImmediate(() => {
          const all = waiting;
          waiting = [];
          shared = null;
          keep(all);
          resolve();
        });
      });
      return shared;
    },
    close: () => {
      if (db.isOpen) db.close();
    },
  };
}
