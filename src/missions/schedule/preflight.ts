import type { Plan } from "../../contracts/plan.ts";
import { keyOfClient } from "../../contracts/http/key.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type {
  Preflight,
  Schedule,
  ScheduleRequest,
  ScheduleWhen,
} from "../../contracts/schedule.ts";
import type { Budget } from "../../contracts/usage.ts";
import { agentOf } from "../../kernel/frame.ts";
import { momentOf, type Times, timesOf } from "../../kernel/schedule/times.ts";
import { scheduleIn } from "../../kernel/schedule/view.ts";
import { budgetOf } from "../../kernel/day/budget.ts";
import { unknownAgent } from "../../kernel/start.ts";
import type { Facts, World } from "../../kernel/world.ts";
import { localZone } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { budgetOfPlan, estimateOf } from "../plan/begin.ts";
import { estimated, grantsMissing, priceProblems, secretsMissing, type Store } from "./needs.ts";
import { reachedBy } from "./reached.ts";
import { changedIn, sealed } from "./seal.ts";

/** What a schedule is looked at with. */
export interface Looking {
  readonly world: World;
  /** The plan of that name, good to be followed with these inputs. @throws NanosError. */
  plan(what: { plan: string; inputs: Readonly<Record<string, string>> }): Promise<Plan>;
  store(): Promise<Store>;
}

type Said = Pick<Schedule, "what" | "budget">;

/** What saving a schedule takes as things are now. @throws NanosError `schedule.*`, `plan.*`, `model.*`. */
export async function preflightOf(looking: Looking, request: ScheduleRequest): Promise<Preflight> {
  const { world } = looking;
  const now = world.clock.now();
  const before = scheduleIn(world.journal, request.name)?.schedule ?? null;
  const when = await whenOf(request, before);
  const times = timesFrom(await timesOf(when), when, now);
  const what = request.what ?? before?.what;
  if (what === undefined) throw lacks(request.name, "what", "--plan PLAN, or --agent NAME TEXT");
  const budget = request.budget ?? before?.budget ?? {};
  const found = await lookedAt(looking, { what, budget });
  const schedule: Schedule = {
    ...{ name: nameOf(request.name), workspace: found.facts.workspace, when, what, budget },
    missed: request.missed ?? before?.missed ?? "once",
    ...{ seal: found.seal, estimate: found.estimate, at: now },
    ...askerOf(request, before),
  };
  const changed = before ? changedIn(before.seal, found.seal) : [];
  return { schedule, times, problems: found.problems, changed };
}

/** What it begins with stays a program's words until the operator says what that is anew. */
function askerOf(
  { client, what }: ScheduleRequest,
  before: Schedule | null,
): Pick<Schedule, "client"> {
  const asker = client ?? (what === undefined ? before?.client : undefined);
  return asker === undefined ? {} : { client: asker };
}

/** Why a saved schedule may not begin as things are now; null when it may. */
export async function refusedNow(looking: Looking, schedule: Schedule): Promise<Failure | null> {
  const again = `nanos schedule add ${schedule.name}`;
  try {
    const id = schedule.client === undefined ? null : keyOfClient(schedule.client);
    if (id !== null) await looking.world.key(id);
    const { seal, problems, facts } = await lookedAt(looking, schedule);
    const changed = changedIn(schedule.seal, seal);
    if (facts.workspace !== schedule.workspace) {
      const message = `It was saved in ${schedule.workspace}, and begins there only.`;
      // schedule.elsewhere -> Start nanos in that folder, or save it anew here: nanos schedule add --help.
      return { code: "schedule.elsewhere", message };
    }
    if (changed.length > 0) {
      const message = `Changed since it was saved: ${changed.join(", ")}.`;
      return { code: "schedule.changed", message, next: `See it, and save it again: ${again}` };
    }
    const [problem] = problems;
    if (problem === undefined) return null;
    return {
      code: "schedule.lacks",
      message: `It lacks something: ${problem.says}.`,
      next: problem.next,
    };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const message = `What it was saved under is not there: ${error.message}`;
    return { code: "schedule.changed", message, next: `${error.next} Then: ${again}` };
  }
}

/** What one firing may use in all. */
export function budgetFor(
  facts: Facts,
  { budget }: Said,
  agent: string,
  plan: Plan | null,
): Budget {
  if (plan === null) {
    return budgetOf(facts, agentOf(facts, agent)?.manifest.limits ?? {}, given(budget));
  }
  const own = budgetOfPlan(facts, plan);
  const { calls = own.calls, tokens = own.tokens, cost = own.cost } = budget;
  const least = { ...own, calls: Math.min(calls, own.calls), tokens: Math.min(tokens, own.tokens) };
  return cost === undefined ? least : { ...least, cost: Math.min(cost, own.cost ?? cost) };
}

