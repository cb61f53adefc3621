import { NanosError, assert, messageOf } from "../../std/error.ts";
import { Diverged } from "../../contracts/drive.ts";
import type { ReplayReport } from "../../contracts/nanos.ts";
import type { Journal } from "../../journal/journal.ts";
import type { RunChild } from "../wants/delegate.ts";
import { drive } from "./drive.ts";
import { carryRun } from "../run.ts";
import { pastOf } from "../runner.ts";
import type { Facts } from "../world.ts";

/**
 * Carries a run again from the journal alone: no model, no tool, no network, no clock. Every event
 * the kernel would write is compared with the one that was written, and the chain is recomputed.
 * Delegated runs are replayed with it.
 */
export async function replay(
  journal: Journal,
  recall: (hash: string) => Facts | null,
  run: string,
): Promise<ReplayReport> {
  const total = { events: 0, steps: 0 };
  try {
    await replayOne(journal, recall, run, total);
    return { ok: true, ...total, differs: null };
  } catch (error) {
    const tampered = error instanceof NanosError && error.code === "journal.tampered";
    if (!(error instanceof Diverged) && !tampered) throw error;
    return { ok: false, ...total, differs: `${messageOf(error)} (run ${run})` };
  }
}

async function replayOne(
  journal: Journal,
  recall: (hash: string) => Facts | null,
  run: string,
  total: { events: number; steps: number },
): Promise<void> {
  const recorded = [...journal.chain(run)];
  const started = recorded[0]?.body;
  if (started?.kind !== "run.started") {
    throw new Diverged(`run ${run} has no readable start`, recorded[0]?.event ?? null);
  }
  const facts = recall(started.facts);
  if (!facts) throw new Diverged("the facts it was judged by are gone from the vault", null);
  const carried = drive(run, recorded, null, new AbortController().signal);
  try {
    await carryRun({
      drive: carried,
      world: null,
      facts,
      hooks: {},
      started,
      past: pastOf({ journal }, started.after),
      runChild: noChild,
    });
  } catch (error) {
    // An interrupted run's record ends in the middle: all there is was reproduced.
    const interrupted = error instanceof Diverged && error.message.startsWith("the record ends");
    if (!interrupted || endedCleanly(recorded)) throw error;
  }
  const left = carried.track.left();
  if (left) throw new Diverged(`event ${left.seq} (${left.kind}) was not reproduced`, left);
  total.events += recorded.length;
  for (const { body } of recorded) {
    if (body?.kind === "action.proposed") total.steps += 1;
    if (body?.kind !== "action.settled" || body.outcome.status !== "done") continue;
    const { child } = body.outcome;
    if (child) await replayOne(journal, recall, child.run, total);
  }
}

function endedCleanly(recorded: readonly { event: { kind: string } }[]): boolean {
  return recorded.at(-1)?.event.kind === "run.ended";
}

const noChild: RunChild = async () => {
  assert(false, "a replay carried a delegated run");
};
