import { NanosError, assert } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
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
 * beginning of them: they were appended in this order before.
 */
export async function copyInto(journal: Journal, drafts: readonly Draft[]): Promise<void> {
  const seen = new Map<string, number>();
  for (const { run } of drafts) if (!seen.has(run)) seen.set(run, [...journal.chain(run)].length);
  const missing = drafts.filter(({ run }) => {
    const left = seen.get(run) ?? 0;
    seen.set(run, left - 1);
    return left <= 0;
  });
  for (let i = 0; i < missing.length; i += LIMITS.appendEvents) {
    await journal.append(missing.slice(i, i + LIMITS.appendEvents));
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
 * What was decided and what came of it, as one hash: the same on whatever engine a mission was
 * carried, and however often it was interrupted.
 */
export function decisionDigest(record: readonly Recorded[]): string {
  const steps = new Map<string, Json[]>();
  for (const { event, body } of record) {
    if (event.step === null || body === null) continue;
    const said = saidIn(body);
    if (said === null) continue;
    // Names of runs differ, their steps do not.
    const step = event.step.slice(topRun(event.run).length);
    const list = steps.get(step);
    if (list) list.push(said);
    else steps.set(step, [said]);
  }
  assert(record.length === 0 || steps.size > 0, "a record has steps");
  return hashOf([...steps].toSorted(([a], [b]) => (a < b ? -1 : 1)) as unknown as Json);
}

function saidIn(body: NonNullable<Recorded["body"]>): Json | null {
  switch (body.kind) {
    case "action.proposed":
      return [body.action.kind, body.action.name, body.action.args];
    case "action.judged": {
      const { verdict, reason, rule } = body.decision;
      return [verdict, reason, rule];
    }
    case "action.settled":
      return body.outcome.status;
    case "approval.used":
      return body.answer.verdict;
    default:
      return null;
  }
}
