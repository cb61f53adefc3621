import { LIMITS } from "../../std/limits.ts";
import type { Decision } from "../../contracts/action.ts";
import type { Drive } from "../../contracts/drive.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { judge, refuse } from "../../gate/judge.ts";
import { isSettling } from "../drive/drive.ts";
import { type Frame, draft, noteDecision } from "../frame.ts";
import type { Proposed } from "../proposal.ts";
import { grantOf, grantsFor } from "../standing.ts";
import { answersFor, held, isFirstUse, keepAnswer } from "./answers.ts";
import { takeBeforehand } from "./beforehand.ts";
import { makeAsk } from "./ask.ts";

/** Puts the open asks of one proposal to the operator until it is allowed, denied or must wait. */
export async function resolve(frame: Frame, one: Proposed): Promise<void> {
  if (frame.rehearsal) {
    if (one.decision.verdict === "ask") frame.asks += 1;
    return;
  }
  while (one.decision.verdict === "ask" && one.waits === null) {
    // One ask of a run at a time: the answer to it may cover the next.
    const turn = frame.asking.last.then(() => resolveOnce(frame, one));
    frame.asking.last = turn.catch(() => undefined);
    await turn;
  }
}

async function resolveOnce(frame: Frame, one: Proposed): Promise<void> {
  const { drive } = frame;
  if (isOver(drive, one.step)) {
    one.waits = [];
    return;
  }
  if (one.rounds >= LIMITS.asksPerStep) {
    return decided(frame, one, refuse(one.want.action, one.standing, "deny:approval_expired"));
  }
  // Once asked, it stays asked.
  if (drive.next(one.step)?.event.kind !== "approval.asked") {
    if (await covered(frame, one)) return;
    const given = await takeBeforehand(frame, one);
    if (given) return discharge(frame, one, one.decision.keys, given);
  }
  const now = drive.now(one.step);
  const { step, decision, rounds: round } = one;
  const ask = makeAsk({ run: drive.run, step, action: one.want.action, decision, now, round });
  await putToOperator(frame, one, ask, now);
}

/** One ask and its answer. */
async function putToOperator(frame: Frame, one: Proposed, ask: Ask, at: number): Promise<void> {
  const { drive } = frame;
  one.rounds += 1;
  frame.asks += 1;
  await drive.append([draft(frame, one.step, "kernel", { kind: "approval.asked", ask }, at)]);
  const answer = await drive.wait(ask, () => judgeAgain(frame, one).verdict !== "ask");
  if (answer === null) {
    if (!(await covered(frame, one))) one.waits = [ask];
  } else if (answer === "expired") {
    const expired = { kind: "approval.expired", id: ask.id } as const;
    await drive.append([draft(frame, one.step, "kernel", expired)]);
  } else {
    await use(frame, one, ask, answer);
  }
}

async function use(frame: Frame, one: Proposed, ask: Ask, answer: Answer): Promise<void> {
  const isNew = frame.drive.live(one.step);
  const used = { kind: "approval.used", id: ask.id, answer } as const;
  const written = frame.drive.append([draft(frame, one.step, "operator", used)]);
  // From here on others may be judged by it: whatever they write comes after it.
  if (isNew) keepAnswer(frame.answers, ask, answer);
  await written;
  if (isNew && answer.verdict === "allow") await lockFirstUse(frame, one, ask);
  if (answer.verdict === "deny") {
    return decided(frame, one, refuse(one.want.action, one.standing, "deny:by_operator"));
  }
  await standAnew(frame, one);
  await discharge(frame, one, ask.keys, answer);
}

/** What was taken back while it waited counts, however the answer was: a yes holds no grant. */
async function standAnew(frame: Frame, one: Proposed): Promise<void> {
  const { drive, world, agent } = frame;
  if (drive.next(one.step) === null) await world?.renew(agent.manifest.name);
  const { grants, changed } = grantsFor(frame, one.step);
  if (!changed) return;
  const body: EventBody = { kind: "standing.changed", grants: [...grants] };
  await drive.append([draft(frame, one.step, "operator", body)]);
  const { now } = one.standing;
  one.standing = { ...one.standing, grant: grantOf(frame, one.want, grants, now) };
}

/** Judges again with a yes that holds for these keys, however long its use takes. */
async function discharge(
  frame: Frame,
  one: Proposed,
  keys: readonly string[],
  answer: Answer,
): Promise<void> {
  const own = keys.map((key): [string, Answer] => [key, held(answer)]);
  await decided(frame, one, judgeAgain(frame, one, own));
}

/** Judges again with the answers there are by now; true when that settled it. */
async function covered(frame: Frame, one: Proposed): Promise<boolean> {
  const again = judgeAgain(frame, one);
  if (again.verdict === "ask") return false;
  await decided(frame, one, again);
  return true;
}

/** The judgement of a proposal as of now, with answers that hold for this one judgement besides. */
export function judgeAgain(
  frame: Frame,
  one: Proposed,
  own: readonly (readonly [string, Answer])[] = [],
): Decision {
  const before = placeOf(frame.drive, one.step);
  const answers = new Map([...answersFor(frame.answers, one.step, before), ...own]);
  return judge(one.want.action, { ...one.standing, answers });
}

/** Records a new judgement of a proposal. */
export async function decided(frame: Frame, one: Proposed, decision: Decision): Promise<void> {
  one.decision = decision;
  noteDecision(frame, decision);
  const judged = draft(frame, one.step, "kernel", { kind: "action.judged", decision });
  const [event] = await frame.drive.append([judged]);
  one.judged = event?.hash ?? one.judged;
}

/** Where in the record the next event of a step stands; after everything when it is not there. */
export function placeOf(drive: Drive, step: string): number {
  return drive.next(step)?.event.seq ?? Number.POSITIVE_INFINITY;
}

/** True when nothing is asked or begun any more: the run was stopped, now or as recorded. */
export function isOver(drive: Drive, step: string): boolean {
  const next = drive.next(step);
  return next ? isSettling(next.event.kind) : drive.signal.aborted;
}

/** Keeps it for later runs; where that fails they ask once more. */
async function lockFirstUse(frame: Frame, one: Proposed, ask: Ask): Promise<void> {
  const { skill } = one.want.action;
  const { skillHash } = one.standing;
  if (!frame.world || skill === undefined || skillHash === null) return;
  if (!ask.keys.some(isFirstUse)) return;
  await frame.world.lock(skill, skillHash).catch(() => undefined);
}
