import type { Recorded } from "../contracts/drive.ts";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { answerIn } from "../kernel/vault/output.ts";

/** What tasks of an ended mission came to, by id, as conditions and templates look at it. */
export function outputsIn(chain: readonly Recorded[]): Readonly<Record<string, Json>> {
  const made = new Map<string | null, Json>();
  const tasks: [string, Json][] = [];
  for (const { event, body } of chain) {
    if (body?.kind === "action.settled" && body.outcome.status === "done") {
      made.set(event.step, answerIn(body.outcome));
    }
    if (body?.kind !== "task.ended") continue;
    const { task, status, from, output: hash } = body;
    const output = made.get(from) ?? null;
    // Only what it is on record to have come to.
    tasks.push([task, { status, output: hash === hashOf(output) ? output : null }]);
  }
  return Object.fromEntries(tasks);
}
