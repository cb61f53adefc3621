import { assert } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Action } from "../contracts/action.ts";
import type { Draft } from "../contracts/event.ts";
import { REASONS } from "../contracts/reason.ts";
import type { Ask } from "../contracts/run.ts";
import { judge } from "../gate/judge.ts";
import { type Frame, draft, nextStep } from "./frame.ts";
import { type Acted, type Proposed, Waiting, type Want } from "./proposal.ts";
import { answersFor, doubt, resolve } from "./resolve.ts";
import { recordedSpent, refreshGrants, standingOf } from "./standing.ts";

/**
 * The one path from a wish to an effect:
 *
 *     propose  the action, the decision and any ask are on disk
 *     resolve  the operator's answers discharge the asks they name
 *     carry    the effect happens, once; what came of it is recorded
 *
 * Several actions of one turn are proposed in one commit, resolved in their order and carried side
 * by side. Whatever an effect asks back for (a fetch, a commit) passes here again as a nested step.
 */

/** Does one thing. See `actAll`. */
export async function act(frame: Frame, want: Want, parent: string | null = null): Promise<Acted> {
  const [acted] = await actAll(frame, [want], parent);
  assert(acted, "one want gives one result");
  return acted;
}

/** Does several things of one turn, side by side, and returns what came of each, in order. */
export async function actAll(
  frame: Frame,
  wants: readonly Want[],
  parent: string | null = null,
): Promise<readonly Acted[]> {
  const all = await propose(frame, wants, parent);
  for (const one of all) await resolve(frame, one);
  return inParallel(all, (one) => carry(frame, one));
}

async function propose(
  frame: Frame,
  wants: readonly Want[],
  parent: string | null,
): Promise<readonly Proposed[]> {
  const drafts: Draft[] = [];
  const answers = answersFor(frame, parent);
  const all = wants.map((want): Proposed => {
    const step = nextStep(frame, parent);
    const now = frame.drive.now(step);
    drafts.push(...refreshGrants(frame, step));
    const spent = recordedSpent(frame, step) ?? frame.spent;
    const standing = standingOf(frame, want, step, { spent, now, answers });
    const { action } = want;
    const decision = judge(action, standing);
    frame.spent = { ...frame.spent, calls: frame.spent.calls + 1 };
    if (action.kind === "tool" || action.kind === "agent") frame.calls += 1;
    frame.decisions.push(decision);
    drafts.push(
      draft(frame, step, actorOf(action), { kind: "action.proposed", action, spent }, now),
      draft(frame, step, "kernel", { kind: "action.judged", decision }),
    );
    return { want, step, parent, standing, decision, waiting: null, rounds: 0 };
  });
  const events = await frame.drive.append(drafts);
  for (const event of events) {
    if (event.step !== null) frame.heads.set(event.step, event.hash);
  }
  return all;
}

/** Lets the effect happen and records what came of it. */
async function carry(frame: Frame, one: Proposed): Promise<Acted> {
  const { drive } = frame;
  const { want, step } = one;
  if (one.waiting) return { status: "waiting", asks: [one.waiting] };
  if (one.decision.verdict === "deny") return settle(frame, one, await denied(frame, one));
  const open = await redriveNested(frame, one);
  if (open.length > 0) return { status: "waiting", asks: open };
  const stop = await doubt(frame, one);
  if (stop === "waits") return { status: "waiting", asks: one.waiting ? [one.waiting] : [] };
  if (stop === "denied") return settle(frame, one, await denied(frame, one));
  try {
    return await settle(frame, one, await drive.effect(step, () => want.perform(step)));
  } catch (error) {
    if (error instanceof Waiting) return { status: "waiting", asks: error.asks };
    throw error;
  }
}

async function settle(frame: Frame, one: Proposed, draft: Draft): Promise<Acted> {
  const { step } = one;
  await frame.drive.append([draft], "later");
  const { body } = draft;
  if (body.kind === "model.answered") {
    const { message, finish, failure, usage, ms } = body;
    return { status: "answered", step, message, finish, failure, usage, ms };
  }
  assert(body.kind === "action.settled", `step ${step} settled by ${body.kind}`);
  return { status: "settled", step, outcome: body.outcome, ms: body.ms };
}

function denied(frame: Frame, one: Proposed): Promise<Draft> {
  const { reason, missing } = one.decision;
  const says = REASONS[reason];
  return frame.drive.effect(one.step, async () =>
    draft(frame, one.step, "kernel", {
      kind: "action.settled",
      outcome: {
        status: "denied",
        failure: {
          code: reason,
          message: `Denied because ${says}${missing ? `: ${missing}` : ""}.`,
          next:
            reason === "deny:no_isolation"
              ? "Install bubblewrap: apt install bubblewrap"
              : `See \`nanos why ${one.step}\`.`,
        },
      },
      ms: 0,
    }),
  );
}

/**
 * Steps an effect asked for before the record ends. When the effect's own outcome is recorded they
 * are matched with the record; when it is not, the effect will be run anew and asks for them
 * again, so these are closed as abandoned. Returns asks that still wait.
 */
async function redriveNested(frame: Frame, one: Proposed): Promise<readonly Ask[]> {
  const { nested } = one.want;
  if (!nested) return [];
  const open: Ask[] = [];
  for (const step of frame.drive.nested(one.step)) {
    const proposed = frame.drive
      .recorded(step)
      .find(({ body }) => body?.kind === "action.proposed");
    if (proposed?.body?.kind !== "action.proposed") continue;
    const want = nested(proposed.body.action, one.step);
    const acted = await act(frame, { ...want, perform: (own) => abandoned(frame, own) }, one.step);
    if (acted.status === "waiting") open.push(...acted.asks);
  }
  return open;
}

async function abandoned(frame: Frame, step: string): Promise<Draft> {
  const failure = { code: "step.abandoned", message: "The step around it was begun anew." };
  const outcome = { status: "cancelled", failure } as const;
  return draft(frame, step, "kernel", { kind: "action.settled", outcome, ms: 0 });
}

function actorOf(action: Action): string {
  return action.agent === "operator" ? "operator" : `agent:${action.agent}`;
}

/** Runs tasks side by side, at most `LIMITS.parallel` at once; results in order. */
async function inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(items.length, LIMITS.parallel) }, worker));
  return results;
}
