import type { Task } from "../contracts/plan.ts";
import { assert } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { clip } from "../std/text.ts";
import type { MissionStart } from "../contracts/mission.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { RunOutcome } from "../contracts/run.ts";
import { joinLabels, OPERATOR_LABEL, UNKNOWN_LABEL } from "../gate/labels.ts";
import { isReviewed } from "../gate/ranks.ts";
import { act } from "../kernel/act.ts";
import { RecordEnds } from "../kernel/drive/drive.ts";
import { leave } from "../kernel/drive/leave.ts";
import { stopped, type Waits, type Worked } from "../kernel/ending.ts";
import { tell } from "../kernel/flow/flow.ts";
import { type Frame, draft } from "../kernel/frame.ts";
import { joinPart } from "../kernel/flow/part.ts";
import { type Decide, pretty } from "../kernel/run.ts";
import { decisionWant } from "../kernel/proposal.ts";
import type { World } from "../kernel/world.ts";
import { type Mission, newMission } from "./mission.ts";
import { inOrder, placeOf, standIns } from "./plan/order.ts";
import { type Came, carryTask, type Ended } from "./task.ts";

/**
 * A mission is a run that follows a plan: the same chain, gate and effects as any other, and what
 * comes next is the plan's to say instead of a model's.
 *
 *     start   past the gate; ranks A and S wait here for the operator
 *     tasks   each once what it needs has ended, side by side as far as there is room
 *     end     what they came to together: never more than was done
 */
export const decideBy: World["decide"] = ({ mission }) => (mission ? followPlan : null);

const followPlan: Decide = async (frame, { started, runChild }) => {
  const start = started.mission;
  assert(start, "a run that follows a plan has one");
  hearPlan(frame, start);
  const { plan, inputs, hash } = start;
  const spare = standIns(plan.tasks);
  const tasks = inOrder(plan.tasks).filter(({ id }) => !spare.has(id));
  const came: Carried = new Map();
  let mission: Mission | null = null;
  await leave(frame);
  for (;;) {
    const refused = await passStart(frame, start);
    if (refused) return refused;
    // Of a fork, what it shares comes first; then the frame is its own, and passes the gate anew.
    const until = frame.branches?.next[0]?.at ?? Number.POSITIVE_INFINITY;
    const now = tasks.filter((task) => !came.has(task.id) && placeOf(plan, task) < until);
    if (now.length > 0 || until === Number.POSITIVE_INFINITY) {
      const { rank } = start;
      const common = { name: plan.name, rank, review: isReviewed(rank), inputs };
      const begun = {
        kind: "mission.started",
        plan: hash,
        ...common,
        tasks: tasks.length,
      } as const;
      const [event] = await frame.drive.append([draft(frame, null, "kernel", begun)]);
      const given = {
        runChild,
        at: event?.at ?? 0,
        tasks: now,
        stopped: mission?.stopped() ?? null,
      };
      mission = newMission(frame, start, given);
      await carryAll(mission, now, came);
    }
    const all = await Promise.all(came.values());
    const waits = all.filter((one) => one.state === "waiting");
    if (waits.length > 0) return waitingFor(waits);
    const ends = all.filter((one): one is Ended => one.state === "ended");
    if (until === Number.POSITIVE_INFINITY) return ending(frame, tasks, ends);
    frame.steps = until - 1;
    await leave(frame);
    // The time the other run took is none of this one's.
    for (const one of ends) came.set(one.ended.task, Promise.resolve({ ...one, ms: 0 }));
  }
};

/** What tasks came to, or will. */
type Carried = Map<string, Promise<Came>>;

/** The mission past the gate `start`; what becomes of it where it does not get past. */
async function passStart(
  frame: Frame,
  { plan, hash, inputs, rank }: MissionStart,
): Promise<Worked | null> {
  const args = { plan: hash, inputs };
  const about = { gate: "start", kind: "run", name: plan.name, args, rank } as const;
  const begun = await act(frame, decisionWant(frame, about));
  if (begun.status === "waiting") return { state: "waiting", asks: begun.asks };
  const isPast = begun.status !== "settled" || begun.outcome.status === "done";
  return isPast ? null : stopped(frame, begun.outcome);
}

/** All that is asked, and the first time at which something goes on by itself. */
function waitingFor(waits: readonly Waits[]): Waits {
  const times = waits.flatMap(({ until }) => until ?? []);
  const timed = times.length === 0 ? {} : { until: Math.min(...times) };
  return { state: "waiting", asks: waits.flatMap(({ asks }) => asks), ...timed };
}

