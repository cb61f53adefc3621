import { canonical } from "../std/canonical.ts";
import { assert } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { Diverged } from "../contracts/drive.ts";
import type { Action } from "../contracts/action.ts";
import type { Draft, EventBody } from "../contracts/event.ts";
import type { Day } from "../contracts/usage.ts";
import { type Reason, REASONS } from "../contracts/reason.ts";
import { judge } from "../gate/judge.ts";
import { answersFor, dropAnswers } from "./asks/answers.ts";
import { NOT_BEGUN, doubt, wasBegun } from "./asks/doubt.ts";
import { isWithheld, withheld } from "./asks/rehearse.ts";
import { isOver, placeOf, resolve } from "./asks/resolve.ts";
import { inTheDay } from "./day/book.ts";
import { RecordEnds } from "./drive/drive.ts";
import { whyStopped } from "./drive/watch.ts";
import { noteUse } from "./flow/flow.ts";
import { type Frame, draft, nextStep, noteDecision } from "./frame.ts";
import { type Acted, type Proposed, Waiting, type Want } from "./proposal.ts";
import { cleanDraft } from "./secrets/guard.ts";
import { asProposed, dayFor, grantsFor, spentFor, standingOf } from "./standing.ts";

/**
 * The one path from a wish to an effect:
 *
 *     propose  the action and the decision are on disk
 *     resolve  the operator's answers discharge the asks they name
 *     redrive  what the effect asked back for before a crash is closed
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
  // Nearly every step has nothing to wait for here, and each wait costs what a judgement does.
  for (const one of all) {
    if (one.decision.verdict !== "ask") continue;
    await resolve(frame, one).catch(stopAtEnd(() => (one.waits = [])));
  }
  for (const one of all) {
    if (frame.drive.nested(one.step).length > 0) await redrive(frame, one);
  }
  return inParallel(all, (one) => carry(frame, one));
}

async function propose(
  frame: Frame,
  wants: readonly Want[],
  parent: string | null,
): Promise<readonly Proposed[]> {
  const drafts: Draft[] = [];
  const all: Proposed[] = [];
  // Nearly always nothing changed, and there is nothing to wait for.
  const renewing = frame.world?.renew(frame.agent.manifest.name) ?? null;
  if (renewing) await renewing;
  const hashes = new Map<string | null, string>();
  await inTheDay(frame, async (book) => {
    for (const want of wants) {
      const step = nextStep(frame, parent);
      const whole = want.keeping ? await asProposed(frame.drive, want, step) : want;
      const isNew = frame.drive.next(step) === null;
      const day = isNew && book ? await book.next(want) : dayFor(frame, step);
      const { one, told } = proposalOf(frame, whole, { step, parent, day });
      drafts.push(...told);
      all.push(one);
    }
    for (const event of await frame.drive.append(drafts)) hashes.set(event.step, event.hash);
  });
  for (const one of all) one.judged = hashes.get(one.step) ?? "";
  return all;
}

/** Where a want is proposed, and how the day stands then. */
interface Place {
  readonly step: string;
  readonly parent: string | null;
  readonly day: Day | undefined;
}

/** Judges one want, and says what of it goes on the record. */
function proposalOf(
  frame: Frame,
  want: Want,
  { step, parent, day }: Place,
): { readonly one: Proposed; readonly told: readonly Draft[] } {
  const { drive } = frame;
  const { action } = want;
  const now = drive.now(step);
  const answers = answersFor(frame.answers, step, placeOf(drive, step));
  const { grants, changed } = grantsFor(frame, step);
  const spent = spentFor(frame, step);
  const standing = standingOf(frame, want, step, { now, spent, grants, answers, day });
  const decision = judge(action, standing);
  // That a task begins or is accepted is no use of anything.
  if (action.kind !== "task") frame.spent = { ...frame.spent, calls: frame.spent.calls + 1 };
  if (action.kind === "tool" || action.kind === "agent") frame.calls += 1;
  noteDecision(frame, decision);
  if (decision.verdict !== "deny") noteUse(frame, action, step);
  const { swapped: model } = frame;
  frame.swapped = null;
  const change: EventBody = {
    ...{ kind: "standing.changed", grants: [...grants] },
    ...(model ? { model } : {}),
  };
  const begun = wasBegun(drive.recorded(step));
  const told = day === undefined ? {} : { day };
  const mutable = {
    standing,
    decision,
    judged: "",
    waits: null,
    open: null,
    found: false,
    rounds: 0,
    done: [],
  };
  return {
    one: { want, step, parent, begun, ...mutable },
    told: [
      ...(changed || model ? [draft(frame, step, "operator", change, now)] : []),
      draft(frame, step, actorOf(action), { action, ...told, kind: "action.proposed", spent }, now),
      draft(frame, step, "kernel", { decision, kind: "action.judged" }),
    ],
  };
}

/** In a replay, a step whose record ends here goes no further, as if it waited. */
function stopAtEnd(wait: () => void): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof RecordEnds)) throw error;
    wait();
  };
}

/** Lets the effect happen and records what came of it. */
async function carry(frame: Frame, one: Proposed): Promise<Acted> {
  try {
    const mayDoubt = one.begun || frame.drive.next(one.step) !== null;
    if (mayDoubt && one.decision.verdict === "allow" && one.waits === null) {
      await doubt(frame, one);
    }
    const asks = one.waits ?? one.open;
    if (asks && !isOver(frame.drive, one.step)) return { status: "waiting", asks };
    if (one.parent !== null && one.decision.verdict === "allow" && !one.want.repeatable) {
      frame.outward.add(one.parent);
    }
    return await settle(frame, one, await frame.drive.effect(one.step, () => effect(frame, one)));
  } catch (error) {
    if (error instanceof Waiting) return { status: "waiting", asks: error.asks };
    if (error instanceof RecordEnds) return { status: "waiting", asks: [] };
    throw error;
  }
}

