import type {
  MissionLine,
  Missions,
  MissionStart,
  MissionView,
  PlanWish,
  MissionRequest,
} from "../contracts/mission.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { RunHandle, RunHooks } from "../contracts/nanos.ts";
import type { Plan } from "../contracts/plan.ts";
import type { AskReply } from "../contracts/question.ts";
import type { Schedules } from "../contracts/schedule.ts";
import { checkPlan } from "../home/arrangement/plans.ts";
import { answerAsk, listAsks } from "../kernel/desk/approvals.ts";
import type { Going } from "../kernel/events/watch.ts";
import type { Starter } from "../kernel/schedule/keep.ts";
import { firstOf } from "../kernel/flow/past.ts";
import { recordedOf } from "../kernel/drive/line.ts";
import { HAND_IN } from "../kernel/plans/hand-in.ts";
import { begin } from "../kernel/runner.ts";
import type { Begun } from "../kernel/start.ts";
import { aborted } from "../kernel/schedule/times.ts";
import { topRun } from "../kernel/views/traces.ts";
import type { Facts, World } from "../kernel/world.ts";
import { NanosError } from "../std/error.ts";
import { plainText } from "../std/text.ts";
import { type After, followedBy, hooksFor } from "./after.ts";
import { carrying, type EngineDesk, engineDesk, type MissionEngines } from "./engine/desk.ts";
import { checkWaived, estimateOf, followed, type Given, inputsFor } from "./plan/begin.ts";
import { type Known, planFaults } from "./plan/check.ts";
import { decideBy } from "./follow.ts";
import { planReader } from "./plan/handed-in.ts";
import { knownTo, refuseFaults } from "./plan/known.ts";
import { fileOf, handInsOf, planOf, type PlanPlaces, type Sourced } from "./plan/source.ts";
import { keeping, mayBegin, scheduleDesk } from "./schedule/desk.ts";
import type { Looking } from "./schedule/preflight.ts";
import { isFollowed, listMissions, missionLine, notFollowed } from "./views.ts";
import { waive } from "./waived.ts";
import { missionView } from "./view.ts";

/** What missions are reached through. */
interface MissionDesk extends PlanPlaces {
  readonly world: World;
  /** What carries them. */
  readonly engines: Pick<MissionEngines, "begin" | "resume" | "cancel">;
  /** Names of the models there are. */
  readonly models: () => readonly { readonly name: string }[];
}

/** What runs need of missions: what follows a plan, and what reads one that is handed in. */
export function missionWays(models: MissionDesk["models"]): Pick<World, "decide" | "readPlan"> {
  return { decide: decideBy, readPlan: planReader(models) };
}

/** Missions, and what carries them. */
export function missionDesks(parts: DeskParts): {
  readonly missions: Missions;
  readonly engines: MissionEngines;
  readonly schedules: Schedules;
  /** What goes on by itself while somebody watches. */
  readonly going: readonly Going[];
} {
  const looking: Looking = {
    world: parts.world,
    store: parts.store,
    plan: async ({ plan: name, inputs }) => {
      const { plan, by } = await planOf(parts, name);
      if (by !== "operator") throw notOwn(name, by);
      inputsFor(plan, inputs);
      refuseFaults(plan, knownHere(parts, await parts.world.facts(), plan));
      return plan;
    },
  };
  const engines = followedBy(
    engineDesk({ ...parts, mayBegin: (input) => mayBegin(looking, input) }),
    parts,
  );
  return {
    engines,
    going: [keeping(parts.world, parts.arrangement.workspace, parts.open), carrying(engines)],
    missions: missionDesk({ ...parts, engines }),
    schedules: scheduleDesk({ ...looking, engines }),
  };
}

/** What the desks are made of. */
type DeskParts = Omit<MissionDesk, "engines"> &
  Omit<EngineDesk, "world"> &
  Pick<Looking, "store"> & {
    /** The arrangement as it is now, for what begins at its time. */
    readonly open: () => Promise<Starter>;
    readonly after: After;
  };

/** Missions as a person asks about them: a mission is a run, and goes the ways of one. */
function missionDesk(desk: MissionDesk): Missions {
  const { world, engines, arrangement } = desk;
  const { journal } = world;
  return {
    plans: async () => Object.keys(arrangement.plans),
    check: async (name) => {
      const facts = await world.facts();
      const file = fileOf(desk, name);
      return (await checkPlan(file, (plan) => planFaults(plan, knownHere(desk, facts, plan))))
        .report;
    },
    plan: async (name, given) => {
      const [{ plan, by }, facts] = [await sourced(desk, name), await world.facts()];
      if (given) {
        checkWaived(plan, given.waived ?? []);
        inputsFor(plan, given.inputs ?? {});
      }
      const { start: made } = followed(facts, plan, { inputs: {}, by });
      const { hash, rank, raised } = made;
      return { plan, hash, by, rank, raised, estimate: estimateOf(facts, plan) };
    },
    begin: async ({ plan: name, inputs = {}, waived = [], client }, hooks = {}) => {
      const from = await sourced(desk, name, client);
      checkWaived(from.plan, waived);
      const given = { inputs: inputsFor(from.plan, inputs), waived };
      return start(desk, from, hooks, given, client);
    },
    wish: (wish) => begin(world, wished(wish)),
    handedIn: (run) => handInsOf(world, run).filter((step) => !isFollowed(journal, step)),
    list: (limit = 50, wish = {}) => listMissions(journal, limit, wish),
    show: (mission) => viewOf(world, mission),
    follow: (mission, signal) => viewsOf(world, mission, signal),
    approve: (mission, reply) => approve(world, mission, reply),
    waive: async (mission, check, because) => {
      const { plan } = startIn(world, mission);
      await waive(world, lineOf(world, mission).run, { plan, check, because });
    },
    run: async (mission, hooks = {}) => engines.resume(lineOf(world, mission).run, hooks),
    rerun: (mission, hooks = {}) => rerun(desk, mission, hooks),
    cancel: async (mission) => engines.cancel(lineOf(world, mission).run),
  };
}

