import type { EventBody } from "../contracts/event.ts";
import type { MissionStart } from "../contracts/mission.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Plan, Recover, Task } from "../contracts/plan.ts";
import type { Budget } from "../contracts/usage.ts";
import { whyStopped } from "../kernel/drive/watch.ts";
import type { Frame } from "../kernel/frame.ts";
import type { RunChild } from "../kernel/wants/delegate.ts";
import type { Json } from "../std/json.ts";
import type { Doing } from "./attempt.ts";
import { newPool, type Pool } from "./pool.ts";
import type { Ended, TaskRun } from "./task.ts";
import { parseExpression, valueOf } from "./words/expression.ts";

/** What the tasks of one mission share while it is carried. */
export interface Mission {
  readonly frame: Frame;
  readonly start: MissionStart;
  readonly plan: Plan;
  readonly runChild: RunChild;
  readonly pool: Pool;
  /** Why a task is passed over; null where it begins. */
  whySkipped(run: TaskRun): Failure | null;
  begun(task: Task): void;
  /** What a task may use, set aside for it: as recorded, where it began before. */
  setAside(run: TaskRun): Budget;
  /** What conditions and templates of a task look at. */
  valuesFor(needs: readonly Ended[]): Json;
  /** What is done when something else stands in for a task. */
  inPlace(task: Task, to: NonNullable<Recover["fallback"]>): Doing;
  /** Why nothing more begins; null while something may. */
  stopped(): Failure | null;
  /** Nothing more begins. */
  stop(task: Task, why: Failure): void;
}

/** A mission whose start passed the gate at `at`, milliseconds since 1970. */
export function newMission(
  frame: Frame,
  start: MissionStart,
  given: { runChild: RunChild; at: number; tasks: readonly Task[]; stopped: Failure | null },
): Mission {
  const { plan } = start;
  const { runChild, at, tasks } = given;
  const pool = newPool(frame);
  const waiting = new Set(tasks);
  let { stopped } = given;
  return {
    ...{ frame, start, plan, runChild, pool },
    whySkipped: (run) => notMeant(start, run) ?? fromOutside(run, () => stopped, at),
    begun: (task) => void waiting.delete(task),
    setAside: ({ task, step }) => {
      const part = budgetIn(frame, step) ?? pool.part(task, waiting.size + 1);
      pool.reserve(part);
      return part;
    },
    valuesFor: (needs) => valuesOf(start, needs),
    inPlace: (task, { model, agent, task: other }) => ({
      task: plan.tasks.find(({ id }) => id === other) ?? task,
      ...(model === undefined ? {} : { model }),
      ...(agent === undefined ? {} : { agent }),
    }),
    stopped: () => stopped,
    stop: (task, why) => {
      const message = `${task.id} failed, and the plan ends there: ${why.message}`;
      stopped ??= { code: STOPPED, message };
    },
  };
}

const STOPPED = "mission.stopped";
// mission.deadline -> Give it a later one, and begin it anew: nanos mission rerun RUN.
const LATE = "mission.deadline";

function budgetIn({ drive }: Frame, step: string): Budget | null {
  const found = drive.recorded(step).find(({ event }) => event.kind === "task.started")?.body;
  return found?.kind === "task.started" ? found.budget : null;
}

function valuesOf({ inputs }: MissionStart, needs: readonly Ended[]): Json {
  const tasks = needs.map(({ ended, output }): [string, Json] => [
    ended.task,
    { status: ended.status, output },
  ]);
  return { inputs, tasks: Object.fromEntries(tasks) };
}

/** What the plan itself says, over what came of the tasks before. */
function notMeant(start: MissionStart, { task, needs }: TaskRun): Failure | null {
  const broken = needs.find(({ ended }) => isBroken(ended));
  if (broken) {
    const { task: id, status } = broken.ended;
    const message = `It needs ${id}, which ${status === "failed" ? "failed" : "was passed over"}.`;
    // task.need_failed -> See why that one failed: nanos mission show RUN.
    return { code: "task.need_failed", message };
  }
  if (needs.length > 0 && needs.every(({ ended }) => ended.status === "skipped")) {
    // task.not_meant -> Nothing: the plan says when the task is meant.
    return { code: "task.not_meant", message: "Nothing it needs was done." };
  }
  if (task.when === undefined) return null;
  const expression = parseExpression(task.when);
  const isMeant =
    typeof expression !== "string" && valueOf(expression, valuesOf(start, needs)) === true;
  return isMeant ? null : { code: "task.not_meant", message: `It is not so that ${task.when}.` };
}

function isBroken({ status, failure }: Ended["ended"]): boolean {
  return status === "failed" || (status === "skipped" && failure?.code !== "task.not_meant");
}

/** What does not follow from the plan: as it is recorded, once it is. */
function fromOutside(
  { part: { drive }, step, mission: { plan } }: TaskRun,
  stopped: () => Failure | null,
  at: number,
): Failure | null {
  const next = drive.next(step);
  if (next) return recordedIn(next.body);
  if (drive.signal.aborted) return whyStopped(drive.signal);
  const now = drive.now(step);
  if (plan.deadline === undefined || now - at < plan.deadline) return stopped();
  return { code: LATE, message: "The mission's deadline had passed before it could begin." };
}

function recordedIn(body: EventBody | null): Failure | null {
  return body?.kind === "task.ended" ? (body.failure ?? null) : null;
}
