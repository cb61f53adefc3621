import { LIMITS } from "../../std/limits.ts";
import type { Journal, ViewSpec } from "../../journal/journal.ts";

/** How models fared lately, over all runs and processes of this home. */
const HEALTH: ViewSpec = {
  name: "model_health",
  version: 1,
  tables:
    "CREATE TABLE model_health (model TEXT PRIMARY KEY, failures INTEGER NOT NULL, at INTEGER NOT NULL)",
  apply: (db, { event, body }) => {
    if (event.kind !== "model.answered" || body?.kind !== "model.answered") return;
    if (body.finish === "cancelled") return;
    const model = event.actor.slice("model:".length);
    if (!body.failure) {
      db.run("DELETE FROM model_health WHERE model = ?", model);
      return;
    }
    db.run(
      `INSERT INTO model_health VALUES (?, 1, ?)
       ON CONFLICT (model) DO UPDATE SET failures = failures + 1, at = excluded.at`,
      model,
      event.at,
    );
  },
};

/**
 * True when a model failed `LIMITS.failuresToRest` times in a row, the last time less than
 * `LIMITS.restMs` ago: after that it is asked once more, and rests again should it fail again.
 *
 * @param now milliseconds since 1970.
 */
export function isResting(journal: Journal, model: string, now: number): boolean {
  const [row] = journal.view(HEALTH, (db) =>
    db.all("SELECT failures, at FROM model_health WHERE model = ?", model),
  );
  if (!row) return false;
  return (
    Number(row["failures"]) >= LIMITS.failuresToRest && now - Number(row["at"]) < LIMITS.restMs
  );
}