/** The plan of that name; or the one that is given, which is whoever's who begins it. */
async function sourced(
  desk: MissionDesk,
  plan: MissionRequest["plan"],
  by = "operator",
): Promise<Sourced> {
  return typeof plan === "string" ? planOf(desk, plan) : { plan, by };
}

/** Looked at when something was written, and when whoever carries it lets go of it or dies. */
async function* viewsOf(
  world: World,
  mission: string,
  signal: AbortSignal,
): AsyncGenerator<MissionView> {
  const { journal } = world;
  const { run } = lineOf(world, mission);
  for (;;) {
    const news = new AbortController();
    const told = (): void => news.abort();
    const forget = [journal.onWritten(told), journal.whenLeft(run, told)];
    try {
      const view = viewOf(world, run);
      yield view;
      if (view.state !== "running") return;
      await aborted(AbortSignal.any([signal, news.signal]));
      if (signal.aborted) return;
    } finally {
      for (const one of forget) one();
    }
  }
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

/** Begins an ended mission anew, from its own plan and inputs. */
async function rerun(desk: MissionDesk, mission: string, hooks: RunHooks): Promise<RunHandle> {
  const { world } = desk;
  const { plan, by, from, inputs, rank, waived = [], follows } = startIn(world, mission);
  const sourced = from === undefined ? { plan, by } : await planOf(desk, from);
  const again = lineOf(world, mission).run;
  const { budget, client } = startedOf(world, again);
  // What it was given is nobody's word this time as well.
  const before = follows ? { follows: { ...follows, rank, budget } } : {};
  // A client's is the client's once more, whoever begins it again.
  const own = hooksFor({ client }, hooks);
  return start(desk, sourced, own, { inputs, waived, again, ...before }, client);
}

/** @throws NanosError `manifest.invalid`, and as a run's beginning does. */
async function start(
  desk: MissionDesk,
  { plan, by, handedIn }: Sourced,
  hooks: RunHooks,
  given: Omit<Given, "by" | "from">,
  client = handedIn?.client,
): Promise<RunHandle> {
  const { world } = desk;
  const facts = await world.facts();
  refuseFaults(plan, knownHere(desk, facts, plan));
  const from = handedIn === undefined ? {} : { from: handedIn.step };
  const mission = followed(facts, plan, { ...given, by, ...from });
  const { agent, within } = plan;
  const input = {
    ...{ text: `${plan.name}: ${plan.description}`, mission },
    ...(handedIn?.localOnly ? { localOnly: true } : {}),
    ...(agent === undefined ? {} : { agent }),
    ...(within === undefined ? {} : { within }),
    ...(client === undefined ? {} : { client }),
  };
  return desk.engines.begin(input, hooks);
}

function knownHere(
  desk: Pick<MissionDesk, "models">,
  facts: Facts,
  { agent = facts.oracle }: Plan,
): Known {
  const models = desk.models().map(({ name }) => name);
  return knownTo(facts, agent, models);
}

/** The run in which an agent makes a plan: the goal is the operator's word. */
function wished({ agent, goal, model, most = {}, ...hooks }: PlanWish): Begun {
  const text = `Hand in a plan with ${HAND_IN} for what follows, and do nothing else of it.\n\n${goal}`;
  return { ...hooks, text, goal, agent, plans: most, ...(model === undefined ? {} : { model }) };
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
  const start = startedOf(world, run).mission;
  if (start) return start;
  throw erased(run);
}

function startedOf({ journal }: World, run: string): RunStarted {
  const started = firstOf(journal, run)?.body;
  if (started?.kind === "run.started") return started;
  throw erased(run);
}

/** Nobody reads what an agent wrote before it begins by itself, again and again. */
function notOwn(name: string, by: string): NanosError {
  const message = `The plan ${name} is by ${by}, and only your own begin by themselves.`;
  return new NanosError(
    "schedule.not_own",
    message,
    "Keep it as plans/NAME.yaml, once you read it.",
  );
}

/** Nothing is left of its plan then, and no list has it. */
function erased(mission: string): NanosError {
  const message = `What mission ${mission} began with was erased.`;
  return new NanosError("mission.erased", message, "Begin it anew: nanos mission new PLAN.");
}

function viewOf(world: World, mission: string): MissionView {
  const line = lineOf(world, mission);
  const asks = listAsks(world).filter(({ run }) => topRun(run) === line.run);
  const waits = { asks, notFollowed: notFollowed(world.journal, line.run) };
  return missionView(line, startIn(world, mission), recordedOf(world.journal, line.run), waits);
}

function noAsk(mission: string): NanosError {
  const message = `Mission ${mission} waits for no answer.`;
  return new NanosError("mission.no_ask", message, `See \`nanos mission show ${mission}\`.`);
}

function manyAsks(mission: string, ids: readonly string[]): NanosError {
  const message = `Mission ${mission} waits for ${ids.length} answers: ${ids.join(", ")}.`;
  return new NanosError("mission.many_asks", message, "Answer each: nanos approvals approve ID.");
}
