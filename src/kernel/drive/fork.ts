import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { Diverged, type Recorded } from "../../contracts/drive.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { MissionStart } from "../../contracts/mission.ts";
import type { Plan } from "../../contracts/plan.ts";
import type { ForkRequest } from "../../contracts/nanos.ts";
import { asideOf, rulesOf } from "../../gate/rules/profiles.ts";
import { type Followed, NO_MODEL, ruledBy, startOf } from "../start.ts";
import { isSettling } from "./drive.ts";
import type { Facts, World } from "../world.ts";
import { rulesIn } from "../views/rules.ts";
import { numberOf, type OwnRecord, recordedOf, trunkOf } from "./line.ts";
import { nearestFork } from "./replay.ts";

/**
 * What a fork begins with. The run it comes from is driven again from its record up to the step, as
 * a replay does it, before anything is begun: what is not reproduced is not forked.
 *
 * @throws NanosError `fork.*`, `run.*`, `step.unknown`, `agent.unknown`, `model.*`, `rules.*`.
 */
export async function forkOf(world: World, asked: ForkRequest, run: string): Promise<OwnRecord> {
  const { journal } = world;
  const step = placeIn(world, stepOf(world, asked));
  const [parent = ""] = step.split(".", 1);
  const recorded = [...journal.chain(parent)];
  const from = startIn(recorded, parent);
  const trunk = trunkOf(recorded, numberOf(step));
  if (!trunk) throw unknownStep(asked);
  const line = recordedOf(journal, parent);
  checkDepth(line, parent);
  checkOpen(line, step);
  if (from.mission) checkTasks(line, from.mission.plan, step);
  const facts = world.guard.same(await factsFor(world, asked.rules, from.mission));
  const fork = { run: parent, step, hash: trunk.event.hash };
  const started = { ...(await startFrom(world, facts, from, { ...asked, run })), fork };
  checkGround(from, started, parent);
  if (!from.mission && started.model.name === NO_MODEL.name && trunk.event.kind !== "run.started") {
    const message = `${started.agent} asks no model, and cannot go on in the middle of a run.`;
    throw new NanosError("fork.agent", message, "Fork at the first step, or choose --agent.");
  }
  const own = { run, started, facts, recorded: [] };
  await checkPlace(world, own, step);
  return own;
}

/** The step as it is named; a number stands for the run's own, or one it shares. */
function stepOf({ journal }: World, asked: ForkRequest): string {
  const [first] = journal.chain(asked.run);
  if (first?.event.kind !== "run.started") {
    const message = `There is no run ${asked.run}.`;
    throw new NanosError("run.unknown", message, "See `nanos trace list`.");
  }
  if (first.body?.kind === "run.started" && first.body.parent) {
    const { run, step } = first.body.parent;
    const message = `${asked.run} is part of run ${run}.`;
    throw new NanosError("run.delegated", message, `nanos trace fork ${run} --at ${step}`);
  }
  const steps = new Set(recordedOf(journal, asked.run).map(({ event }) => event.step ?? ""));
  const meant = (step: string): boolean =>
    step === asked.at || step === `${step.split(".", 1)[0]}.${asked.at}`;
  const named = [...steps].find(meant);
  if (named === undefined) throw unknownStep(asked);
  const outer = named.split(".", 2).join(".");
  if (outer !== named) throw inside(named, outer);
  return named;
}

/** A mission is left where one of its tasks begins, or at its own beginning: that number is free. */
function placeIn({ journal }: World, step: string): string {
  const [run = ""] = step.split(".", 1);
  const [first] = journal.chain(run);
  if (first?.body?.kind !== "run.started" || !first.body.mission) return step;
  const place = numberOf(step) - (numberOf(step) % LIMITS.taskSteps);
  if (place === 0) return `${run}.1`;
  const at = `${run}.${place + 1}`;
  // Where a fork passed the gate anew is where it left.
  if (numberOf(step) > place + 1) throw inside(step, at);
  return `${run}.${place}`;
}

/** Tasks before have to be over, and none of them may go on from what is not shared. */
function checkTasks(line: readonly Recorded[], { tasks }: Plan, at: string): void {
  const before = tasks.slice(0, Math.max(0, numberOf(at) / LIMITS.taskSteps - 1));
  const names = before.map(({ id }) => id);
  const spare = new Set(
    tasks.flatMap(({ recover }) => recover.flatMap((one) => one.fallback?.task ?? [])),
  );
  for (const { id, needs } of before) {
    if (spare.has(id)) continue;
    const over = line.some(({ body }) => body?.kind === "task.ended" && body.task === id);
    if (!over) {
      const message = `The task ${id}, before ${at}, has come to no end.`;
      throw new NanosError("fork.open", message, "Fork at its first step, or go on with it first.");
    }
    const later = needs.find((need) => !names.includes(need));
    if (later === undefined) continue;
    const message = `The task ${id}, before ${at}, went on from ${later}, which comes after it in the plan.`;
    throw new NanosError("fork.order", message, `Fork at the first step of ${id}.`);
  }
}

/** The plan as it was followed: its rules are among the facts already. */
function followedIn({ budget }: RunStarted, start: MissionStart): Followed {
  return { start, budget, rules: [], aside: asideOf(start.plan, null) };
}

