import type { Estimate, MissionStart } from "../../contracts/mission.ts";
import type { Plan, PlanInput } from "../../contracts/plan.ts";
import type { Budget, Spent } from "../../contracts/usage.ts";
import type { Rank } from "../../contracts/action.ts";
import { carveBudget } from "../../gate/budget.ts";
import { rankNumber } from "../../gate/ranks.ts";
import type { Followed } from "../../kernel/start.ts";
import type { Facts } from "../../kernel/world.ts";
import { ordered } from "../../std/canonical.ts";
import { NanosError } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import { checkId } from "./check.ts";
import { standIns, widthOf } from "./order.ts";
import { asideOf, rulesOf } from "../../gate/rules/profiles.ts";
import { type PlanRank, rankOfPlan } from "./rank.ts";

/** What a mission is begun with beside its plan. */
export interface Given {
  readonly inputs: MissionStart["inputs"];
  /** `operator`, or `agent:NAME` whose proposal the plan is. */
  readonly by: string;
  /** The step that handed it in. */
  readonly from?: string;
  readonly waived?: readonly string[];
  readonly again?: string;
  /** The mission it follows on from: its rank is the least, and its part of what that left is all there is. */
  readonly follows?: NonNullable<MissionStart["follows"]> & {
    readonly rank: Rank;
    readonly budget: Budget;
  };
}

/** What a run that follows a plan begins with. */
export function followed(facts: Facts, plan: Plan, given: Given): Followed {
  const { inputs, by, from, waived, again, follows } = given;
  const whole = ordered(plan as unknown as Json) as unknown as Plan;
  return {
    start: {
      ...{ plan: whole, hash: hashOf(whole as unknown as Json), inputs, by },
      ...(from === undefined ? {} : { from }),
      ...leastRank(rankOfPlan(facts, plan), follows),
      ...(follows === undefined ? {} : { follows: placeOf(follows) }),
      ...(again === undefined ? {} : { again }),
      ...(waived === undefined || waived.length === 0 ? {} : { waived: [...waived] }),
    },
    budget: follows
      ? carveBudget(follows.budget, UNSPENT, budgetOfPlan(facts, plan))
      : budgetOfPlan(facts, plan),
    rules: rulesOf(plan),
    aside: asideOf(plan, null),
  };
}

const UNSPENT: Spent = { turns: 0, calls: 0, tokens: 0, ms: 0, cost: 0, unpriced: false };

function placeOf({ run, place, label }: NonNullable<Given["follows"]>): MissionStart["follows"] {
  return { run, place, label };
}

function leastRank(own: PlanRank, follows: Given["follows"]): PlanRank {
  if (follows === undefined || rankNumber(own.rank) >= rankNumber(follows.rank)) return own;
  return { rank: follows.rank, raised: `mission ${follows.run}` };
}

/** What a mission may use in all. */
export function budgetOfPlan({ limits, depth, warnDepth }: Facts, { budget }: Plan): Budget {
  const costs = [budget.cost, limits.cost].filter((one) => one !== undefined);
  return {
    turns: budget.turns ?? LIMITS.missionTurns,
    calls: budget.calls ?? LIMITS.missionCalls,
    tokens: budget.tokens ?? LIMITS.missionTokens,
    ms: budget.time ?? LIMITS.missionMs,
    depth: Math.min(budget.depth ?? depth, depth),
    ...(warnDepth === undefined ? {} : { warnDepth }),
    ...(costs.length === 0 ? {} : { cost: Math.min(...costs) }),
  };
}

/** The most a mission could use, before it begins. */
export function estimateOf(facts: Facts, plan: Plan): Estimate {
  const all = budgetOfPlan(facts, plan);
  const spare = standIns(plan.tasks);
  const tasks = plan.tasks.filter(({ id }) => !spare.has(id));
  const asking = plan.tasks.filter(({ agent }) => agent !== undefined);
  const most = (key: "turns" | "tokens"): number =>
    asking.reduce((sum, { budget }) => sum + (budget?.[key] ?? LIMITS[key]), 0);
  const calls = plan.tasks.reduce((sum, { budget, agent }) => {
    return sum + (budget?.calls ?? (agent === undefined ? 1 : LIMITS.calls));
  }, 0);
  return {
    tasks: tasks.length,
    width: Math.min(plan.budget.width ?? LIMITS.missionWidth, widthOf(tasks)),
    budget: {
      ...all,
      turns: Math.min(all.turns, most("turns")),
      tokens: Math.min(all.tokens, most("tokens")),
      calls: Math.min(all.calls, calls),
    },
  };
}

/** Inputs as typed, read by their types. @throws NanosError `mission.input`, `mission.waive`. */
export function inputsFor(
  { name: plan, inputs }: Plan,
  typed: Readonly<Record<string, string>>,
): MissionStart["inputs"] {
  const stray = Object.keys(typed).find((name) => !Object.hasOwn(inputs, name));
  if (stray !== undefined) {
    const near = nearest(stray, Object.keys(inputs));
    const names = Object.keys(inputs).join(", ") || "none";
    const next = near === undefined ? `Its inputs: ${names}.` : `Did you mean ${near}?`;
    throw new NanosError("mission.input", `The plan ${plan} has no input ${stray}.`, next);
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, readInput(name, input, typed[name])]),
  );
}

function readInput(
  name: string,
  { type, choices, default: given }: PlanInput,
  typed?: string,
): Json {
  if (typed === undefined) {
    if (given !== undefined) return given;
    const next = `Give it: --input ${name}=VALUE.`;
    throw new NanosError("mission.input", `The input ${name} is missing.`, next);
  }
  const number = typed.trim() === "" ? Number.NaN : Number(typed);
  if (type === "text") return typed;
  if (type === "number" && Number.isFinite(number)) return number;
  if (type === "boolean" && ["true", "false"].includes(typed)) return typed === "true";
  if (type === "choice" && choices?.includes(typed) === true) return typed;
  const wants = type === "choice" ? `one of ${choices?.join(", ")}` : `a ${type}`;
  throw new NanosError("mission.input", `${name} takes ${wants}, not ${typed}.`, "Give another.");
}

/** @throws NanosError `mission.waive` for what is no check of the plan. */
export function checkWaived({ name, tasks }: Plan, waived: readonly string[]): void {
  const all = tasks.flatMap(({ id, checks }) => checks.map((check) => `${id}.${checkId(check)}`));
  const stray = waived.find((one) => !all.includes(one));
  if (stray === undefined) return;
  const next = all.length === 0 ? "It has no checks." : `Its checks: ${all.join(", ")}.`;
  throw new NanosError("mission.waive", `The plan ${name} has no check ${stray}.`, next);
}
