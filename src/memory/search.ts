import { DatabaseSync } from "node:sqlite";
import type { Note } from "./memory.ts";

/**
 * Looks for words in notes, best first. The index is made of the notes the asker may read, for this
 * one search, and gone after it: there is none that could be stale, be read by somebody else or keep
 * what was forgotten. For the thousand notes a memory may hold that takes some 30 ms.
 */
export function searchNotes(notes: readonly Note[], words: string, most: number): readonly Note[] {
  const terms = words.match(/[\p{L}\p{N}]+/gu)?.slice(0, MOST_TERMS) ?? [];
  if (terms.length === 0 || notes.length === 0) return notes.slice(0, most);
  const db = new DatabaseSync(":memory:");
  try {
    db.exec(`CREATE VIRTUAL TABLE notes USING fts5(text, tokenize = "${TOKENS}")`);
    const insert = db.prepare("INSERT INTO notes (rowid, text) VALUES (?, ?)");
    db.exec("BEGIN");
    for (const [i, note] of notes.entries()) insert.run(i + 1, note.text);
    db.exec("COMMIT");
    // Each word quoted, so that none is taken for an operator; its beginning is enough.
    const match = terms.map((term) => `"${term}"*`).join(" OR ");
    const sql = "SELECT rowid FROM notes WHERE notes MATCH ? ORDER BY rank, rowid LIMIT ?";
    const rows = db.prepare(sql).all(match, most);
    return rows.flatMap((row) => notes[Number(row["rowid"]) - 1] ?? []);
  } finally {
    db.close();
  }
}

/** Words of a search; more would say no more. */
const MOST_TERMS = 16;
/** Words as Unicode has them, without accents. */
const TOKENS = "unicode61 remove_diacritics 2";
