import { Label } from "../../contracts/label.ts";
import type { ArtifactLine, Review } from "../../contracts/artifact.ts";
import type { Journal, SqlValue, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import { ranksOf, topRun } from "./traces.ts";

/**
 * Artifacts: what a step kept under a title, and the outputs of tasks that have one. The same title
 * in the same run, or mission, is the next version. Derived from the journal; the bytes lie in the
 * vault, or in the record of the step.
 */
const ARTIFACTS: ViewSpec = {
  name: "artifacts",
  version: 1,
  kinds: ["action.settled", "task.ended", "artifact.reviewed"],
  tables: `
    CREATE TABLE artifacts (
      step TEXT PRIMARY KEY, run TEXT NOT NULL, title TEXT NOT NULL, type TEXT NOT NULL,
      hash TEXT NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, label TEXT,
      status TEXT NOT NULL, reviewed TEXT, vault INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX artifacts_title ON artifacts (run, title);
  `,
  apply: (db, { event, body }) => {
    const { step, run, at } = event;
    const label = event.label === null ? null : JSON.stringify(event.label);
    if (body?.kind === "action.settled" && body.outcome.status === "done" && step !== null) {
      const { artifact } = body.outcome;
      if (artifact) add(db, { ...artifact, step, run: topRun(run), at, label, vault: 1 });
    }
    if (
      body?.kind === "task.ended" &&
      body.artifact &&
      body.from !== null &&
      body.output !== null
    ) {
      const { from, output: hash, artifact } = body;
      add(db, { ...artifact, step: from, hash, run: topRun(run), at, label, vault: 0 });
    }
    if (body?.kind === "artifact.reviewed") {
      const { review, artifact, hash } = body;
      const sql = "UPDATE artifacts SET status = ?, reviewed = ? WHERE step = ? AND hash = ?";
      db.run(sql, review.verdict, JSON.stringify({ ...review, at }), artifact, hash);
    }
  },
};

interface Row {
  readonly step: string;
  readonly run: string;
  readonly title: string;
  readonly type: string;
  readonly hash: string;
  readonly at: number;
  readonly label: string | null;
  /** 1 where the vault has it by this hash, 0 where its step's record has. */
  readonly vault: number;
}

function add(db: ViewWriter, { step, run, title, type, hash, at, label, vault }: Row): void {
  db.run(
    `INSERT OR IGNORE INTO artifacts SELECT ?, ?, ?, ?, ?, 1 + ifnull(max(version), 0), ?, ?,
     'pending', NULL, ? FROM artifacts WHERE run = ? AND title = ?`,
    ...[step, run, title, type, hash, at, label, vault, run, title],
  );
}

/** One version, with what is kept of it beside the line. */
export interface StoredArtifact extends Omit<ArtifactLine, "flagged"> {
  readonly label: Label | null;
  readonly review: (Review & { readonly at: number }) | null;
  readonly inVault: boolean;
}

/** Versions, newest first. */
export function storedArtifacts(
  journal: Journal,
  wish: { run?: string; title?: string; status?: string; type?: string; limit?: number } = {},
): readonly StoredArtifact[] {
  const { limit = -1, ...fields } = wish;
  const given = Object.entries(fields);
  const where = given.map(([name]) => `${name} = ?`).join(" AND ");
  const sql = `SELECT * FROM artifacts ${where && `WHERE ${where}`} ORDER BY rowid DESC LIMIT ?`;
  const values = [...given.map(([, value]) => value), limit];
  return journal.view(ARTIFACTS, (db) => db.all(sql, ...values)).map(storedIn);
}

/** The version that a step made; null where it made none. */
export function artifactOf(journal: Journal, step: string): StoredArtifact | null {
  const sql = "SELECT * FROM artifacts WHERE step = ?";
  const [row] = journal.view(ARTIFACTS, (db) => db.all(sql, step));
  return row ? storedIn(row) : null;
}

/** How many there are in all, and of one run. */
export function countArtifacts(journal: Journal, run: string): { all: number; own: number } {
  const sql = "SELECT count(*) AS n, ifnull(sum(run = ?), 0) AS own FROM artifacts";
  const [row] = journal.view(ARTIFACTS, (db) => db.all(sql, run));
  return { all: Number(row?.["n"] ?? 0), own: Number(row?.["own"] ?? 0) };
}

/** As lists show them: with whether the operator should look at them. */
export function linesOf(journal: Journal, all: readonly StoredArtifact[]): readonly ArtifactLine[] {
  const ranks = ranksOf(
    journal,
    all.map(({ id }) => id),
  );
  return all.map(({ label: _, review: _review, inVault: _kept, ...line }) => {
    const rank = ranks.get(line.id);
    return { ...line, flagged: rank === "C" || rank === "B" };
  });
}

function storedIn(row: Record<string, SqlValue>): StoredArtifact {
  const text = (name: string): string => String(row[name]);
  const json = (name: string): unknown => (row[name] === null ? null : JSON.parse(text(name)));
  return {
    ...{ id: text("step"), run: text("run"), title: text("title"), hash: text("hash") },
    type: text("type") as ArtifactLine["type"],
    version: Number(row["version"]),
    at: Number(row["at"]),
    status: text("status") as ArtifactLine["status"],
    label: Label.nullable().parse(json("label")),
    review: json("reviewed") as StoredArtifact["review"],
    inVault: row["vault"] === 1,
  };
}
