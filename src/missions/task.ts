import type { Checked } from "../contracts/checked.ts";
import type { EventBody } from "../contracts/event.ts";
import type { Recovery, TaskEnded } from "../contracts/mission.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Task } from "../contracts/plan.ts";
import { isReviewed } from "../gate/ranks.ts";
import { act } from "../kernel/act.ts";
import { usageOf, type Waits } from "../kernel/ending.ts";
import { type Frame, draft, NOTHING_SPENT, withoutRules } from "../kernel/frame.ts";
import { partOf } from "../kernel/flow/part.ts";
import { decisionWant } from "../kernel/proposal.ts";
import { unreachable } from "../std/error.ts";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { attempt, type Doing, type Tried } from "./attempt.ts";
import { checked } from "./checks.ts";
import { asideOf } from "../gate/rules/profiles.ts";
import type { Mission } from "./mission.ts";
import { placeOf } from "./plan/order.ts";
import { letGo, waivedAtFirst } from "./waived.ts";
import { doesOf } from "./view.ts";
import { type Next, NO_PROGRESS, nextAfter } from "./recover.ts";

/**
 * One task, from its start to its end:
 *
 *     start    past the gate; what it may use is set aside
 *     attempt  one call or delegation; its output is held against the checks, past the gate
 *     recover  after a failure: the same again, something else in its place, without it, or no more
 *     end      what it came to, and what shows it
 *
 * Everything it does follows from the plan and the record of what it needs, so that a re-drive does
 * the same whatever else goes on.
 */

/** What a task came to, with what those that need it go on from; or that it waits. */
export type Came =
  | Waits
  | {
      readonly state: "ended";
      readonly ended: TaskEnded;
      readonly output: Json;
      readonly part: Frame;
      /** Milliseconds of work from the mission's beginning to its end. */
      readonly ms: number;
    };

export type Ended = Extract<Came, { state: "ended" }>;

/** Carries one task whose needs have ended. */
export async function carryTask(
  mission: Mission,
  task: Task,
  needs: readonly Ended[],
): Promise<Came> {
  const place = placeOf(mission.plan, task);
  const part = partOf(
    mission.frame,
    place,
    needs.map((need) => need.part),
  );
  Object.assign(part, withoutRules(part.facts, asideOf(mission.plan, task)));
  const step = `${part.drive.run}.${place + 1}`;
  const waived = waivedAtFirst(mission.start, task);
  const run: TaskRun = { mission, task, part, step, needs, recovery: [], waived, checks: [] };
  const skip = mission.whySkipped(run);
  if (skip) return end(run, { status: "skipped", failure: skip });
  mission.begun(task);
  part.spent = { ...mission.pool.spent(), ms: Math.max(0, ...needs.map(({ ms }) => ms)) };
  const { rank = "E" } = task;
  const does = doesOf(task);
  const args = { task: task.id, does };
  const about = { gate: "start", kind: "task", name: task.id, args, rank } as const;
  const started = await act(part, decisionWant(part, about));
  if (started.status === "waiting") return { state: "waiting", asks: started.asks };
  if (started.status !== "settled") throw new Error("bug: a start was not settled");
  if (started.outcome.status !== "done") {
    return end(run, { status: "failed", failure: started.outcome.failure });
  }
  const budget = mission.setAside(run);
  const review = isReviewed(rank);
  await say(run, { kind: "task.started", task: task.id, does, rank, review, budget });
  Object.assign(part, { budget, spent: NOTHING_SPENT });
  return carryAttempts(run, budget);
}

/** A task on its way. */
export interface TaskRun {
  readonly mission: Mission;
  readonly task: Task;
  readonly part: Frame;
  /** Its first step, which its own events belong to. */
  readonly step: string;
  readonly needs: readonly Ended[];
  readonly recovery: Recovery[];
  /** Checks that were let go, with the reason where one was given. */
  readonly waived: Map<string, string | null>;
  /** How its newest output stood to the checks. */
  checks: readonly Checked[];
}

async function say({ part, step }: TaskRun, body: EventBody): Promise<number> {
  const [event] = await part.drive.append([draft(part, step, "kernel", body)]);
  return event?.at ?? 0;
}

