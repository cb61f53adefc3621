import { LIMITS } from "../../std/limits.ts";
import { assert } from "../../std/error.ts";
import { Diverged, type Recorded } from "../../contracts/drive.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";
import type { Facts } from "../world.ts";
import type { Branch, Branches } from "./leave.ts";

/**
 * A fork's record begins with what it shares with the run it came from, and that one's with what it
 * shares with another: events are not copied, the first entry of a fork continues the entry of its
 * parent that it names.
 */
export interface Line {
  /** What the oldest of these runs began with, and is judged by. */
  readonly started: RunStarted;
  readonly facts: Facts;
  /** From its first event to the newest of the run itself. */
  readonly recorded: readonly Recorded[];
  readonly branches: Branches;
}

/** A run, with what is recorded of it alone. */
export interface OwnRecord {
  readonly run: string;
  readonly started: RunStarted;
  readonly facts: Facts;
  readonly recorded: readonly Recorded[];
}

/**
 * What a run goes by from the first event on. `recall` gives the facts of the runs it came from.
 *
 * @throws Diverged where something of what it shares was erased, is gone, or is not what it names.
 */
export function lineOf(
  journal: Journal,
  recall: (hash: string) => Facts | null,
  own: OwnRecord,
): Line {
  const next: Branch[] = [];
  let { run, started, facts, recorded } = own;
  for (let from = started.fork; from; from = started.fork) {
    assert(next.length < LIMITS.forks, "a run is forked from no more than its limit");
    next.unshift({ run, started, facts, at: numberOf(from.step) });
    const shared = sharedOf(journal.chain(from.run), from);
    const { event, body } = shared[0] as Recorded;
    if (body === null) throw new Diverged(`the body of event ${event.seq} was erased`, event);
    assert(body.kind === "run.started", "a run begins with its start");
    const kept = recall(body.facts);
    if (!kept) throw new Diverged("the facts it was judged by are gone from the vault", event);
    ({ run } = from);
    recorded = [...shared, ...recorded];
    [started, facts] = [body, kept];
  }
  return { started, facts, recorded, branches: { next, near: 1 } };
}

/** All that is recorded from the first event a run shares to its newest own; bodies may be gone. */
export function recordedOf(journal: Journal, run: string): readonly Recorded[] {
  let recorded = [...journal.chain(run)];
  for (let forks = 0; forks <= LIMITS.forks; forks++) {
    const first = recorded[0]?.body;
    const from = first?.kind === "run.started" ? first.fork : undefined;
    if (!from) break;
    recorded = [...sharedOf(journal.chain(from.run), from), ...recorded];
  }
  return recorded;
}

/** What a fork shares with its parent: all before its first own step, up to the entry it continues. */
function sharedOf(
  chain: Iterable<Recorded>,
  from: NonNullable<RunStarted["fork"]>,
): readonly Recorded[] {
  const at = numberOf(from.step);
  const shared: Recorded[] = [];
  for (const recorded of chain) {
    const { step, hash } = recorded.event;
    if (step === null || numberOf(step) < at) shared.push(recorded);
    if (hash === from.hash) return shared;
  }
  throw new Diverged(`run ${from.run} does not have the entry it was forked at`, null);
}

/** The newest entry a fork at a step would share, or null where the run has none. */
export function trunkOf(recorded: readonly Recorded[], at: number): Recorded | null {
  const before = ({ event: { step, kind } }: Recorded): boolean =>
    step === null ? kind === "run.started" : numberOf(step) < at;
  return recorded.findLast(before) ?? null;
}

/** 7 of `RUN.7`, and of what it asked back for, `RUN.7.1`. */
export function numberOf(step: string): number {
  return Number(step.split(".", 2)[1]);
}
