import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";

/** Writes down, on the home chain, what belongs to no run: what the operator did, or was noticed. */
export async function note(
  journal: Journal,
  body: EventBody,
  actor: "operator" | "kernel" = "operator",
): Promise<void> {
  const common = { run: HOME_CHAIN, step: null, policy: null, isolation: null, label: null };
  await journal.append([{ ...common, actor, body }]);
}
