import type { CheckWaived, MissionStart } from "../contracts/mission.ts";
import type { Plan, Task } from "../contracts/plan.ts";
import { note } from "../kernel/desk/note.ts";
import { draft } from "../kernel/frame.ts";
import type { World } from "../kernel/world.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { clip, plainText } from "../std/text.ts";
import { checkWaived } from "./plan/begin.ts";
import { checkId } from "./plan/check.ts";
import type { TaskRun } from "./task.ts";
import { waivedOf } from "./views.ts";

/**
 * Checks the operator lets go. That they say so is on the home chain; where it counts, before the
 * output of a task is looked at, it goes on the mission's own record, which is what is read from
 * then on. A check that was let go is waived and nothing else: no proof of anything.
 */

/** Those that were let go when the mission began. */
export function waivedAtFirst({ waived }: MissionStart, { id, checks }: Task): TaskRun["waived"] {
  const names = checks.map(checkId).filter((name) => waived?.includes(`${id}.${name}`));
  return new Map(names.map((name) => [name, null]));
}

/** All that is let go as of now: as it is recorded, once it is. */
export async function letGo({ part, task, waived }: TaskRun): Promise<TaskRun["waived"]> {
  const { drive, world } = part;
  const step = `${drive.run}.${part.steps + 1}`;
  const take = async (body: CheckWaived): Promise<void> => {
    waived.set(body.check, body.because);
    await drive.append([draft(part, step, "operator", body)]);
  };
  let next = drive.next(step);
  while (next?.body?.kind === "check.waived") {
    await take(next.body);
    next = drive.next(step);
  }
  // What is judged already was judged without what came later.
  if (next || !world) return waived;
  for (const body of waivedOf(world.journal, drive.run, task.id)) {
    if (!waived.has(body.check)) await take(body);
  }
  return waived;
}

/** Lets a check of a mission go. @throws NanosError `mission.waive`. */
export async function waive(
  { journal }: World,
  run: string,
  { plan, check, because }: { plan: Plan; check: string; because: string },
): Promise<void> {
  checkWaived(plan, [check]);
  const at = check.indexOf(".");
  const [task, name] = [check.slice(0, at), check.slice(at + 1)];
  if (because.trim() === "") throw refused("Nothing says why.", 'Say it: --because "TEXT".');
  for (const { body } of journal.chain(run)) {
    const over = body?.kind === "run.ended" || (body?.kind === "task.ended" && body.task === task);
    if (!over) continue;
    const message = `${task} has come to its end, and its checks with it.`;
    throw refused(message, `Begin another: nanos mission rerun ${run}`);
  }
  const why = clip(plainText(because), LIMITS.waivedChars);
  const said = { run, task, check: name, because: why, by: "operator@terminal" };
  await note(journal, { kind: "check.waived", ...said });
}

function refused(message: string, next: string): NanosError {
  return new NanosError("mission.waive", message, next);
}
