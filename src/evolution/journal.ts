import { HOME_CHAIN } from "../contracts/chain.ts";
import type { Came, Evolution } from "../contracts/stage.ts";
import type { Journal, ViewSpec } from "../journal/journal.ts";
import { NanosError } from "../std/error.ts";
import { cameTo, reviewsIn } from "./mission.ts";
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
  if (rows.length === 0) return evolutionOf([]);
  const reviews = verified(() => reviewsIn(journal.chain(HOME_CHAIN)));
  return evolutionOf(
    rows.flatMap(({ run }): Came | readonly [] => {
      // What only a written-over view knows of is nowhere.
      if (journal.head(String(run)) === null) return [];
      // Without the operator's words nobody knows what was rejected.
      if (reviews === null) return { counts: "broken" };
      return verified(() => cameTo(journal.chain(String(run)), reviews)) ?? { counts: "broken" };
    }),
  );
}

/** What a record shows; null where it does not verify, as it shows nothing then. */
function verified<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof NanosError && error.code === "journal.tampered") return null;
    throw error;
  }
}
