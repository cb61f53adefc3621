import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { Signed } from "../../contracts/evidence.ts";
import type { Journal, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import {
  type Checkpoint,
  type KeyType,
  type Note,
  readCheckpoint,
  readKey,
  readNote,
  signedBy,
  type VerifierKey,
} from "../../journal/log/note.ts";
import type { World } from "../world.ts";
import { checkpoint } from "./checkpoints.ts";

/** What is signed, by whom, and whose signatures count: derived from the home chain. */
const POINTS: ViewSpec = {
  name: "points",
  version: 1,
  kinds: [
    "log.checkpointed",
    "log.cosigned",
    "witness.trusted",
    "witness.dropped",
    "witness.signed",
  ],
  tables: `
    CREATE TABLE points (seq INTEGER PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
    CREATE TABLE trusted (name TEXT NOT NULL, type TEXT NOT NULL, key TEXT NOT NULL,
      PRIMARY KEY (name, type)) STRICT;
    CREATE TABLE seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL) STRICT;
  `,
  apply: (db, { event, body }) => {
    switch (body?.kind) {
      case "log.checkpointed":
      case "log.cosigned":
        return addPoint(db, event.seq, body.checkpoint);
      case "witness.trusted":
      case "witness.dropped": {
        const key = readKey(body.key);
        if (key === null) return;
        db.run("DELETE FROM trusted WHERE name = ? AND type = ?", key.name, key.type);
        if (body.kind === "witness.dropped") return;
        return db.run("INSERT INTO trusted VALUES (?, ?, ?)", key.name, key.type, body.key);
      }
      case "witness.signed": {
        const { origin, size, root } = body;
        return db.run("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", origin, size, root);
      }
      default:
    }
  },
};

function addPoint(db: ViewWriter, seq: number, text: string): void {
  const size = readPoint(text)?.size;
  if (size !== undefined) db.run("INSERT INTO points VALUES (?, ?, ?)", seq, size, text);
}

/** A checkpoint with its note, taken apart; null when it is none. */
export function readPoint(text: string): (Checkpoint & { readonly note: Note }) | null {
  const note = readNote(text);
  const read = note && readCheckpoint(note.text);
  return note && read ? { ...read, note } : null;
}

/** The keys the operator trusts, of witnesses (`cosignature`) or of logs watched here (`note`). */
export function trustedKeys(journal: Pick<Journal, "view">, type: KeyType): readonly VerifierKey[] {
  const sql = "SELECT key FROM trusted WHERE type = ? ORDER BY name";
  const rows = journal.view(POINTS, (db) => db.all(sql, type));
  return rows.flatMap((row) => readKey(String(row["key"])) ?? []);
}

/** The newest this home signed of another log; null when it never did. */
export function lastSeen(
  journal: Pick<Journal, "view">,
  origin: string,
): { readonly size: number; readonly root: Uint8Array } | null {
  const sql = "SELECT size, root FROM seen WHERE origin = ?";
  const [row] = journal.view(POINTS, (db) => db.all(sql, origin));
  return row
    ? { size: Number(row["size"]), root: Buffer.from(String(row["root"]), "base64") }
    : null;
}

/** Checkpoints over at least the first `least` events, newest first, as they were written. */
function notesFrom(journal: Pick<Journal, "view">, least: number): readonly string[] {
  const sql = `SELECT note FROM points WHERE size >= ? ORDER BY size DESC, seq DESC LIMIT ${LOOKED}`;
  return journal.view(POINTS, (db) => db.all(sql, least)).map((row) => String(row["note"]));
}

/** The newest checkpoints on the home chain, newest first: a view says where, the chain what. */
export function newestPoints(journal: Journal, limit: number): readonly Signed[] {
  const sql = "SELECT seq FROM points ORDER BY seq DESC LIMIT ?";
  const seqs = journal.view(POINTS, (db) => db.all(sql, limit)).map(({ seq }) => Number(seq));
  const oldest = seqs.at(-1);
  if (oldest === undefined) return [];
  return [...journal.chain(HOME_CHAIN, oldest)]
    .flatMap(({ event: { seq, at, kind }, body }): readonly Signed[] => {
      const isSigned = body?.kind === "log.checkpointed" || body?.kind === "log.cosigned";
      return isSigned ? [{ seq, at, kind, checkpoint: body.checkpoint }] : [];
    })
    .slice(-limit)
    .toReversed();
}

/** Checkpoints looked through for one that a witness signed. */
const LOOKED = 1_000;

/** Events under the newest checkpoint that this witness signed; 0 where it signed none. */
export function cosignedSize(journal: Pick<Journal, "view">, witness: VerifierKey): number {
  const points = notesFrom(journal, 0).flatMap((text) => readPoint(text) ?? []);
  return points.find(({ note }) => signedBy(note, witness))?.size ?? 0;
}

/** The newest checkpoint over the event `seq`: one a witness signed where there is one, else made. */
export async function pointOver(
  { journal, log }: Pick<World, "journal" | "log">,
  seq: number,
): Promise<string> {
  const notes = notesFrom(journal, seq);
  const witnesses = trustedKeys(journal, "cosignature");
  const isCosigned = (text: string): boolean => {
    const note = readNote(text);
    return note !== null && witnesses.some((key) => signedBy(note, key));
  };
  return notes.find(isCosigned) ?? notes[0] ?? checkpoint(journal, log);
}
