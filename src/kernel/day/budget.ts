import type { Budget } from "../../contracts/usage.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Begun } from "../start.ts";
import type { Facts } from "../world.ts";

/** What a run may use: what is asked for and what its agent or plan say, within what its key leaves. */
export function budgetFor(facts: Facts, request: Begun, agent: Facts["limits"] = {}): Budget {
  const own = request.mission?.budget ?? budgetOf(facts, agent, budgetAsked(request));
  return budgetBy(request, own);
}

/** The least of what is asked for and what agent or arrangement say; where none does, the default. */
export function budgetOf(facts: Facts, agent: Facts["limits"], asked: Partial<Budget>): Budget {
  const least = (key: "turns" | "calls" | "tokens" | "ms" | "cost"): number | undefined => {
    const set = agent[key] ?? facts.limits[key];
    const wish = asked[key];
    return set === undefined || wish === undefined ? (wish ?? set) : Math.min(wish, set);
  };
  const cost = least("cost");
  return {
    turns: least("turns") ?? LIMITS.turns,
    calls: least("calls") ?? LIMITS.calls,
    tokens: least("tokens") ?? LIMITS.tokens,
    ms: least("ms") ?? LIMITS.runMs,
    depth: Math.min(asked.depth ?? facts.depth, facts.depth),
    ...(facts.warnDepth === undefined ? {} : { warnDepth: facts.warnDepth }),
    ...(cost === undefined ? {} : { cost }),
  };
}

/** Who is no operator asks for less than a run has where nothing is said, and never for more. */
function budgetAsked({ budget = {}, client }: Begun): Partial<Budget> {
  if (client === undefined || budget.calls === undefined) return budget;
  return { ...budget, calls: Math.min(budget.calls, LIMITS.calls) };
}

function budgetBy({ key, room = {} }: Begun, budget: Budget): Budget {
  const { calls = Infinity, cost = Infinity } = key?.budget ?? {};
  const least = Math.min(budget.cost ?? Infinity, cost, room.cost ?? Infinity);
  return {
    ...budget,
    calls: Math.min(budget.calls, calls, room.calls ?? Infinity),
    tokens: Math.min(budget.tokens, room.tokens ?? Infinity),
    ...(least === Infinity ? {} : { cost: least }),
  };
}
