import type { Action, ActionKind } from "../../contracts/action.ts";
import type { Day } from "../../contracts/usage.ts";
import type { DenyReason, LayerAnswer, Standing } from "../gate.ts";

/** Is there anything left of what the run may use? Each limit has its own reason. */
export function budgetLayer(action: Action, standing: Standing): readonly LayerAnswer[] {
  const { budget, spent } = standing;
  const denied: DenyReason[] = [];
  const { kind } = action;
  // A delegated run gets its share of what is left, and a share of nothing is no run.
  const delegates = kind === "agent";
  if (delegates && standing.depth + 1 > budget.depth) denied.push("deny:depth");
  if ((kind === "model" || delegates) && spent.turns >= budget.turns) {
    denied.push("deny:budget_turns");
  }
  if (COUNTED.has(kind) && spent.calls >= budget.calls) denied.push("deny:budget_calls");
  if ((kind === "model" || delegates) && spent.tokens >= budget.tokens) {
    denied.push("deny:budget_tokens");
  }
  if (kind === "model" || delegates) denied.push(...overCost(kind, standing));
  // What a run has made of its copy is not lost to the limit it met.
  if (spent.ms >= budget.ms && kind !== "tree") denied.push("deny:budget_time");
  if (standing.day !== undefined) denied.push(...overDay(standing.day));
  if (kind === "model" && standing.resting) denied.push("deny:resting");
  const isDeep = delegates && standing.depth + 1 > (budget.warnDepth ?? Number.POSITIVE_INFINITY);
  return [
    ...denied.map((reason) => ({ verdict: "deny", reason }) as const),
    ...(isDeep ? [{ verdict: "allow", reason: "allow:deep" } as const] : []),
  ];
}

/** Committing belongs to a call that was counted; what was done is not lost to the limit it met. */
export const COUNTED: ReadonlySet<ActionKind> = new Set([
  "tool",
  "agent",
  "fetch",
  "secret",
  "note",
  "permit",
  "artifact",
]);

function overCost(kind: ActionKind, standing: Standing): DenyReason[] {
  const { budget, spent } = standing;
  if (budget.cost === undefined) return [];
  const denied: DenyReason[] = [];
  // A limit of nothing still lets a free model answer.
  const used = spent.cost >= budget.cost && spent.cost > 0;
  if (used || spent.cost + (standing.leastCost ?? 0) > budget.cost) {
    denied.push("deny:budget_cost");
  }
  if (spent.unpriced || (kind === "model" && !standing.priced)) denied.push("deny:unknown_price");
  return denied;
}

/** What it takes is set aside beside all that was used: several at once have no more than there is. */
function overDay({ limit, used, takes }: Day): DenyReason[] {
  const denied: DenyReason[] = [];
  const isOver = (most: number | undefined, was: number, more: number): boolean =>
    most !== undefined && more > 0 && was + more > most;
  if (
    isOver(limit.calls, used.calls, takes.calls) ||
    isOver(limit.tokens, used.tokens, takes.tokens) ||
    isOver(limit.cost, used.cost, takes.cost ?? 0)
  ) {
    denied.push("deny:budget_day");
  }
  if (limit.cost !== undefined && takes.cost === null) denied.push("deny:unknown_price");
  return denied;
}
