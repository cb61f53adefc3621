import type { Action, ActionKind } from "../../contracts/action.ts";
import type { LayerAnswer, Standing } from "../gate.ts";
import { voids } from "../endorse.ts";

/** Kinds that need no grant: models are chosen, and the operator's own start is its own yes. */
const UNGRANTED: ReadonlySet<ActionKind> = new Set(["model", "run", "note", "task", "artifact"]);

/** Did the operator attach the skill here, does that still hold, and for what is there now? */
export function grantLayer(action: Action, standing: Standing): readonly LayerAnswer[] {
  if (UNGRANTED.has(action.kind)) return [];
  const answers: LayerAnswer[] = [];
  const { grant } = standing;
  if (!standing.listed) answers.push({ verdict: "deny", reason: "deny:not_listed" });
  if (!standing.attached) answers.push({ verdict: "deny", reason: "deny:not_granted" });
  if (grant !== null) {
    for (const reason of voids(grant, standing)) answers.push({ verdict: "deny", reason });
  }
  const bound = grant !== null && grant.hash !== null;
  // A grant bound to the skill's hash is a yes to exactly these files, however they came here.
  if (action.skill !== undefined && !standing.locked && !bound) {
    const key = `unlocked:${action.skill}@${standing.skillHash ?? "unknown"}`;
    answers.push({ verdict: "ask", reason: "ask:unlocked", key });
  }
  return answers;
}
