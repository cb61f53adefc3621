import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";

/** Writes down, on the home chain, something the operator did that belongs to no run. */
export async function note(journal: Journal, body: EventBody): Promise<void> {
  const common = { run: HOME_CHAIN, step: null, policy: null, isolation: null, label: null };
  await journal.append([{ ...common, actor: "operator", body }]);
}
