import type { Rank } from "../contracts/action.ts";
import type { Recorded } from "../contracts/drive.ts";
import { HOME_CHAIN } from "../contracts/chain.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { RunEnd } from "../contracts/run.ts";
import type { Label } from "../contracts/label.ts";
import type { Plan } from "../contracts/plan.ts";
import type { Budget, Spent } from "../contracts/usage.ts";
import { carveBudget } from "../gate/budget.ts";
import { UNKNOWN_LABEL } from "../gate/labels.ts";
import type { Journal } from "../journal/journal.ts";
import { firstOf } from "../kernel/flow/past.ts";
import { OPERATOR } from "../kernel/frame.ts";
import { outputsIn } from "../missions/outputs.ts";
import { workHandedIn } from "../missions/plan/source.ts";
import { isFollowed } from "../missions/views.ts";
import type { After, Follow } from "../missions/after.ts";
import { filled } from "../missions/words/template.ts";
import { NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import { isObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import type { TraitDesk } from "./desk.ts";
import { verified } from "./journal.ts";
import { ownOf, withReviews } from "./mission.ts";

/**
 * Missions that follow on from one that ended proven, while the operator has AUTONOMOUS_CHAIN on:
 * those its plan names, and with WORKER_SPAWN the work its agents handed in plans for, no more of it
 * than the plan has tasks side by side. Each is a mission like any other: it passes the gate `start`
 * with the rank of the one before it as its least, and has its part of what that one left of its
 * budget. It is begun once: its name follows from whom it follows.
 */
export function chaining(journal: Journal, desk: Pick<TraitDesk, "notice" | "need">): After {
  return async (run, follow, signal) => {
    const started = startOf(journal, run);
    // What an agent wrote names nothing that follows.
    if (started?.mission?.by !== OPERATOR || started.rehearsal) return;
    const all = followersOf(journal, run, started.mission.plan);
    if (all.length === 0) return;
    const { home } = await desk.notice();
    if (home === null) return;
    const own = verified(() => ownOf(journal.chain(run)));
    if (own === null || withReviews(own, home.reviews).counts !== "proven") return;
    for (const one of all) {
      if (signal?.aborted === true) return;
      const begun = await once(journal, one.run, async () => {
        // The operator began it by hand.
        if (one.from !== undefined && isFollowed(journal, one.from)) return null;
        try {
          if (one.from !== undefined) await desk.need("WORKER_SPAWN");
          await desk.need("AUTONOMOUS_CHAIN");
          return await follow(nextOf(journal, { run, started, one, among: all.length }));
        } catch (error) {
          if (!(error instanceof NanosError)) throw error;
          // Whoever carries missions took it up meanwhile.
          if (error.code === "run.busy") return null;
          const { code, message } = error;
          const { plan, from } = one;
          const next = from === undefined ? error.next : `Begin it: nanos mission new ${from}`;
          await say(journal, { mission: run, plan, why: { code, message, next } });
          return null;
        }
      });
      await begun?.done;
    }
  };
}

/** One that is to follow: a plan by its name, or one that was handed in by its step. */
type Follower = Pick<Parameters<Follow>[0], "run" | "plan" | "from" | "inputs">;

function followersOf(journal: Journal, run: string, plan: Plan): Follower[] {
  const { then = [], tasks } = plan;
  const { width = LIMITS.missionWidth } = plan.budget;
  const asks = tasks.some(({ agent }) => agent !== undefined);
  const work = asks ? workHandedIn({ journal }, run).slice(0, width) : [];
  return [
    ...then.map((one, i) => ({ ...one, run: nameOf(`${run} then ${i}`) })),
    ...work.map((step) => ({ plan: step, from: step, inputs: {}, run: nameOf(`${step} then`) })),
  ];
}

/** Does it unless that run has begun or somebody is about to begin it. */
export async function once<T>(
  journal: Journal,
  id: string,
  does: () => Promise<T>,
): Promise<T | null> {
  const lease = journal.lease(`then ${id}`);
  if (lease === null) return null;
  try {
    // Read while it is held: whoever held it before may have begun it.
    if (journal.head(id) !== null || journal.carried(id)) return null;
    return await does();
  } finally {
    // Whoever looks next finds the run held.
    lease.release();
  }
}

/** The name of the mission that follows: the same whoever begins it. */
function nameOf(place: string): string {
  return `r${sha256(place).slice(0, 15)}`;
}

export function startOf(journal: Journal, run: string): RunStarted | null {
  const body = firstOf(journal, run)?.body;
  return body?.kind === "run.started" ? body : null;
}

interface Before {
  readonly run: string;
  readonly started: RunStarted;
  /** The one that follows, and how many do. */
  readonly one: Follower;
  readonly among: number;
}

/** @throws NanosError `mission.scheduled`, `mission.chain`, `mission.input`. */
function nextOf(journal: Journal, { run, started, one, among }: Before): Parameters<Follow>[0] {
  const { mission, within, localOnly, client, workspace, schedule } = started;
  if (schedule !== undefined) {
    const message = `The schedule ${schedule.name} was saved for its own plan, and begins no other.`;
    throw new NanosError("mission.scheduled", message, `Give ${one.plan} a schedule of its own.`);
  }
  const place = (mission?.follows?.place ?? 1) + 1;
  if (place > LIMITS.missionChain) {
    const message = `${LIMITS.missionChain} missions began one after the other, and no more do.`;
    throw new NanosError("mission.chain", message, "Begin it by hand: nanos mission new PLAN.");
  }
  const chain = [...journal.chain(run)];
  const last = chain.at(-1);
  if (!mission || last?.body?.kind !== "run.ended") throw new Error("bug: it ended proven");
  const { plan, inputs } = one;
  const values = { inputs: mission.inputs, tasks: outputsIn(chain) };
  const made = filled(inputs, values);
  if ("lacks" in made) {
    const message = `${made.lacks} has no value for ${plan}.`;
    throw new NanosError(
      "mission.input",
      message,
      `Mend \`then\` in the plan ${mission.plan.name}.`,
    );
  }
  const label: Label = last.event.label ?? UNKNOWN_LABEL;
  const rank = rankIn(chain) ?? mission.rank;
  return {
    ...one,
    inputs: isObject(made.value) ? made.value : {},
    follows: { run, place, label, rank, budget: partOf(started, last.body.end, among) },
    ...{ within, localOnly, client, workspace },
  };
}

/** What a mission left, in equal parts for those that follow: together they have no more. */
function partOf({ budget }: RunStarted, end: RunEnd, among: number): Budget {
  const left = carveBudget(budget, spentIn(end), {});
  const part = (all: number): number => Math.floor(all / among);
  return {
    ...left,
    ...{ turns: part(left.turns), calls: part(left.calls) },
    ...{ tokens: part(left.tokens), ms: part(left.ms) },
    ...(left.cost === undefined ? {} : { cost: left.cost / among }),
  };
}

/** The rank it was begun with. */
function rankIn(chain: readonly Recorded[]): Rank | null {
  const begun = chain.find(({ body }) => body?.kind === "mission.started")?.body;
  return begun?.kind === "mission.started" ? begun.rank : null;
}

function spentIn({ usage }: RunEnd): Spent {
  const { turns, calls, actions = calls, input, output, ms, cost } = usage;
  return {
    ...{ turns, calls: actions, tokens: input + output, ms },
    ...{ cost: cost ?? 0, unpriced: cost === null },
  };
}

async function say(
  journal: Journal,
  about: { readonly mission: string; readonly plan: string; readonly why: Failure },
): Promise<void> {
  const common = { run: HOME_CHAIN, step: null, actor: "kernel", policy: null } as const;
  const body = { kind: "mission.not_followed", ...about } as const;
  await journal.append([{ ...common, isolation: null, label: null, body }]);
}
