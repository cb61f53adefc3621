import type { Came, Evolution } from "../contracts/stage.ts";
import type { Journal, ViewSpec } from "../journal/journal.ts";
import { NanosError } from "../std/error.ts";
import { cameTo } from "./mission.ts";
import { evolutionOf } from "./stage.ts";

/**
 * Where missions are in the journal, and nothing about them: what they came to is read from their
 * chains, each entry checked, so that a number written into the view's file is nobody's number.
 */
const BEGUN: ViewSpec = {
  name: "missions_begun",
  version: 1,
  kinds: ["mission.started"],
  bodies: false,
  tables: "CREATE TABLE missions_begun (run TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT",
  apply: (db, { event }) =>
    db.run("INSERT OR IGNORE INTO missions_begun VALUES (?, ?)", event.run, event.seq),
};

/** How far a home has come, from its journal alone. */
export function evolutionIn(journal: Journal): Evolution {
  const sql = "SELECT run FROM missions_begun ORDER BY seq";
  const rows = journal.view(BEGUN, (db) => db.all(sql));
  return evolutionOf(rows.map(({ run }) => cameIn(journal, String(run))));
}

/** A record that does not verify shows nothing, so it is not what earns anything. */
function cameIn(journal: Journal, run: string): Came {
  try {
    return cameTo(journal.chain(run));
  } catch (error) {
    if (error instanceof NanosError && error.code === "journal.tampered") {
      return { counts: "broken" };
    }
    throw error;
  }
}
