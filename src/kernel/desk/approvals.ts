import { canonical } from "../../std/canonical.ts";
import { NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { AskReply } from "../../contracts/nanos.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { note } from "./note.ts";
import { openAsks, storedAnswer } from "../views/traces.ts";
import type { World } from "../world.ts";

/** The parts an answer needs. */
type Desk = Pick<World, "journal" | "clock" | "sign">;

/** Asks that wait for the operator, newest first. */
export function listAsks(desk: Pick<World, "journal" | "clock">): readonly Ask[] {
  return openAsks(desk.journal, desk.clock.now());
}

/** One open ask by its id. */
export function findAsk(desk: Pick<World, "journal" | "clock">, id: string): Ask {
  const found = listAsks(desk).find((ask) => ask.id === id);
  if (found) return found;
  throw new NanosError("approval.unknown", `No ask ${id} is open.`, "See `nanos approvals list`.");
}

/**
 * Records the operator's answer on the home chain, signed and bound to the exact arguments, and
 * wakes the run if some process carries it. The run uses it when it is there, now or tomorrow.
 */
export async function answerAsk(
  desk: Desk,
  ask: Ask,
  reply: AskReply,
  by: string,
): Promise<Answer> {
  const at = desk.clock.now();
  const { verdict, reach } = reply;
  const { id, argsHash } = ask;
  const unsigned = { id, verdict, reach, argsHash, by, at, expires: at + LIMITS.approvalMs };
  const answer: Answer = { ...unsigned, signature: desk.sign(canonical(unsigned as Json)) };
  await note(desk.journal, { kind: "approval.answered", ask, answer });
  await desk.journal.wake(`answer:${id}`);
  return answer;
}

/** The answer given to an ask, by anybody anywhere, or null. The first one counts. */
export function answerTo(desk: Pick<World, "journal">, ask: Ask): Answer | null {
  return storedAnswer(desk.journal, ask.id);
}
