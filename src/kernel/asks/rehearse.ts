import type { Draft } from "../../contracts/event.ts";
import { joinLabels } from "../../gate/labels.ts";
import { type Frame, draft } from "../frame.ts";
import type { Proposed } from "../proposal.ts";

/**
 * A rehearsal is a run whose effects are withheld: the model speaks, what only reads or stages in
 * its sandbox is done, and everything else settles as if it had gone well. Nobody is asked; what
 * would have been is on the record. What depends on results that were withheld it cannot see.
 */

/** True when what was judged is not done: it would be asked about, or would reach outside. */
export function isWithheld(frame: Frame, { decision, want }: Proposed): boolean {
  return frame.rehearsal && (decision.verdict === "ask" || want.inert !== true);
}

/** Settles a step without doing it. */
export function withheld(frame: Frame, { step, want }: Proposed): Draft {
  const output = want.action.kind === "commit" ? null : WITHHELD;
  const body = { kind: "action.settled", outcome: { status: "done", output }, ms: 0 } as const;
  const label = want.returns ? joinLabels(frame.label, want.returns) : null;
  return { ...draft(frame, step, "kernel", body), label };
}

/** What a model reads in place of a result. */
export const WITHHELD =
  "Not done, as this is a rehearsal. Go on as if it had been done and had gone well.";
