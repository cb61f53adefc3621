import type { Failure } from "../../contracts/outcome.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import { act } from "../act.ts";
import { type Frame, draft } from "../frame.ts";
import type { Acted } from "../proposal.ts";
import { spendFailed } from "../spend.ts";
import { isResting } from "../views/health.ts";
import { modelWant } from "./model.ts";

/**
 * Asks the run's model, and where it fails or rests the ones that stand in for it, in their order.
 * Each is asked as an action of its own, and the record says who stood in for whom, and why.
 */
export async function askModel(frame: Frame, tools: readonly ToolSpec[]): Promise<Acted> {
  const { fallback = [], ...first } = frame.model;
  const chain = [first, ...fallback];
  for (const [i, model] of chain.entries()) {
    const next = chain[i + 1];
    // One that nobody stands in for is asked however often it failed.
    const resting = next !== undefined && rests(frame, model.name);
    const acted = await act(frame, modelWant(frame, tools, model, resting));
    const why = next && lacking(acted);
    if (!next || !why) return acted;
    if (acted.status === "answered") spendFailed(frame, acted.usage, acted.ms);
    const step = acted.status === "waiting" ? null : acted.step;
    const body = {
      kind: "recovery.taken",
      how: "fallback",
      from: model.name,
      to: next.name,
      why,
    } as const;
    await frame.drive.append([draft(frame, step, "kernel", body)], "later");
  }
  throw new Error("bug: a chain of models had no end");
}

/** As recorded when the step is; a replay asks nobody how a model fares today. */
function rests(frame: Frame, model: string): boolean {
  const { drive, world, steps } = frame;
  const judged = drive
    .recorded(`${drive.run}.${steps + 1}`)
    .find(({ body }) => body?.kind === "action.judged")?.body;
  if (judged?.kind === "action.judged") {
    return judged.decision.layers.some(({ reason }) => reason === "deny:resting");
  }
  return world !== null && isResting(world.journal, model, world.clock.now());
}

/** Why somebody else is asked; null when this answer stands. */
function lacking(acted: Acted): Failure | null {
  switch (acted.status) {
    case "waiting":
      return null;
    case "answered":
      return STANDS.has(acted.finish) ? null : (acted.failure ?? null);
    case "settled":
      return acted.outcome.status === "denied" && PASSED_ON.has(acted.outcome.failure.code)
        ? acted.outcome.failure
        : null;
  }
}

/** The operator stopped it, or the provider's rule did: no other model makes that good. */
const STANDS: ReadonlySet<string> = new Set(["cancelled", "filtered"]);

/** Denials of one model that are none of the next. */
const PASSED_ON: ReadonlySet<string> = new Set(["deny:resting", "deny:local_only"]);
