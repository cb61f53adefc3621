import { assert } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Decision } from "../contracts/action.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { Answer, Ask } from "../contracts/run.ts";
import { judge, refuse } from "../gate/judge.ts";
import { makeAsk } from "./ask.ts";
import { isSettling } from "./drive/drive.ts";
import { type Frame, draft } from "./frame.ts";
import type { Proposed } from "./proposal.ts";

/** Puts the open asks of one proposal to the operator until it is allowed, denied or must wait. */
export async function resolve(frame: Frame, one: Proposed): Promise<void> {
  while (one.decision.verdict === "ask") {
    assert(one.rounds < LIMITS.asksPerStep, `step ${one.step} asks without end`);
    const { step, decision, rounds: round } = one;
    const now = frame.drive.now(step);
    const { action } = one.want;
    const ask = makeAsk({ run: frame.drive.run, step, action, decision, now, round });
    // An answer given a moment ago to a sibling may cover this one; once asked, it stays asked.
    if (!wasAsked(frame, ask) && (await covered(frame, one))) return;
    if (!(await putToOperator(frame, one, ask))) return;
  }
}

/** One ask and its answer. False when the run must wait for it. */
async function putToOperator(frame: Frame, one: Proposed, ask: Ask): Promise<boolean> {
  const { drive } = frame;
  one.rounds += 1;
  frame.asks += 1;
  const at = ask.expires - LIMITS.askMs;
  await drive.append([draft(frame, one.step, "kernel", { kind: "approval.asked", ask }, at)]);
  const answer = await drive.wait(ask);
  if (answer === null) {
    if (await covered(frame, one)) return true;
    one.waiting = ask;
    return false;
  }
  if (answer === "expired") {
    const expired = { kind: "approval.expired", id: ask.id } as const;
    await drive.append([draft(frame, one.step, "kernel", expired)]);
    return true;
  }
  const used = { kind: "approval.used", id: ask.id, answer } as const;
  await drive.append([draft(frame, one.step, "operator", used)]);
  keepAnswer(frame, one, ask, answer);
  if (answer.verdict === "allow") await lockFirstUse(frame, one, ask);
  const { action } = one.want;
  const decision =
    answer.verdict === "deny"
      ? refuse(action, one.standing, "deny:by_operator")
      : judge(action, { ...one.standing, answers: answersFor(frame, one.parent, one.step) });
  await decided(frame, one, decision);
  return true;
}

/** Judges again with the answers there are by now; true when that settled it. */
async function covered(frame: Frame, one: Proposed): Promise<boolean> {
  const answers = answersFor(frame, one.parent, one.step);
  const again = judge(one.want.action, { ...one.standing, answers });
  if (again.verdict === "ask") return false;
  await decided(frame, one, again);
  return true;
}

function wasAsked(frame: Frame, ask: Ask): boolean {
  return frame.drive
    .recorded(ask.step)
    .some(({ body }) => body?.kind === "approval.asked" && body.ask.id === ask.id);
}

async function decided(frame: Frame, one: Proposed, decision: Decision): Promise<void> {
  one.decision = decision;
  frame.decisions.push(decision);
  await frame.drive.append([draft(frame, one.step, "kernel", { kind: "action.judged", decision })]);
}

/**
 * An effect that was begun and has no recorded outcome is in doubt: it is repeated when that can do
 * no harm, else the operator is asked. Re-driving passes the same doubts again.
 */
export async function doubt(frame: Frame, one: Proposed): Promise<"waits" | "denied" | null> {
  const recorded = frame.drive.recorded(one.step);
  let doubts = recorded.filter(({ event }) => event.kind === "action.in_doubt").length;
  const settled = recorded.some(({ event }) => isSettling(event.kind));
  if (!settled && wasAllowed(recorded) && frame.drive.live(one.step)) doubts += 1;
  const repeat = one.want.repeatable;
  for (; doubts > 0; doubts--) {
    await frame.drive.append([
      draft(frame, one.step, "kernel", { kind: "action.in_doubt", repeat }),
    ]);
    if (repeat) continue;
    one.standing = { ...one.standing, inDoubt: true };
    await decided(frame, one, judge(one.want.action, one.standing));
    await resolve(frame, one);
    if (one.waiting) return "waits";
    if (one.decision.verdict === "deny") return "denied";
  }
  return null;
}

function wasAllowed(recorded: readonly Recorded[]): boolean {
  const last = recorded.findLast(({ body }) => body?.kind === "action.judged")?.body;
  return last?.kind === "action.judged" && last.decision.verdict === "allow";
}

/** Answers that hold for a step: the run's, and those given to the steps around it. */
export function answersFor(
  frame: Frame,
  parent: string | null,
  step: string | null = null,
): ReadonlyMap<string, Answer> {
  const own = step === null ? undefined : frame.stepAnswers.get(step);
  const outer = parent === null ? undefined : frame.stepAnswers.get(parent);
  if (!own && !outer) return frame.answers;
  return new Map([...frame.answers, ...(outer ?? []), ...(own ?? [])]);
}

/** An answer holds for its step and what that asks back for; with reach `run`, for the run. */
function keepAnswer(frame: Frame, one: Proposed, ask: Ask, answer: Answer): void {
  if (answer.verdict !== "allow") return;
  const given = ask.keys.map((key): [string, Answer] => [key, answer]);
  for (const step of [one.step, one.parent]) {
    if (step === null) continue;
    frame.stepAnswers.set(step, new Map([...(frame.stepAnswers.get(step) ?? []), ...given]));
  }
  const forRun = answer.reach === "run" ? given : given.filter(([key]) => isFirstUse(key));
  if (forRun.length > 0) frame.answers = new Map([...frame.answers, ...forRun]);
}

/** A yes to a skill's first use is a yes to the skill as it is: it is locked from then on. */
function isFirstUse(key: string): boolean {
  return key.startsWith("unlocked:");
}

async function lockFirstUse(frame: Frame, one: Proposed, ask: Ask): Promise<void> {
  const { skill } = one.want.action;
  const { skillHash } = one.standing;
  if (!frame.world || skill === undefined || skillHash === null) return;
  if (ask.keys.some(isFirstUse)) await frame.world.lock(skill, skillHash);
}
