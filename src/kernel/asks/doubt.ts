import type { Recorded } from "../../contracts/drive.ts";
import type { EventBody } from "../../contracts/event.ts";
import { judge } from "../../gate/judge.ts";
import { isSettling } from "../drive/drive.ts";
import { type Frame, draft } from "../frame.ts";
import type { Proposed } from "../proposal.ts";
import { answersFor } from "./answers.ts";
import { decided, placeOf, resolve } from "./resolve.ts";

/**
 * An effect that was begun and has no recorded outcome is in doubt: it is repeated when that can do
 * no harm, else its tool's probe is asked where it has one, else the operator. Every crash is a
 * doubt of its own; those that are recorded are passed again before the newest.
 */
export async function doubt(frame: Frame, one: Proposed): Promise<void> {
  const { drive } = frame;
  // What a step asked back for is begun anew, or not, with the step itself.
  let isNew = one.begun && one.parent === null && one.open === null;
  for (;;) {
    const next = drive.next(one.step);
    if (next ? next.event.kind !== "action.in_doubt" : !isNew) return;
    if (!next) isNew = false;
    // What was known then is part of the record: much was closed since.
    const body = next?.body?.kind === "action.in_doubt" ? next.body : await weigh(frame, one);
    await drive.append([draft(frame, one.step, "kernel", body)]);
    one.found = body.probed === true;
    if (one.found) return;
    if (body.repeat) continue;
    const answers = answersFor(frame.answers, one.step, placeOf(drive, one.step));
    one.standing = { ...one.standing, inDoubt: true };
    await decided(frame, one, judge(one.want.action, { ...one.standing, answers }));
    await resolve(frame, one);
    if (one.decision.verdict !== "allow") return;
  }
}

type InDoubt = Extract<EventBody, { kind: "action.in_doubt" }>;

/** Whether it may be repeated, as far as that can be told without the operator. */
async function weigh(frame: Frame, one: Proposed): Promise<InDoubt> {
  const harmless = one.want.repeatable && !leftOpen(frame, one);
  const isStopped = frame.drive.signal.aborted;
  const canAsk = !harmless && !isStopped && frame.world !== null;
  const probed = canAsk ? ((await one.want.probe?.(one)) ?? null) : null;
  return {
    kind: "action.in_doubt",
    repeat: harmless || probed === false,
    ...(probed === null ? {} : { probed }),
  };
}

/** True when a step was let through and nothing says what came of it. */
export function wasBegun(recorded: readonly Recorded[]): boolean {
  return wasAllowed(recorded) && !recorded.some(({ event }) => isSettling(event.kind));
}

function wasAllowed(recorded: readonly Recorded[]): boolean {
  const last = recorded.findLast(({ event }) => event.kind === "action.judged")?.body;
  return last?.kind === "action.judged" && last.decision.verdict === "allow";
}

/** True when something the step asked back for was cut off, and does harm when it is done twice. */
function leftOpen({ drive }: Frame, { want, step }: Proposed): boolean {
  return drive.nested(step).some((inner) => {
    const recorded = drive.recorded(inner);
    const proposed = recorded.find(({ event }) => event.kind === "action.proposed")?.body;
    if (!want.nested || proposed?.kind !== "action.proposed") return false;
    return !want.nested(proposed.action).repeatable && isUnknown(recorded);
  });
}

function isUnknown(recorded: readonly Recorded[]): boolean {
  const settled = recorded.find(({ event }) => event.kind === "action.settled")?.body;
  if (settled?.kind !== "action.settled") return wasAllowed(recorded);
  const { outcome } = settled;
  if (outcome.status !== "cancelled" || outcome.failure.code === NOT_BEGUN) return false;
  return wasAllowed(recorded);
}

/** Code of what was asked back for, allowed and never begun, as the step around it began anew. */
// step.not_begun -> Nothing: what it was part of is done anew; nanos trace show RUN has both.
export const NOT_BEGUN = "step.not_begun";
