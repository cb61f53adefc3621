import type { Failure } from "../../contracts/outcome.ts";
import type { Schedule, ScheduleLine, Schedules } from "../../contracts/schedule.ts";
import { note } from "../../kernel/desk/note.ts";
import type { Going } from "../../kernel/events/watch.ts";
import {
  isLost,
  isOpen,
  type Keeper,
  keepSchedules,
  SCHEDULES_TOPIC,
  standing,
} from "../../kernel/schedule/keep.ts";
import { type Kept, scheduleIn, schedulesIn } from "../../kernel/schedule/view.ts";
import type { World } from "../../kernel/world.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import type { MissionEngines } from "../engine/desk.ts";
import type { MissionInput } from "../engine/carry.ts";
import { followed, inputsFor } from "../plan/begin.ts";
import { budgetFor, given, type Looking, preflightOf, refusedNow } from "./preflight.ts";

/** What schedules are reached through. */
export interface ScheduleDesk extends Looking {
  readonly engines: Pick<MissionEngines, "begin">;
}

/** Schedules as a person asks about them. */
export function scheduleDesk(desk: ScheduleDesk): Schedules {
  const { world } = desk;
  const { journal } = world;
  return {
    list: async () => Promise.all(schedulesIn(journal).map((kept) => lineOf(desk, kept))),
    preflight: (request) => preflightOf(desk, request),
    add: async (request) => {
      const preflight = await preflightOf(desk, request);
      const { schedule, problems } = preflight;
      const [problem] = problems;
      if (problem) throw notReady(schedule, problem, problems.length);
      const known = schedulesIn(journal);
      const isNew = !known.some((one) => one.schedule.name === schedule.name);
      if (isNew && known.length >= LIMITS.schedules) throw full(known.length);
      await note(journal, { kind: "schedule.saved", schedule });
      await journal.wake(SCHEDULES_TOPIC);
      return preflight;
    },
    rm: async (name) => {
      find(journal, name);
      await note(journal, { kind: "schedule.removed", name });
      await journal.wake(SCHEDULES_TOPIC);
    },
    refused: (schedule) => refusedNow(desk, schedule),
    begin: async (schedule, claim, run, hooks) =>
      desk.engines.begin({ ...(await inputOf(desk, schedule)), schedule: claim, run }, hooks),
  };
}

/** Begins what is due of this folder's schedules, while the signal lets it. */
export function keeping(world: World, workspace: string, open: Keeper["open"]): Going {
  const { journal, clock, random } = world;
  return (signal, on) => keepSchedules({ journal, clock, random, workspace, open }, signal, on);
}

/** A saved schedule may begin only under what it was saved under, whoever carries it. */
export async function mayBegin(looking: Looking, input: MissionInput): Promise<void> {
  const { name = "" } = input.schedule ?? {};
  const kept = scheduleIn(looking.world.journal, name);
  const why = kept
    ? await refusedNow(looking, kept.schedule)
    : { code: "schedule.unknown", message: `The schedule ${name} is not there any more.` };
  if (why === null) return;
  const next = ("next" in why ? why.next : undefined) ?? "See it: nanos schedule list";
  throw new NanosError(why.code, why.message, next);
}

/** What its run begins with. */
async function inputOf(desk: ScheduleDesk, schedule: Schedule): Promise<MissionInput> {
  const { what, budget, client } = schedule;
  const asker = client === undefined ? {} : { client };
  if ("text" in what) {
    return { text: what.text, agent: what.agent, budget: given(budget), ...asker };
  }
  const [plan, facts] = [await desk.plan(what), await desk.world.facts()];
  const inputs = inputsFor(plan, what.inputs);
  const mission = {
    ...followed(facts, plan, { inputs, by: "operator" }),
    budget: budgetFor(facts, schedule, plan.agent ?? facts.oracle, plan),
  };
  const { agent, within } = plan;
  return {
    ...{ text: `${plan.name}: ${plan.description}`, mission, ...asker },
    ...(agent === undefined ? {} : { agent }),
    ...(within === undefined ? {} : { within }),
  };
}

async function lineOf(desk: ScheduleDesk, kept: Kept): Promise<ScheduleLine> {
  const { world } = desk;
  const { journal, clock } = world;
  const { schedule, run } = kept;
  const facts = await world.facts();
  const isHere = schedule.workspace === facts.workspace;
  const due = await standing(kept, clock.now());
  const next = due.state === "later" ? due.next : null;
  const passed = due.state === "later" ? kept.missed : due.passed + (due.state === "now" ? 1 : 0);
  const why = isHere ? await refusedNow(desk, schedule) : null;
  const state = stateOf({ kept, why, journal, isDue: due.state !== "later", next });
  return { ...schedule, state, next, passed, run, why: why ?? kept.why };
}

function stateOf(given: {
  readonly kept: Kept;
  readonly why: Failure | null;
  readonly journal: World["journal"];
  readonly isDue: boolean;
  readonly next: number | null;
}): ScheduleLine["state"] {
  const { kept, why, journal, isDue, next } = given;
  if (isOpen(journal, kept)) {
    return journal.head(kept.run ?? "")?.kind === "run.waiting" ? "waiting" : "running";
  }
  const isOver = next === null && !isDue && !isLost(journal, kept);
  if (isOver) return "over";
  if (why !== null) return "held";
  return isDue || isLost(journal, kept) ? "late" : "armed";
}

function find(journal: World["journal"], name: string): Kept {
  const kept = scheduleIn(journal, name);
  if (kept) return kept;
  const near = nearest(
    name,
    schedulesIn(journal).map(({ schedule }) => schedule.name),
  );
  const next = near === undefined ? "See `nanos schedule list`." : `Did you mean ${near}?`;
  throw new NanosError("schedule.unknown", `There is no schedule ${plainText(name)}.`, next);
}

function notReady(
  { name }: Schedule,
  { says, next }: { readonly says: string; readonly next: string },
  count: number,
): NanosError {
  const more = count === 1 ? "" : `, and ${count - 1} more`;
  // schedule.preflight -> Give it what it names, then save it again: nanos schedule add --help.
  return new NanosError("schedule.preflight", `${name} lacks something: ${says}${more}.`, next);
}

function full(count: number): NanosError {
  const message = `There are ${count} schedules, and no more are taken.`;
  return new NanosError("schedule.full", message, "Remove one: nanos schedule rm NAME");
}
