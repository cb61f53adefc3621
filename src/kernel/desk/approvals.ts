import { canonical } from "../../std/canonical.ts";
import { NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { AskReply } from "../../contracts/question.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { refused } from "../asks/refusals.ts";
import { askedIn } from "../views/asked.ts";
import { openAsks, storedAnswer, storedAsk } from "../views/traces.ts";
import type { World } from "../world.ts";
import { note } from "./note.ts";

/** The parts an answer needs. */
type Desk = Pick<World, "journal" | "clock" | "sign">;
type Reading = Pick<World, "journal" | "clock">;

/** Asks that wait for the operator, newest first. */
export function listAsks(desk: Reading): readonly Ask[] {
  return openAsks(desk.journal, desk.clock.now());
}

/** One open ask by its id. Throws the refusal that says why there is none. */
export function findAsk(desk: Reading, id: string): Ask {
  const found = listAsks(desk).find((ask) => ask.id === id);
  if (found) return found;
  const ask = storedAsk(desk.journal, id);
  const known = ask ?? storedAnswer(desk.journal, id);
  if (!known) throw refused("unknown_approval", id);
  throw refused(ask && ask.expires <= desk.clock.now() ? "expired" : "already_consumed", id);
}

/**
 * Records the operator's answer on the home chain, signed and bound to the exact arguments, and
 * wakes the run if some process carries it. The run uses it when it is there, now or tomorrow. A yes
 * to rank S is given once, and only by whoever types the action's name.
 */
export async function answerAsk(
  desk: Desk,
  ask: Ask,
  reply: AskReply,
  by: string,
): Promise<Answer> {
  const isCritical = askedIn(desk.journal, ask)?.decision.rank === "S";
  if (isCritical && reply.verdict === "allow" && reply.typed !== ask.name) throw needsName(ask);
  const { id, argsHash } = ask;
  const answer = signed(desk, {
    ...{ id, verdict: reply.verdict, reach: isCritical ? "once" : reply.reach, argsHash, by },
  });
  await note(desk.journal, { kind: "approval.answered", ask, answer });
  await desk.journal.wake(`answer:${id}`);
  return answer;
}

/** An answer as of now, with the operator's signature. */
export function signed(
  desk: Pick<Desk, "clock" | "sign">,
  {
    ms = LIMITS.approvalMs,
    ...said
  }: Omit<Answer, "at" | "expires" | "signature"> & {
    readonly ms?: number;
  },
): Answer {
  const at = desk.clock.now();
  const unsigned = { ...said, at, expires: at + Math.min(ms, LIMITS.approvalMs) };
  return { ...unsigned, signature: desk.sign(canonical(unsigned as Json)) };
}

/** True when the operator's key signed exactly this answer. */
export function isSigned(desk: Pick<World, "verify">, answer: Answer): boolean {
  const { signature, ...said } = answer;
  return desk.verify(canonical(said as Json), signature);
}

function needsName(ask: Ask): NanosError {
  return new NanosError(
    "approval.needs_name",
    `${ask.name} is of rank S: a yes to it takes its name, typed.`,
    `nanos approvals approve ${ask.id} --confirm ${ask.name}`,
  );
}

/** The answer given to an ask, by anybody anywhere, or null. The first one counts. */
export function answerTo(desk: Pick<World, "journal">, ask: Ask): Answer | null {
  const stored = storedAnswer(desk.journal, ask.id);
  return stored?.state === "given" ? stored.answer : null;
}

/** True when the answer to this ask was taken back before it was used. */
export function isRevoked(desk: Pick<World, "journal">, ask: Ask): boolean {
  return storedAnswer(desk.journal, ask.id)?.state === "revoked";
}

/** Takes back an answer that was not used yet. Throws the refusal that says why it can't. */
export async function revoke(desk: Pick<World, "journal">, id: string, by: string): Promise<void> {
  const stored = storedAnswer(desk.journal, id);
  if (!stored) throw refused("unknown_approval", id);
  if (stored.state !== "given") {
    throw refused(stored.state === "used" ? "already_consumed" : "expired", id);
  }
  await note(desk.journal, { kind: "approval.revoked", id, by });
}
