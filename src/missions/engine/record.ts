import { NanosError } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Journal, Lease } from "../../journal/journal.ts";
import { childRun } from "../../kernel/runner.ts";
import { topRun } from "../../kernel/views/traces.ts";

/** Everything recorded of a mission: its run and those it delegated to, oldest first. */
export function recordOf(journal: Journal, run: string): readonly Recorded[] {
  const all: Recorded[] = [];
  const chains = [run];
  for (let chain = chains.pop(); chain !== undefined; chain = chains.pop()) {
    for (const recorded of journal.chain(chain)) {
      all.push(recorded);
      const { step, kind } = recorded.event;
      if (kind !== "action.proposed" || step === null) continue;
      const child = childRun(step);
      if (journal.head(child)) chains.push(child);
    }
  }
  return all.toSorted((a, b) => a.event.seq - b.event.seq);
}

/** A recorded event as it is appended once more. @throws NanosError `engine.erased`. */
export function asDraft({ event, body }: Recorded): Draft {
  const { run, step, actor, policy, isolation, label, at } = event;
  if (body) return { run, step, actor, policy, isolation, label, at, body };
  throw new NanosError(
    "engine.erased",
    `The body of event ${event.seq} was erased, so nothing can go on from it.`,
    `Begin the mission anew, or see what is left: nanos trace show ${topRun(run)}`,
  );
}

/**
 * Appends what of these drafts the journal does not have yet, chain by chain. What it has is a
 * beginning of them: they were appended in this order before. False where somebody else carries one
 * of the chains; nothing is appended then.
 */
export async function copyInto(journal: Journal, drafts: readonly Draft[]): Promise<boolean> {
  const runs = [...new Set(drafts.map(({ run }) => run))];
  // A chain may still be held by a process that is gone: taken first, so that it takes the events.
  const leases = runs.map((run) => journal.lease(run));
  try {
    if (leases.includes(null)) return false;
    const seen = new Map(runs.map((run) => [run, [...journal.chain(run)].length]));
    const missing = drafts.filter(({ run }) => {
      const left = seen.get(run) ?? 0;
      seen.set(run, left - 1);
      return left <= 0;
    });
    for (let i = 0; i < missing.length; i += LIMITS.appendEvents) {
      await journal.append(missing.slice(i, i + LIMITS.appendEvents));
    }
    return true;
  } finally {
    for (const lease of leases) lease?.release();
  }
}

/**
 * The journal as a driver sees it that holds this mission: the lease of the mission's run is the
 * engine's, and what the run delegated to is taken over with it.
 */
export function holding(journal: Journal, held: Lease): Journal {
  return {
    ...journal,
    lease: (run, from) => {
      if (run === held.run) return { ...held, release: () => undefined };
      return journal.lease(run, topRun(run) === held.run ? "hanging" : from);
    },
  };
}

/**
 * What was decided on each step and what the tasks came to, as one hash: the same on whatever engine
 * a mission was carried, and however often it was interrupted.
 */
export function decisionDigest(record: readonly Recorded[]): string {
  const lines = new Set<string>();
  for (const { event, body } of record) {
    const line = body && lineOf(body);
    // Names of runs differ, their steps do not.
    const step = event.step?.slice(topRun(event.run).length) ?? null;
    if (line) lines.add(JSON.stringify([step, ...line]));
  }
  return hashOf([...lines].toSorted());
}

function lineOf(body: NonNullable<Recorded["body"]>): readonly string[] | null {
  switch (body.kind) {
    case "action.judged": {
      const { verdict, reason, rank } = body.decision;
      // What was in doubt after a crash is no part of what the mission decided.
      return reason === "ask:in_doubt" ? null : [verdict, reason, rank];
    }
    case "task.ended":
      return [body.task, body.status];
    case "run.ended":
      return [body.end.outcome];
    default:
      return null;
  }
}