/** A budget without the fields nobody gave. */
export function given({ calls, tokens, cost }: Said["budget"]): Partial<Budget> {
  return {
    ...(calls === undefined ? {} : { calls }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
  };
}

async function lookedAt(looking: Looking, said: Said) {
  const { world } = looking;
  const { what, budget } = said;
  const facts = await world.facts();
  const plan = "plan" in what ? await looking.plan(what) : null;
  const agent = "plan" in what ? (plan?.agent ?? facts.oracle) : what.agent;
  if (agentOf(facts, agent) === null) throw unknownAgent(agent, facts);
  const meant = { agent, plan };
  const reached = reachedBy(facts, meant);
  const limits = budgetFor(facts, said, agent, plan);
  const most = plan === null ? limits : leastOf(limits, estimateOf(facts, plan).budget);
  const estimate = await estimated(world, most, reached);
  const tokens = budget.tokens ?? plan?.budget.tokens ?? facts.limits.tokens;
  const problems = [
    ...grantsMissing(world, facts, reached),
    ...(await secretsMissing(world, reached, await looking.store())),
    ...thenProblems(plan),
    ...priceProblems(estimate, tokens === undefined ? {} : { tokens }, limits),
  ];
  return { facts, estimate, problems, seal: await sealed(world, facts, meant, reached) };
}

/** It is saved for its own plan: what that names would never follow. */
function thenProblems(plan: Plan | null): Preflight["problems"] {
  const [first] = plan?.then ?? [];
  if (!plan || !first) return [];
  const says = `${plan.name} names what follows it (then), and nothing follows what a schedule begins`;
  return [
    { says, next: `Take it from a plan of its own, and give ${first.plan} a schedule of its own` },
  ];
}

/** No more than the tasks of its plan could use, where that is less than what it may. */
function leastOf(limits: Budget, { calls, tokens }: Budget): Budget {
  const least = { calls: Math.min(limits.calls, calls), tokens: Math.min(limits.tokens, tokens) };
  return { ...limits, ...least };
}

async function whenOf(request: ScheduleRequest, before: Schedule | null): Promise<ScheduleWhen> {
  const { cron, at } = request;
  const zone = request.zone ?? before?.when.zone ?? localZone();
  if (cron !== undefined && at !== undefined) {
    const message = "It comes again and again, or at one moment.";
    throw new NanosError("schedule.time", message, "Give --cron or --at, and not both.");
  }
  if (cron !== undefined) return { cron, zone };
  if (at !== undefined) return { at: await momentOf(at, zone), zone };
  if (before === null) throw lacks(request.name, "when", '--cron "0 9 * * 1-5", or --at MOMENT');
  return { ...before.when, zone };
}

// schedule.never: None of its times is still to come. -> Give one that is: --cron or --at.
/** Its next times. @throws NanosError `schedule.never`, `schedule.too_often`. */
function timesFrom(times: Times, when: ScheduleWhen, now: number): readonly number[] {
  const all: number[] = [];
  for (let next = times.next(now); next !== null; next = times.next(next)) {
    const gap = next - (all.at(-1) ?? Number.NEGATIVE_INFINITY);
    if (gap < LIMITS.scheduleGapMs) {
      const message = `Its times are ${gap / 1_000} s apart.`;
      const least = `At least ${LIMITS.scheduleGapMs / 1_000} s lie between two of them.`;
      throw new NanosError("schedule.too_often", message, least);
    }
    all.push(next);
    if (all.length >= LOOKED) break;
  }
  if (all.length > 0) return all.slice(0, SHOWN);
  const what = "at" in when ? "The moment has passed" : `${plainText(when.cron)} never comes`;
  throw new NanosError("schedule.never", `${what}.`, "Give a time that is still to come.");
}

const SHOWN = 3;
/** Times looked at before an expression counts as one that does not come too often. */
const LOOKED = 500;

function nameOf(name: string): string {
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/u.test(name)) return name;
  const message = `${plainText(name)} is no name for a schedule.`;
  throw new NanosError("schedule.name", message, "Take 1 to 64 of a-z, 0-9, - and _.");
}

function lacks(name: string, what: string, give: string): NanosError {
  const message = `There is no schedule ${plainText(name)} yet, and nothing says ${what} it begins.`;
  return new NanosError("schedule.lacks", message, `Give ${give}.`);
}