/** Where the texts of a plan are from: the operator's own file, or the agent that proposed it. */
function hearPlan(frame: Frame, { plan, by }: MissionStart): void {
  const isOwn = by === "operator";
  const label = isOwn ? OPERATOR_LABEL : { ...UNKNOWN_LABEL, sources: [by] };
  const texts = plan.tasks.map(({ prompt = "", input = null, args = null }) => [
    prompt,
    input,
    args,
  ]);
  const told = { label, from: `the plan ${plan.name}`, skill: null, step: null };
  tell(frame, texts, told, isOwn ? frame.label : label);
}

/** Every task once what it needs has ended. All of them come to their end before a fault is thrown. */
async function carryAll(mission: Mission, tasks: readonly Task[], came: Carried): Promise<void> {
  const room = places(mission.plan.budget.width ?? LIMITS.missionWidth);
  for (const task of tasks) {
    const needs = task.needs.map((id) => came.get(id) ?? Promise.reject(new Error(`bug: ${id}`)));
    came.set(
      task.id,
      Promise.all(needs).then((before): Came | Promise<Came> => {
        const ended = before.filter((one): one is Ended => one.state === "ended");
        if (ended.length < before.length) return { state: "waiting", asks: [] };
        return room(() => carryTask(mission, task, ended)).catch(atRecordsEnd);
      }),
    );
  }
  const all = await Promise.allSettled(came.values());
  for (const one of all) if (one.status === "rejected") throw one.reason;
}

/** In a replay, a task whose record ends goes no further, as if it waited. */
function atRecordsEnd(error: unknown): Came {
  if (error instanceof RecordEnds) return { state: "waiting", asks: [] };
  throw error;
}

/** Lets so many things go on at once; the others in the order they came. */
function places(width: number): <T>(act: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = [];
  let free = width;
  return async (act) => {
    if (free === 0) await new Promise<void>((resolve) => queue.push(resolve));
    else free -= 1;
    try {
      return await act();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** What the tasks came to together. */
function ending(frame: Frame, tasks: readonly Task[], ends: readonly Ended[]): Worked {
  const byPlan = tasks.flatMap(({ id }) => ends.filter(({ ended }) => ended.task === id));
  for (const { part } of byPlan) {
    if (part.started === frame.started) joinPart(frame, part);
    else frame.label = joinLabels(frame.label, part.label);
  }
  const ms = Math.max(0, ...byPlan.map((one) => one.ms));
  frame.spent = { ...frame.spent, ms };
  const { outcome, failure } = outcomeOf(byPlan);
  const text = textOf(tasks, byPlan);
  return { state: "done", outcome, text, ...(failure ? { failure } : {}) };
}

/** A limit that was met leaves something; whatever else failed is a failure of the whole. */
const PARTLY = new Set(["run.time", "mission.deadline"]);

function outcomeOf(ends: readonly Ended[]): { outcome: RunOutcome; failure?: Failure } {
  const named = (id: string, status: string, { code, message }: Failure): Failure => ({
    code,
    message: `${id} ${status}: ${message}`,
  });
  const all = ends.map(({ ended }) => ended);
  const isDone = all.some(({ status }) => status === "succeeded" || status === "degraded");
  for (const { task, status, failure } of all) {
    if (failure?.code === "run.cancelled") return { outcome: "cancelled", failure };
    if (failure && PARTLY.has(failure.code)) {
      return { outcome: isDone ? "degraded" : "failed", failure: named(task, status, failure) };
    }
  }
  const failed = all.find(({ status }) => status === "failed");
  if (failed?.failure) {
    const { code } = failed.failure;
    const told = named(failed.task, "failed", failed.failure);
    const isDenied = /^deny:(?!check_)/u.test(code);
    return { outcome: "failed", failure: isDenied ? { ...told, code: "run.denied" } : told };
  }
  const less = all.find(({ status }) => status === "degraded");
  if (!less) return { outcome: "succeeded" };
  const why = less.failure ?? {
    // mission.degraded -> See which task: nanos mission show RUN. Once it is mended: nanos mission rerun RUN.
    code: "mission.degraded",
    message: "It came to less than was asked for.",
  };
  return {
    outcome: "degraded",
    failure: { ...named(less.task, "degraded", why), code: "mission.degraded" },
  };
}

/** What the tasks came to that no other goes on from. */
function textOf(tasks: readonly Task[], ends: readonly Ended[]): string {
  const needed = new Set(tasks.flatMap(({ needs }) => needs));
  const last = ends.filter(({ ended, output }) => !needed.has(ended.task) && output !== null);
  return clip(last.map(({ output }) => pretty(output)).join("\n\n"), LIMITS.missionTextChars);
}
