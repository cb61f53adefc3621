import { NanosError } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import { newId } from "../../std/random.ts";
import type { Question } from "../../contracts/question.ts";
import type { Answer } from "../../contracts/run.ts";
import { isSigned, signed } from "../desk/approvals.ts";
import { note } from "../desk/note.ts";
import { type Frame, draft } from "../frame.ts";
import type { Proposed } from "../proposal.ts";
import { storedAnswer } from "../views/traces.ts";
import type { World } from "../world.ts";
import { keepAnswer } from "./answers.ts";
import { type Refusal, refused } from "./refusals.ts";

/**
 * Yeses given before they are asked for: to one call, or to the asks of a plan at once. Each is
 * signed and bound to the exact keys and arguments, expires, and is used once, by a run that was
 * told of it.
 */

/** Gives a yes to each of these. Throws `approval.needs_name` for one of rank S. */
export async function giveBeforehand(
  world: Pick<World, "journal" | "clock" | "random" | "sign">,
  questions: readonly Question[],
  { by, ms }: { readonly by: string; readonly ms?: number | undefined },
): Promise<readonly Answer[]> {
  const critical = questions.find(({ rank }) => rank === "S");
  if (critical) {
    const message = `${critical.name} is of rank S: it is answered when it is asked, by its name.`;
    throw new NanosError("approval.needs_name", message, "Leave it out; it will wait for you.");
  }
  const answers = questions.map(({ agent, kind, name, keys, argsHash }) =>
    signed(world, {
      id: newId("p", world.clock.now(), world.random),
      ...({ verdict: "allow", reach: "once" } as const),
      for: { agent, kind, name, keys: [...keys] },
      ...{ argsHash, by, ...(ms === undefined ? {} : { ms }) },
    }),
  );
  for (const answer of answers) await note(world.journal, { kind: "approval.given", answer });
  return answers;
}

/** What an approval is wanted for. */
export type Use = Pick<NonNullable<Answer["for"]>, "agent" | "kind" | "name"> & {
  readonly argsHash: string;
};

/** Why this approval is none for this use; null when it is one. */
export function refusalOf(
  world: Pick<World, "journal" | "clock" | "verify">,
  id: string | undefined,
  use: Use,
): Refusal | null {
  if (id === undefined) return "missing_approval";
  const stored = storedAnswer(world.journal, id);
  const bound = stored?.answer.for;
  if (!stored || !bound || !isSigned(world, stored.answer)) return "unknown_approval";
  if (stored.state === "used") return "already_consumed";
  const same = bound.kind === use.kind && bound.name === use.name && bound.agent === use.agent;
  if (!same) return "tool_mismatch";
  if (stored.answer.argsHash !== use.argsHash) return "args_hash_mismatch";
  const isOver = stored.state === "revoked" || stored.answer.expires <= world.clock.now();
  return isOver ? "expired" : null;
}

/** Throws the refusal of the first of these that no run could use, whatever it does. */
export function checkGiven(world: World, ids: readonly string[]): void {
  for (const id of ids) {
    const { for: bound, argsHash } = storedAnswer(world.journal, id)?.answer ?? {};
    const use = { agent: "", kind: "tool", name: "", ...bound, argsHash: argsHash ?? "" } as const;
    const found = refusalOf(world, id, use);
    if (found !== null) throw refused(found, id);
  }
}

/** The yes given beforehand that is used for what is asked now; null when there is none. */
export async function takeBeforehand(frame: Frame, one: Proposed): Promise<Answer | null> {
  const { step } = one;
  if (frame.drive.live(step)) return claim(frame, one);
  const next = frame.drive.next(step)?.body;
  if (next?.kind !== "approval.used") return null;
  await frame.drive.append([usedDraft(frame, step, next.answer)]);
  return next.answer;
}

/** Takes the first that fits. Nobody else in this home can take it meanwhile. */
async function claim(frame: Frame, one: Proposed): Promise<Answer | null> {
  const { world, approvals } = frame;
  if (world === null || approvals.length === 0) return null;
  const { agent, kind, name, args } = one.want.action;
  const use = { agent, kind, name, argsHash: hashOf(args) };
  return world.alone(async () => {
    for (const id of approvals) {
      if (refusalOf(world, id, use) !== null) continue;
      const answer = storedAnswer(world.journal, id)?.answer;
      if (!answer || !covers(answer, one)) continue;
      // From here on what the step asks back for may be judged by it.
      keepAnswer(frame.answers, { step: one.step, keys: one.decision.keys }, answer);
      await frame.drive.append([usedDraft(frame, one.step, answer)]);
      return answer;
    }
    return null;
  });
}

function covers(answer: Answer, { decision }: Proposed): boolean {
  return decision.keys.every((key) => answer.for?.keys.includes(key));
}

function usedDraft(frame: Frame, step: string, answer: Answer): ReturnType<typeof draft> {
  return draft(frame, step, "operator", { kind: "approval.used", id: answer.id, answer });
}
