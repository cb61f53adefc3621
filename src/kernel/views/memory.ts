import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Recorded } from "../../contracts/drive.ts";
import { Label } from "../../contracts/label.ts";
import type { Candidate, Kept } from "../../contracts/memory.ts";
import type { Journal, SqlValue, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import { topRun } from "./traces.ts";

/**
 * What the journal knows of memory: candidates that wait for the operator, and who had a hand in
 * every note, by the hash of its content. Derived; deleting the file loses nothing. A candidate that
 * is over goes with the next event that is about memory.
 */
const MEMORY: ViewSpec = {
  name: "memory",
  version: 2,
  kinds: [
    "action.settled",
    "memory.noticed",
    "memory.vouched",
    "memory.rejected",
    "memory.forgotten",
  ],
  tables: `
    CREATE TABLE memory_candidates (
      id TEXT PRIMARY KEY, user_id_hash TEXT NOT NULL, conversation_id TEXT NOT NULL,
      scope TEXT NOT NULL, content TEXT NOT NULL, content_hash TEXT NOT NULL,
      created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, ttl_minutes INTEGER NOT NULL,
      expires_at INTEGER NOT NULL, source TEXT NOT NULL, passes INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX memory_candidates_content ON memory_candidates (scope, content_hash);
    CREATE TABLE memory_labels (
      hash TEXT PRIMARY KEY, id TEXT NOT NULL, known TEXT NOT NULL, label TEXT NOT NULL
    ) STRICT;
  `,
  apply,
};

/** Candidates that wait, oldest first. */
export function openCandidates(journal: Journal, now: number): readonly Candidate[] {
  const sql = "SELECT * FROM memory_candidates WHERE expires_at > ? ORDER BY created_at, id";
  return journal.view(MEMORY, (db) => db.all(sql, now).map(candidateOf));
}

/** The candidate with this text that was seen of late, whether it still waits or not; or null. */
export function sameCandidate(
  journal: Journal,
  memory: string,
  text: string,
  now: number,
): string | null {
  const sql =
    "SELECT id FROM memory_candidates WHERE scope = ? AND content_hash = ? AND last_seen_at > ?";
  const since = now - LIMITS.candidateAgainMs;
  const rows = journal.view(MEMORY, (db) => db.all(sql, memory, contentHash(text), since));
  return rows[0] ? String(rows[0]["id"]) : null;
}

/**
 * What is known of a content: who had a hand in it, and whether it was recorded, only noticed, or
 * noticed and the operator stands behind it.
 */
export interface Known {
  readonly label: Label;
  readonly how: "kept" | "noticed" | "vouched";
}

/** What is known of the contents with these hashes; one that is not known is not among them. */
export function knownNotes(
  journal: Journal,
  hashes: readonly string[],
): ReadonlyMap<string, Known> {
  const sql = "SELECT known, label FROM memory_labels WHERE hash = ?";
  return journal.view(MEMORY, (db) => {
    const found = new Map<string, Known>();
    for (const hash of hashes) {
      const [row] = db.all(sql, hash);
      if (row) found.set(hash, knownOf(row));
    }
    return found;
  });
}

function knownOf(row: Record<string, SqlValue>): Known {
  const label = Label.parse(JSON.parse(String(row["label"])));
  const known = row["known"];
  return { label, how: known === "kept" || known === "vouched" ? known : "noticed" };
}

function candidateOf(row: Record<string, SqlValue>): Candidate {
  return {
    id: String(row["id"]),
    conversation: String(row["conversation_id"]),
    memory: String(row["scope"]),
    text: String(row["content"]),
    source: String(row["source"]),
    at: Number(row["created_at"]),
    seen: Number(row["last_seen_at"]),
    expires: Number(row["expires_at"]),
    passes: Number(row["passes"]),
  };
}

function contentHash(text: string): string {
  return sha256(text).slice(0, 16);
}

function apply(db: ViewWriter, recorded: Recorded): void {
  const { event, body } = recorded;
  switch (body?.kind) {
    case "action.settled": {
      const kept = body.outcome.status === "done" ? body.outcome.kept : undefined;
      if (!kept) return;
      if (kept.as === "note") applyNote(db, kept);
      else applyCandidate(db, kept, recorded);
      break;
    }
    case "memory.noticed": {
      const sql = "INSERT OR IGNORE INTO memory_labels VALUES (?, ?, 'noticed', ?)";
      db.run(sql, body.hash, body.id, JSON.stringify(NOBODYS));
      break;
    }
    case "memory.vouched": {
      const sql =
        "INSERT INTO memory_labels VALUES (?, ?, 'vouched', ?) ON CONFLICT (hash) DO UPDATE " +
        "SET known = excluded.known, label = excluded.label WHERE known <> 'kept'";
      db.run(sql, body.hash, body.id, JSON.stringify(OPERATORS));
      break;
    }
    case "memory.rejected":
    case "memory.forgotten":
      db.run("DELETE FROM memory_candidates WHERE id = ?", body.id);
      if (body.kind === "memory.forgotten") {
        db.run("DELETE FROM memory_labels WHERE id = ?", body.id);
      }
      break;
    default:
      return;
  }
  // Over, and too old to be taken for the same once more.
  db.run(
    "DELETE FROM memory_candidates WHERE expires_at <= ? AND last_seen_at <= ?",
    ...[event.at, event.at - LIMITS.candidateAgainMs],
  );
}

const NOBODYS: Label = { integrity: "untrusted", secrecy: "private", sources: ["memory"] };
const OPERATORS: Label = { ...NOBODYS, integrity: "operator" };

function applyNote(db: ViewWriter, { id, hash, label, from, again }: Kept): void {
  if (from !== undefined) db.run("DELETE FROM memory_candidates WHERE id = ?", from);
  if (again) return;
  const sql = "INSERT OR REPLACE INTO memory_labels VALUES (?, ?, 'kept', ?)";
  db.run(sql, hash, id, JSON.stringify(label));
}

function applyCandidate(db: ViewWriter, kept: Kept, { event }: Recorded): void {
  const ttl = kept.ttl ?? 0;
  const expires = event.at + ttl * 60_000;
  if (kept.again) {
    db.run(
      "UPDATE memory_candidates SET last_seen_at = ?, expires_at = ?, passes = passes + 1 WHERE id = ?",
      ...[event.at, expires, kept.id],
    );
    return;
  }
  db.run(
    "INSERT OR IGNORE INTO memory_candidates VALUES (?, 'operator', ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
    ...[kept.id, topRun(event.run), kept.memory, kept.text, contentHash(kept.text)],
    ...[event.at, event.at, ttl, expires, event.actor],
  );
  // Where a note says the same already, that one's label stays.
  const sql = "INSERT OR IGNORE INTO memory_labels VALUES (?, ?, 'kept', ?)";
  db.run(sql, kept.hash, kept.id, JSON.stringify(kept.label));
}
