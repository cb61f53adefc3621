import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Arrangement } from "../contracts/arrangement.ts";
import type { MissionLine, Missions, MissionStart, MissionView } from "../contracts/mission.ts";
import type { RunHandle, RunHooks } from "../contracts/nanos.ts";
import type { Plan } from "../contracts/plan.ts";
import type { AskReply } from "../contracts/question.ts";
import { checkPlan, readPlan } from "../home/arrangement/plans.ts";
import { manifestError } from "../home/arrangement/manifest.ts";
import { answerAsk, listAsks } from "../kernel/desk/approvals.ts";
import { agentOf } from "../kernel/frame.ts";
import { firstOf } from "../kernel/flow/past.ts";
import { topRun } from "../kernel/views/traces.ts";
import { isAttached } from "../kernel/wants/tool.ts";
import type { Facts, World } from "../kernel/world.ts";
import { NanosError } from "../std/error.ts";
import { nearest } from "../std/nearest.ts";
import { plainText } from "../std/text.ts";
import { type EngineDesk, engineDesk, type MissionEngines } from "./engine/desk.ts";
import { checkWaived, estimateOf, followed, type Given, inputsFor } from "./plan/begin.ts";
import { type Known, planFaults } from "./plan/check.ts";
import { listMissions, missionLine } from "./views.ts";
import { missionView } from "./view.ts";

/** What missions are reached through. */
interface MissionDesk {
  readonly world: World;
  /** What carries them. */
  readonly engines: Pick<MissionEngines, "begin" | "resume" | "cancel">;
  readonly arrangement: Arrangement;
  /** What a path is relative to, absolute. */
  readonly cwd: string;
  /** Names of the models there are. */
  readonly models: () => readonly { readonly name: string }[];
}

/** Missions, and what carries them. */
export function missionDesks(parts: Omit<MissionDesk, "engines"> & Omit<EngineDesk, "world">): {
  readonly missions: Missions;
  readonly engines: MissionEngines;
} {
  const engines = engineDesk(parts);
  return { engines, missions: missionDesk({ ...parts, engines }) };
}

/** Missions as a person asks about them: a mission is a run, and goes the ways of one. */
function missionDesk(desk: MissionDesk): Missions {
  const { world, engines, arrangement } = desk;
  const { journal } = world;
  return {
    plans: async () => Object.keys(arrangement.plans),
    check: async (name) => {
      const facts = await world.facts();
      const file = fileOf(desk, name);
      return (await checkPlan(file, (plan) => planFaults(plan, knownTo(desk, facts, plan)))).report;
    },
    plan: async (name, given) => {
      const [plan, facts] = [await planOf(desk, name), await world.facts()];
      if (given) {
        checkWaived(plan, given.waived ?? []);
        inputsFor(plan, given.inputs ?? {});
      }
      const { start: made } = followed(facts, plan, { inputs: {}, by: "operator" });
      const { hash, rank, raised } = made;
      return { plan, hash, rank, raised, estimate: estimateOf(facts, plan) };
    },
    begin: async ({ plan: name, inputs = {}, waived = [], client }, hooks = {}) => {
      const plan = await planOf(desk, name);
      checkWaived(plan, waived);
      const given = { inputs: inputsFor(plan, inputs), waived };
      return start(desk, plan, hooks, given, client);
    },
    list: (limit = 50) => listMissions(journal, limit),
    show: (mission) => viewOf(world, mission),
    approve: (mission, reply) => approve(world, mission, reply),
    run: async (mission, hooks = {}) => engines.resume(lineOf(world, mission).run, hooks),
    rerun: async (mission, hooks = {}) => {
      const { plan, inputs, waived = [] } = startIn(world, mission);
      return start(desk, plan, hooks, { inputs, waived, again: lineOf(world, mission).run });
    },
    cancel: async (mission) => engines.cancel(lineOf(world, mission).run),
  };
}

/** Answers the one thing it waits for: a yes is to what was shown, and never to several at once. */
async function approve(world: World, mission: string, reply: AskReply): Promise<readonly string[]> {
  const { asks } = viewOf(world, mission);
  const [ask] = asks;
  if (!ask) throw noAsk(mission);
  if (asks.length > 1)
    throw manyAsks(
      mission,
      asks.map(({ id }) => id),
    );
  const { id } = await answerAsk(world, ask, reply, "operator@terminal");
  return [id];
}

