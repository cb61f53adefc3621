import type { Task } from "../contracts/plan.ts";
import type { Budget, Spent } from "../contracts/usage.ts";
import { LIMITS } from "../std/limits.ts";
import { type Frame, NOTHING_SPENT } from "../kernel/frame.ts";

/**
 * What a mission has left to give. A task's part is set aside before it begins and what it did not
 * use comes back when it ends, so that tasks side by side never have more together than there is.
 */
export interface Pool {
  /** Used by tasks that ended, and set aside for those under way. */
  spent(): Spent;
  /** The part of a task: what it wants, and no more than an equal share of what is left. */
  part(task: Task, waiting: number): Budget;
  reserve(part: Budget): void;
  settle(part: Budget, used: Spent): void;
}

const COUNTS = ["turns", "calls", "tokens"] as const;

export function newPool({ budget, facts }: Pick<Frame, "budget" | "facts">): Pool {
  let used = NOTHING_SPENT;
  let aside = NOTHING_SPENT;
  const spent = (): Spent => joined(used, aside);
  return {
    spent,
    part: ({ budget: wanted = {} }, waiting) => {
      const now = spent();
      const most = { ...wanted, ...(wanted.time === undefined ? {} : { ms: wanted.time }) };
      const share = (key: (typeof COUNTS)[number]): number => {
        const left = Math.max(0, budget[key] - now[key]);
        // What is too little to be shared goes to whoever comes first.
        return Math.min(
          left,
          Math.max(1, Math.floor(left / waiting)),
          most[key] ?? Math.min(LIMITS[key], facts.limits[key] ?? LIMITS[key]),
        );
      };
      const [turns = 0, calls = 0, tokens = 0] = COUNTS.map(share);
      const ms = Math.max(0, Math.min(budget.ms - now.ms, most.ms ?? LIMITS.runMs));
      const left =
        budget.cost === undefined ? undefined : Math.max(0, budget.cost - now.cost) / waiting;
      const cost = least(left, most.cost);
      return { ...budget, turns, calls, tokens, ms, ...(cost === undefined ? {} : { cost }) };
    },
    reserve: (part) => void (aside = joined(aside, costOf(part))),
    settle: (part, really) => {
      aside = joined(aside, costOf(part), -1);
      used = { ...joined(used, really), ms: used.ms };
    },
  };
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function costOf({ turns, calls, tokens, cost = 0 }: Budget): Spent {
  return { ...NOTHING_SPENT, turns, calls, tokens, cost };
}

function joined(a: Spent, b: Spent, times = 1): Spent {
  return {
    turns: a.turns + times * b.turns,
    calls: a.calls + times * b.calls,
    tokens: a.tokens + times * b.tokens,
    ms: a.ms,
    cost: a.cost + times * b.cost,
    unpriced: a.unpriced || b.unpriced,
  };
}