/** Tries until it is done, or nothing is left to try. */
async function carryAttempts(run: TaskRun, budget: Frame["budget"]): Promise<Came> {
  const { mission, task, part } = run;
  let doing: Doing = { task };
  let progress = NO_PROGRESS;
  for (let n = 1; ; n++) {
    const tried = await tryOnce(run, doing);
    if (tried.state === "waiting") return tried;
    if (tried.state === "done") {
      const status = tried.degraded ? "degraded" : "succeeded";
      return finish(run, budget, { status, ...tried });
    }
    const { failure } = tried;
    const found = tried.status === "cancelled" ? null : nextAfter(task, failure, progress, n);
    if (!found) return finish(run, budget, { status: "failed", failure });
    const { next } = found;
    progress = found.progress;
    run.recovery.push(next.how);
    const at = await say(run, {
      ...{ kind: "task.recovered", task: task.id, how: next.how, attempt: n, why: failure },
      ...wordsOf(next),
    });
    switch (next.how) {
      case "retry": {
        const until = at + next.wait;
        await say(run, { kind: "timer.set", until });
        const isTime = await part.drive.sleep(`${part.drive.run}.${part.steps + 1}`, until);
        if (!isTime) return { state: "waiting", asks: [], until };
        break;
      }
      case "fallback":
        doing = mission.inPlace(task, next.to);
        break;
      case "degrade":
        return finish(run, budget, { status: "degraded", output: next.says, failure });
      case "stop":
        mission.stop(task, failure);
        return finish(run, budget, { status: "failed", failure });
      default:
        return unreachable(next);
    }
  }
}

function wordsOf(next: Next): { readonly wait?: number; readonly to?: string } {
  if (next.how === "retry") return { wait: next.wait };
  if (next.how === "degrade") return { to: next.says };
  if (next.how === "stop") return {};
  const { model, agent, task = "" } = next.to;
  if (model !== undefined) return { to: `model ${model}` };
  return { to: agent === undefined ? `task ${task}` : `agent ${agent}` };
}

/** One attempt, and whether what it came to is accepted. */
async function tryOnce(run: TaskRun, doing: Doing): Promise<Tried> {
  const { mission, task, part } = run;
  const values = mission.valuesFor(run.needs);
  const tried = await attempt(part, doing, values, mission.runChild);
  if (tried.state !== "done") return tried;
  const { output, evidence } = tried;
  const checks = await checked(task.checks, { output, evidence, values }, await letGo(run));
  run.checks = checks;
  const args = { task: task.id, output: hashOf(output) };
  const about = { gate: "accept", kind: "task", name: task.id, args } as const;
  const accepted = await act(part, decisionWant(part, { ...about, checks: [...checks] }));
  if (accepted.status === "waiting") return { state: "waiting", asks: accepted.asks };
  if (accepted.status !== "settled") throw new Error("bug: an output was not settled");
  const { outcome } = accepted;
  if (outcome.status === "done") return tried;
  return { state: "failed", status: outcome.status, failure: named(outcome.failure, checks) };
}

/** Which checks were not met, and what was found. */
function named(failure: Failure, checks: readonly Checked[]): Failure {
  if (!failure.code.startsWith("deny:check_")) return failure;
  const open = checks.filter(
    ({ observe, status }) => observe !== true && (status === "missed" || status === "unknown"),
  );
  return { ...failure, message: open.map(({ id, why }) => `${id}: ${why}`).join("; ") };
}

/** What is still to be said of a task when it ends. */
interface Last {
  readonly status: TaskEnded["status"];
  readonly output?: Json;
  readonly from?: string | null;
  readonly evidence?: TaskEnded["evidence"] | null;
  readonly failure?: Failure;
}

function finish(run: TaskRun, budget: Frame["budget"], last: Last): Promise<Came> {
  run.mission.pool.settle(budget, run.part.spent);
  return end(run, last);
}

async function end(run: TaskRun, last: Last): Promise<Came> {
  const { task, part, needs } = run;
  const { status, output, failure, evidence } = last;
  const isKept = output !== undefined && status !== "failed";
  const { title, type = "text" } = task.output ?? {};
  const ended: TaskEnded = {
    ...{ kind: "task.ended", task: task.id, status, from: last.from ?? null },
    output: isKept ? hashOf(output) : null,
    ...{ checks: [...run.checks], recovery: [...run.recovery] },
    ...(evidence ? { evidence } : {}),
    ...(failure ? { failure } : {}),
    usage: usageOf(status === "skipped" ? { ...part, spent: NOTHING_SPENT } : part),
    ...(isKept && title !== undefined ? { artifact: { title, type } } : {}),
  };
  await say(run, ended);
  const before = Math.max(0, ...needs.map(({ ms }) => ms));
  const ms = before + (status === "skipped" ? 0 : part.spent.ms);
  return { state: "ended", ended, output: isKept ? output : null, part, ms };
}
