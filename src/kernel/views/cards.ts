import type { ModelCard } from "../../contracts/model.ts";
import type { Journal, ViewSpec } from "../../journal/journal.ts";

/** The newest card of each model, by the config it was measured with. */
const CARDS: ViewSpec = {
  name: "model_cards",
  version: 1,
  kinds: ["model.probed"],
  tables: "CREATE TABLE model_cards (config TEXT PRIMARY KEY, card TEXT NOT NULL)",
  apply: (db, { body }) => {
    if (body?.kind !== "model.probed") return;
    db.run(
      "INSERT OR REPLACE INTO model_cards VALUES (?, ?)",
      body.config,
      JSON.stringify(body.card),
    );
  },
};

/** What a model with this config (by hash) was measured to do; null when it was not. */
export function cardOf(journal: Journal, config: string): ModelCard | null {
  const [row] = journal.view(CARDS, (db) =>
    db.all("SELECT card FROM model_cards WHERE config = ?", config),
  );
  return row ? (JSON.parse(String(row["card"])) as ModelCard) : null;
}
