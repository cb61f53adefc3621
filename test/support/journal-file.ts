import { DatabaseSync } from "node:sqlite";
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * The file of a journal as somebody with a hex editor or a database shell sees it, who knows
 * nothing of the code that wrote it.
 */

/** Where a home keeps its machine state. */
export function machineOf(userHome: string): string {
  return join(userHome, ".nano-os", "machine");
}

/** Flips one bit of one byte, each time another one. */
export function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
  return changed;
}

/** Changes the tables without the triggers that forbid it, and puts them back, all but `lost`. */
export function tamper(machine: string, sql: string, lost?: string): void {
  const db = new DatabaseSync(join(machine, "journal", "journal.db"));
  const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  db.exec(sql);
  for (const { name, sql: made } of triggers) if (name !== lost) db.exec(String(made));
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

/** A row of `events` as it lies in the file. */
export interface StoredRow {
  readonly seq: number;
  /** The run's id, or `home`. */
  readonly run: string;
  readonly hash: string;
  /** Where its bytes lie in the file: number and text of the cell that do not overflow. */
  readonly from: number;
  readonly to: number;
}

export function storedRows(machine: string): readonly StoredRow[] {
  const file = join(machine, "journal", "journal.db");
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db
    .prepare(
      "SELECT e.seq, c.run, e.hash FROM events e JOIN chains c ON c.id = e.chain ORDER BY seq",
    )
    .all();
  db.close();
  const bytes = readFileSync(file);
  const cells = leafCells(bytes);
  return rows.map((row) => {
    const hash = row["hash"] as Uint8Array;
    const at = bytes.indexOf(hash);
    const cell = cells.find(({ from, to }) => from <= at && at < to);
    if (!cell) throw new Error(`event ${String(row["seq"])} has no cell`);
    const [seq, run] = [Number(row["seq"]), String(row["run"])];
    return { seq, run, hash: Buffer.from(hash).toString("hex"), ...cell };
  });
}

/** Cells of the leaves of every table: https://www.sqlite.org/fileformat2.html#b_tree_pages */
function leafCells(bytes: Buffer): readonly { readonly from: number; readonly to: number }[] {
  const page = bytes.readUInt16BE(16);
  const cells: { from: number; to: number }[] = [];
  for (let start = 0; start < bytes.length; start += page) {
    const head = start === 0 ? 100 : start;
    if (bytes[head] !== LEAF_OF_A_TABLE) continue;
    for (let i = 0; i < bytes.readUInt16BE(head + 3); i++) {
      const from = start + bytes.readUInt16BE(head + 8 + 2 * i);
      const payload = varint(bytes, from);
      const row = varint(bytes, payload.end);
      cells.push({ from, to: row.end + localBytes(payload.value, page) });
    }
  }
  return cells;
}

const LEAF_OF_A_TABLE = 13;

/** How much of a payload lies in the cell itself, with the number of the page that has the rest. */
function localBytes(payload: number, page: number): number {
  const most = page - 35;
  if (payload <= most) return payload;
  const least = Math.floor(((page - 12) * 32) / 255 - 23);
  const some = least + ((payload - least) % (page - 4));
  return (some <= most ? some : least) + 4;
}

function varint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; ; i++) {
    const byte = bytes[at + i] ?? 0;
    value = value * 128 + (byte & 127);
    if (byte < 128) return { value, end: at + i + 1 };
  }
}

/** Puts a file back that a look at a damaged journal may have changed. */
export function restore(from: string, to: string): void {
  for (const end of ["-wal", "-shm"]) rmSync(`${to}${end}`, { force: true });
  copyFileSync(from, to);
}
