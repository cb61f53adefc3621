import { Label } from "../../contracts/label.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Journal, ViewSpec } from "../../journal/journal.ts";

/** What runs wrote to files, with the label it had: what was written while tainted stays so. */
const WRITTEN: ViewSpec = {
  name: "written",
  version: 2,
  kinds: ["action.settled"],
  // What a run wrote over of another run's is that one's again when it comes back.
  tables: `
    CREATE TABLE written (path TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL) STRICT;
    CREATE TABLE written_before (path TEXT, hash TEXT, label TEXT NOT NULL,
      PRIMARY KEY (path, hash)) STRICT;
  `,
  apply: (db, { event, body }) => {
    if (body?.kind !== "action.settled" || body.outcome.status !== "done") return;
    const { label } = event;
    for (const { path, after } of body.outcome.files ?? []) {
      db.run("INSERT OR REPLACE INTO written_before SELECT * FROM written WHERE path = ?", path);
      db.run("DELETE FROM written WHERE path = ?", path);
      if (after === null) continue;
      if (label === null) db.run(BACK, path, after);
      else db.run("INSERT INTO written VALUES (?, ?, ?)", path, after, JSON.stringify(label));
    }
  },
};

const BACK = "INSERT INTO written SELECT * FROM written_before WHERE path = ? AND hash = ?";

/** A file as a run wrote it last. */
export interface WrittenFile {
  readonly path: string;
  /** SHA-256 of its content then. */
  readonly hash: string;
  readonly label: Label;
}

/** The files below these folders that runs wrote; null where there are too many to look at. */
export function writtenBelow(
  journal: Journal,
  folders: readonly string[],
): readonly WrittenFile[] | null {
  const found = new Map<string, WrittenFile>();
  const rows = journal.view(WRITTEN, (db) =>
    folders.flatMap((folder) =>
      // Everything below `/a` stands between `/a/` and `/a0`, the character after the slash.
      db.all(
        "SELECT * FROM written WHERE path = ? OR (path >= ? AND path < ?) LIMIT ?",
        ...[folder, `${folder}/`, `${folder}0`, LIMITS.labelledFiles + 1],
      ),
    ),
  );
  for (const row of rows) {
    const path = String(row["path"]);
    const label = Label.parse(JSON.parse(String(row["label"])));
    found.set(path, { path, hash: String(row["hash"]), label });
  }
  return found.size > LIMITS.labelledFiles ? null : [...found.values()];
}