/** @throws NanosError `manifest.invalid`, and as a run's beginning does. */
async function start(
  desk: MissionDesk,
  plan: Plan,
  hooks: RunHooks,
  given: Omit<Given, "by">,
  client?: string,
): Promise<RunHandle> {
  const { world } = desk;
  const facts = await world.facts();
  refuseFaults(plan, knownTo(desk, facts, plan));
  const mission = followed(facts, plan, { ...given, by: "operator" });
  const { agent, within } = plan;
  const input = {
    ...{ text: `${plan.name}: ${plan.description}`, mission },
    ...(agent === undefined ? {} : { agent }),
    ...(within === undefined ? {} : { within }),
    ...(client === undefined ? {} : { client }),
  };
  return desk.engines.begin(input, hooks);
}

/** What a plan may name: what the agent that follows it has. */
function knownTo(desk: MissionDesk, facts: Facts, plan: Plan): Known {
  const models = desk.models().map(({ name }) => name);
  const by = plan.agent ?? facts.oracle;
  const agent = agentOf(facts, by);
  if (!agent) return { by, tools: [], agents: [], models };
  const tools = facts.tools.filter((tool) => isAttached({ agent }, tool));
  const agents = [...new Set([...agent.manifest.agents, by])];
  return { by, tools: tools.map(({ manifest }) => manifest.name), agents, models };
}

/** The plan of the arrangement as it was loaded, or one in a file of its own. */
async function planOf(desk: MissionDesk, name: string): Promise<Plan> {
  const { plans } = desk.arrangement;
  if (Object.hasOwn(plans, name)) return plans[name] as Plan;
  return readPlan(fileOf(desk, name), planFaults);
}

/** @throws NanosError `plan.missing`. */
function fileOf({ arrangement, cwd }: MissionDesk, name: string): string {
  const { plans, dir } = arrangement;
  if (Object.hasOwn(plans, name)) return join(dir, "plans", `${name}.yaml`);
  const file = resolve(cwd, name);
  if (existsSync(file)) return file;
  const near = nearest(name, Object.keys(plans));
  const names = Object.keys(plans).join(", ");
  const next =
    near === undefined
      ? `Name a YAML file${names === "" ? "" : `, or one of ${names}`}.`
      : `Did you mean ${near}?`;
  throw new NanosError("plan.missing", `There is no plan ${plainText(name)}.`, next);
}

/** @throws NanosError `manifest.invalid`. */
function refuseFaults(plan: Plan, known: Known): void {
  const faults = planFaults(plan, known);
  if (faults.length === 0) return;
  const problems = faults.map(({ path, text }) => ({
    ...{ file: `plan ${plan.name}`, line: 1, column: 1 },
    text: `${path.join(".")}: ${text}`,
  }));
  throw manifestError("plans", problems);
}

function lineOf({ journal }: World, mission: string): MissionLine {
  const line = missionLine(journal, mission);
  if (line) return line;
  if (firstOf(journal, mission)?.body === null) throw erased(mission);
  const message = `There is no mission ${plainText(mission)}.`;
  throw new NanosError("mission.unknown", message, "See `nanos mission list`.");
}

function startIn(world: World, mission: string): MissionStart {
  const { run } = lineOf(world, mission);
  const started = firstOf(world.journal, run)?.body;
  if (started?.kind === "run.started" && started.mission) return started.mission;
  throw erased(run);
}

/** Nothing is left of its plan then, and no list has it. */
function erased(mission: string): NanosError {
  const message = `What mission ${mission} began with was erased.`;
  return new NanosError("mission.erased", message, "Begin it anew: nanos mission new PLAN.");
}

function viewOf(world: World, mission: string): MissionView {
  const line = lineOf(world, mission);
  const asks = listAsks(world).filter(({ run }) => topRun(run) === line.run);
  return missionView(line, startIn(world, mission), [...world.journal.chain(line.run)], asks);
}

function noAsk(mission: string): NanosError {
  const message = `Mission ${mission} waits for no answer.`;
  return new NanosError("mission.no_ask", message, `See \`nanos mission show ${mission}\`.`);
}

function manyAsks(mission: string, ids: readonly string[]): NanosError {
  const message = `Mission ${mission} waits for ${ids.length} answers: ${ids.join(", ")}.`;
  return new NanosError("mission.many_asks", message, "Answer each: nanos approvals approve ID.");
}