function unknownStep({ run, at }: ForkRequest): NanosError {
  const message = `Run ${run} has no step ${at}.`;
  return new NanosError("step.unknown", message, `See \`nanos trace show ${run}\`.`);
}

function inside(step: string, at: string): NanosError {
  const [run = ""] = at.split(".", 1);
  const message = `Step ${step} follows from ${at} and is forked with it.`;
  return new NanosError("fork.inside", message, `nanos trace fork ${run} --at ${at}`);
}

function startIn([first]: readonly Recorded[], run: string): RunStarted {
  if (first?.body?.kind === "run.started") return first.body;
  throw new NanosError("run.erased", `What run ${run} began with was erased.`, ANEW);
}

const ANEW = "Start it anew: nanos run.";

function checkDepth(line: readonly Recorded[], run: string): void {
  const runs = line.filter(({ event }) => event.kind === "run.started").length;
  if (runs < LIMITS.forks) return;
  const message = `Run ${run} is the last of ${runs} that were forked, each from the next.`;
  throw new NanosError("fork.deep", message, "Fork one of those before it.");
}

/** What is shared has to have come to its end: a fork can neither wait for it nor do it again. */
function checkOpen(recorded: readonly Recorded[], at: string): void {
  const open = new Map<string, string>();
  for (const { event } of recorded) {
    const { step, kind } = event;
    if (step === null || step.split(".").length > 2 || numberOf(step) >= numberOf(at)) continue;
    if (isSettling(kind)) open.delete(step);
    else if (kind === "action.proposed") open.set(step, "has come to no end");
    else if (kind === "approval.asked") open.set(step, "waits for an answer");
  }
  const [step, why] = [...open][0] ?? [];
  if (step === undefined) return;
  const message = `Step ${step}, before ${at}, ${why}.`;
  throw new NanosError("fork.open", message, `Fork at ${step}, or resume the run first.`);
}

/** What the arrangement is now, held by more rules where some are given. They never loosen it. */
async function factsFor(
  world: World,
  given: ForkRequest["rules"],
  mission: RunStarted["mission"],
): Promise<Facts> {
  const plain = await world.facts();
  const facts = mission ? ruledBy(plain, rulesOf(mission.plan)) : plain;
  if (given === undefined) return facts;
  const own = (await rulesIn(given)).map((rule) => ({ ...rule, id: `fork/${rule.id}` }));
  const rules = [...facts.rules, ...own];
  if (rules.length > LIMITS.rules) {
    const message = `With these there would be ${rules.length} rules; ${LIMITS.rules} are the most.`;
    throw new NanosError("fork.rules", message, "Give it fewer.");
  }
  return ruledBy(facts, own);
}

/** As the run began, with what is asked for in its place, as of now. */
async function startFrom(
  world: World,
  facts: Facts,
  from: RunStarted,
  { run, ask, agent, model }: ForkRequest,
): Promise<RunStarted> {
  if (from.call && (agent !== undefined || model !== undefined)) {
    const message = `It is one call of ${from.call.tool}, with no agent or model.`;
    throw new NanosError("fork.agent", message, "Fork it without --agent and --model.");
  }
  const stays = agent === undefined && !from.follows && from.model.name !== NO_MODEL.name;
  const named = model ?? (stays ? from.model.name : undefined);
  const asked = {
    ...{ run, text: from.request, after: from.after, budget: from.budget },
    ...{ agent: agent ?? from.agent, localOnly: from.localOnly },
    ...(named === undefined ? {} : { model: named }),
    ...(from.rehearsal ? { rehearsal: true } : {}),
    ...(from.within ? { within: from.within } : {}),
    ...(from.client === undefined ? {} : { client: from.client }),
    ...(from.plans ? { plans: from.plans } : {}),
    ...(from.mission ? { mission: followedIn(from, from.mission) } : {}),
    ...(from.earlier ? { earlier: from.earlier } : {}),
    ...(ask ? { ask } : {}),
  };
  const { said: _, command: _command, ...own } = await startOf(world, facts, asked, from.call);
  const { request, said, command, event, call, images } = from;
  return {
    ...own,
    request,
    ...(said === undefined ? {} : { said }),
    ...(command && { command }),
    ...(event && { event }),
    ...(call && { call }),
    ...(images && { images }),
  };
}

function checkGround(from: RunStarted, started: RunStarted, run: string): void {
  if (from.tree || started.tree) {
    const message =
      "A run that works in a copy of a repository is not forked: the copy is its own.";
    throw new NanosError("fork.tree", message, ANEW);
  }
  if (from.workspace === started.workspace) return;
  const message = `Run ${run} worked in ${from.workspace}.`;
  throw new NanosError("fork.elsewhere", message, "Go there, and fork it there.");
}

/** Drives the run again up to the step, and makes sure that it is a place to leave it at. */
async function checkPlace(world: World, own: OwnRecord, step: string): Promise<void> {
  const [run = ""] = step.split(".", 1);
  let near: number | null;
  try {
    near = await nearestFork(world, own, run);
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    const message = `Run ${run} cannot be driven again up to ${step}: ${error.message}.`;
    throw new NanosError("fork.lost", message, `See \`nanos trace replay ${run}\`.`, error);
  }
  if (near !== null) throw inside(step, `${run}.${near}`);
}