async function effect(frame: Frame, one: Proposed): Promise<Draft> {
  const { signal } = frame.drive;
  if (one.decision.verdict === "deny") return denied(frame, one);
  // A stopped run begins nothing; what was begun before ends by itself, as it sees the signal.
  const over = signal.aborted && one.want.last !== true;
  if (one.waits || one.open || (over && !one.begun)) return stopped(frame, one);
  if (isWithheld(frame, one)) return withheld(frame, one);
  if (one.found) return alreadyDone(frame, one);
  const came = await one.want.perform(one);
  return frame.world ? cleanDraft(frame.world.guard, came) : came;
}

async function settle(frame: Frame, one: Proposed, draft: Draft): Promise<Acted> {
  const { step } = one;
  await frame.drive.append([draft], "later");
  frame.nested.delete(step);
  frame.lent.delete(step);
  if (one.parent === null) dropAnswers(frame.answers, step);
  const { body, label } = draft;
  if (body.kind === "model.answered") {
    const { message, finish, failure, usage, uncounted, ms } = body;
    return { status: "answered", step, message, finish, failure, usage, uncounted, ms };
  }
  assert(body.kind === "action.settled", `step ${step} settled by ${body.kind}`);
  return { status: "settled", step, outcome: body.outcome, label, ms: body.ms };
}

function denied(frame: Frame, one: Proposed): Draft {
  const { reason, missing } = one.decision;
  const says = REASONS[reason];
  return draft(frame, one.step, "kernel", {
    kind: "action.settled",
    outcome: {
      status: "denied",
      failure: {
        code: reason,
        message: `Denied because ${says}${missing ? `: ${missing}` : ""}.`,
        next: nextAfter(reason, one),
      },
    },
    ms: 0,
  });
}

/** What it gave back was lost in the crash, and only that. */
function alreadyDone(frame: Frame, one: Proposed): Draft {
  const output = "It was done before a crash, as its probe found; what it returned was lost.";
  return draft(frame, one.step, "kernel", {
    kind: "action.settled",
    outcome: { status: "done", output },
    ms: 0,
  });
}

/** What the operator can do about a denial. */
function nextAfter(reason: Reason, { want, step }: Proposed): string {
  const skill = want.action.skill ?? want.action.name;
  switch (reason) {
    case "deny:no_isolation":
      return want.process?.kind === "container"
        ? "Install podman: apt install podman"
        : "Install bubblewrap: apt install bubblewrap";
    case "deny:grant_suspended":
      return `See what changed, then decide: nanos grant add ${skill}`;
    case "deny:grant_expired":
    case "deny:grant_elsewhere":
    case "deny:grant_revoked":
      if (want.action.kind === "agent") return "Put it back where the agent's file lists agents.";
      return `To allow it again: nanos grant add ${skill}`;
    default:
      return `See \`nanos why ${step}\`.`;
  }
}

function stopped(frame: Frame, one: Proposed): Draft {
  const outcome = { status: "cancelled", failure: whyStopped(frame.drive.signal) } as const;
  return draft(frame, one.step, "kernel", { kind: "action.settled", outcome, ms: 0 });
}

/**
 * Steps an effect asked for before the record ends. Where the effect's own outcome is recorded they
 * are matched with the record. Where it is not, the effect will be run anew and asks for them again,
 * so those still open are closed; what it may not have done twice it is then given from the record.
 */
async function redrive(frame: Frame, one: Proposed): Promise<void> {
  const { nested } = one.want;
  if (!nested) return;
  for (const step of frame.drive.nested(one.step)) {
    const proposed = frame.drive
      .recorded(step)
      .find(({ event }) => event.kind === "action.proposed");
    if (proposed?.body?.kind !== "action.proposed") {
      const { seq = 0 } = proposed?.event ?? {};
      throw new Diverged(`the body of event ${seq} was erased`, proposed?.event ?? null);
    }
    const want = nested(proposed.body.action);
    const perform = async (own: Proposed): Promise<Draft> => abandoned(frame, own);
    const acted = await act(frame, { ...want, perform }, one.step);
    if (acted.status === "waiting") one.open = [...(one.open ?? []), ...acted.asks];
    if (want.repeatable || acted.status !== "settled") continue;
    const { outcome } = acted;
    const wasDone = outcome.status === "done" || outcome.status === "failed";
    if (wasDone) one.done.push({ wanted: canonical(want.action.args), outcome });
  }
}

function abandoned(frame: Frame, one: Proposed): Draft {
  const failure = one.begun
    ? // step.abandoned -> Nothing: what it was part of is done anew; nanos trace show RUN has both.
      { code: "step.abandoned", message: "It was cut off, and the step around it begins anew." }
    : { code: NOT_BEGUN, message: "The step around it begins anew." };
  const outcome = { status: "cancelled", failure } as const;
  return draft(frame, one.step, "kernel", { kind: "action.settled", outcome, ms: 0 });
}

function actorOf(action: Action): string {
  return action.agent === "operator" ? "operator" : `agent:${action.agent}`;
}

/**
 * Runs tasks side by side, at most `LIMITS.parallel` at once; results in order. After a failure no
 * further one begins, and it is thrown once those under way have ended.
 */
async function inParallel<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<R[]> {
  const [first] = items;
  if (first !== undefined && items.length === 1) return [await task(first)];
  const results: R[] = [];
  const failed: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failed.length === 0) {
      const index = next++;
      try {
        results[index] = await task(items[index] as T);
      } catch (error) {
        failed.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(items.length, LIMITS.parallel) }, worker));
  if (failed.length > 0) throw failed[0];
  return results;
}
