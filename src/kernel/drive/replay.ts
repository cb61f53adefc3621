import { NanosError, assert } from "../../std/error.ts";
import { Diverged, type Recorded } from "../../contracts/drive.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { ReplayReport } from "../../contracts/trace.ts";
import type { Journal } from "../../journal/journal.ts";
import { carryRun } from "../run.ts";
import { childRun } from "../runner.ts";
import { pastOf } from "../flow/past.ts";
import type { RunChild } from "../wants/delegate.ts";
import type { Facts, World } from "../world.ts";
import { RecordEnds, drive } from "./drive.ts";
import { type Line, lineOf, type OwnRecord } from "./line.ts";

/**
 * Carries a run again from the journal alone: no model, no tool, no network, no clock. Every event
 * the kernel would write is compared with the one that was written. Delegated runs are replayed
 * with it. The report names the first event that differs.
 */
export async function replay(
  journal: Journal,
  recall: (hash: string) => Facts | null,
  run: string,
  decide: World["decide"] = () => null,
): Promise<ReplayReport> {
  const replayed: Replayed = { journal, recall, decide, events: 0, steps: 0 };
  const report = (differs: string | null): ReplayReport => {
    const { events, steps } = replayed;
    return { ok: differs === null, events, steps, differs };
  };
  try {
    await replayOne(replayed, run);
    return report(null);
  } catch (error) {
    if (error instanceof Diverged) return report(`${error.message} (run ${error.at?.run ?? run})`);
    if (!(error instanceof NanosError) || error.code !== "journal.tampered") throw error;
    return report(error.message);
  }
}

/** What is replayed from, and how much of it has been. */
interface Replayed {
  readonly journal: Journal;
  readonly recall: (hash: string) => Facts | null;
  readonly decide: World["decide"];
  events: number;
  steps: number;
}

async function replayOne(replayed: Replayed, run: string): Promise<void> {
  const { journal } = replayed;
  const line = lineFrom(replayed, run);
  const { recorded } = line;
  await redrive(journal, line, replayed.decide);
  replayed.events += recorded.length;
  for (const { event, body } of recorded) {
    if (body?.kind === "action.proposed") replayed.steps += 1;
    if (body?.kind === "action.settled" && "child" in body.outcome) {
      checkHead(journal, event, body.outcome.child);
    }
    if (body?.kind !== "action.proposed" || body.action.kind !== "agent" || !event.step) continue;
    const child = childRun(event.step);
    if (journal.head(child)) await replayOne(replayed, child);
  }
}

function lineFrom({ journal, recall }: Replayed, run: string): Driven {
  const recorded = [...journal.chain(run)];
  const { event = null, body: started } = recorded[0] ?? {};
  if (event && started === null) {
    throw new Diverged(`the body of event ${event.seq} was erased`, event);
  }
  if (started?.kind !== "run.started") throw new Diverged(`there is no run ${run}`, event);
  const facts = recall(started.facts);
  if (!facts) throw new Diverged("the facts it was judged by are gone from the vault", event);
  return { run, ...lineOf(journal, recall, { run, started, facts, recorded }) };
}

/** A run with its record, to be driven over it. */
type Driven = Line & { readonly run: string };

/**
 * Whether a fork gets to where it leaves the run it comes from, which is driven again for that. Null
 * where it does; else the number of the newest step before, at which it would.
 *
 * @throws Diverged where the run is not reproduced up to there.
 */
export async function nearestFork(
  { journal, recall, decide }: Pick<World, "journal" | "recall" | "decide">,
  own: OwnRecord,
  from: string,
): Promise<number | null> {
  const line = lineOf(journal, recall, own);
  const { next } = line.branches;
  try {
    await redrive(journal, { run: own.run, ...line }, decide);
  } catch (error) {
    if (!(error instanceof Diverged) || next.length === 0) throw error;
    // Of calls made side by side one may have been judged by what another, not shared, had come to.
    if (!(await replay(journal, recall, from, decide)).ok) throw error;
  }
  return next.length === 0 ? null : line.branches.near;
}

/** Drives one run over its record, and makes sure that nothing of the record is left over. */
async function redrive(journal: Journal, driven: Driven, decide: World["decide"]): Promise<void> {
  const { run, recorded, started, facts, branches } = driven;
  const event = recorded[0]?.event;
  const past = pastOf(journal, started, event?.seq);
  const over = drive(run, recorded, null, new AbortController().signal);
  try {
    await carryRun({
      ...{ drive: over, world: null, watch: null, facts, hooks: {}, started, branches },
      ...{ past: past.messages, since: past.since, decisions: past.decisions, runChild: noChild },
      ...{ decide: decide(started), session: past.session },
      label: event?.label ?? null,
    });
  } catch (error) {
    // An interrupted run's record ends in the middle: all there is was reproduced.
    if (!(error instanceof RecordEnds)) throw named(error, past.erased, started);
  }
  const left = over.track.left();
  if (left) throw new Diverged(`event ${left.seq} (${left.kind}) was not reproduced`, left);
}

/** Where words of the conversation before are gone, that is what the difference comes from. */
function named(error: unknown, erased: Recorded["event"] | null, started: RunStarted): unknown {
  if (!(error instanceof Diverged) || !erased || !started.after.includes(erased.run)) return error;
  return new Diverged(`the body of event ${erased.seq} was erased`, erased);
}

/** A delegation names the newest entry of the run that carried it. */
function checkHead(
  journal: Journal,
  event: Recorded["event"],
  child: { readonly run: string; readonly head: string } | undefined,
): void {
  if (!child || journal.head(child.run)?.hash === child.head) return;
  throw new Diverged(`event ${event.seq} names another end of run ${child.run}`, event);
}

const noChild: RunChild = async () => {
  assert(false, "a replay carried a delegated run");
};
