import type { Budget, Spent } from "../contracts/usage.ts";

/**
 * The budget of a delegated run: what it wants, and never more than the parent has left. `spent`
 * counts what is set aside for other delegated runs that still go on, so that several children
 * at once cannot have more than there is. A count is 0 where nothing is left; the budget layer
 * denies the delegation before that.
 */
export function carveBudget(parent: Budget, spent: Spent, wanted: Partial<Budget>): Budget {
  const left = (limit: number, used: number, want: number | undefined): number =>
    Math.max(0, Math.min(limit - used, want ?? Number.POSITIVE_INFINITY));
  const child: Budget = {
    turns: left(parent.turns, spent.turns, wanted.turns),
    calls: left(parent.calls, spent.calls, wanted.calls),
    tokens: left(parent.tokens, spent.tokens, wanted.tokens),
    ms: left(parent.ms, spent.ms, wanted.ms),
    // Depth is counted from the oracle, so it is a ceiling and not something used up.
    depth: left(parent.depth, 0, wanted.depth),
  };
  if (parent.warnDepth !== undefined) child.warnDepth = parent.warnDepth;
  if (parent.cost !== undefined) child.cost = left(parent.cost, spent.cost, wanted.cost);
  else if (wanted.cost !== undefined) child.cost = wanted.cost;
  return child;
}
