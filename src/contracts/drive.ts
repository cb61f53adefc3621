import type { Answer, Ask } from "./run.ts";
import type { Draft, Event, EventBody } from "./event.ts";

/** An event together with its body; null where the body was erased. */
export interface Recorded {
  readonly event: Event;
  readonly body: EventBody | null;
}

/**
 * What carries one run. The kernel reaches time, the journal, effects and waiting only through
 * it, so the same kernel code runs live, resumes after a crash and replays without a network.
 *
 * Contract:
 * - `append` resolves when the events are on disk, in the order given. It throws `Superseded` when
 *   another process carries the run now; the caller then stops without another effect.
 * - With `later`, `append` may resolve before the events are on disk; they are there before any
 *   event of a later `append` is.
 * - While recorded events remain for a step, `append` compares instead of writing and returns what
 *   was recorded; a difference throws `Diverged` with the first event that differs.
 * - `effect` returns the draft that settles the step. It runs `act` at most once per process, and
 *   not at all when the step's outcome is recorded: the draft is then made from the record. What
 *   `act` throws is a bug and stops the run.
 * - `now` is the time of the step's next event: the clock when live, the record when re-driving.
 * - `next` is the step's first recorded event that re-driving has not come to; null when the step
 *   is live. What a judgement may look at is what was recorded before it, so that steps which ran
 *   side by side are judged the same in whatever order they are re-driven.
 * - Of a fork the record begins with what it shares with the runs it came from. That is only ever
 *   matched: nothing is written to their chains, and no effect of theirs is begun. `run` is the one
 *   whose steps are come to, and `leave` goes over to the next.
 * - `wait` resolves with the operator's answer, with `expired` when the ask or the answer to it is
 *   void, or null when none can come in this process (unattended, stopped, or replay at its end)
 *   or, by `needless`, none is needed any more. It never polls.
 * - `sleep` resolves with true once the time has come that the step's `timer.set` names, or with
 *   false when that is too far away to be waited for by a process: the run then waits `until` then.
 */
export interface Drive {
  readonly run: string;
  leave(run: string): void;
  readonly signal: AbortSignal;
  /** True when nothing is left to re-drive and every effect is real. */
  live(step: string | null): boolean;
  next(step: string | null): Recorded | null;
  now(step: string | null): number;
  append(drafts: readonly Draft[], when?: "now" | "later"): Promise<readonly Event[]>;
  /** Everything recorded of `run`, oldest first. */
  readonly record: readonly Recorded[];
  /** The recorded events of one step (null: of the run itself), consumed or not. */
  recorded(step: string | null): readonly Recorded[];
  /** Recorded steps that a step's effect asked for, in order: `STEP.1`, `STEP.2`, … */
  nested(step: string): readonly string[];
  effect(step: string, act: () => Promise<Draft>): Promise<Draft>;
  wait(ask: Ask, needless: () => boolean): Promise<Answer | "expired" | null>;
  sleep(step: string, until: number): Promise<boolean>;
  /** Milliseconds of work so far, for durations that are then recorded; waits are not counted. */
  elapsed(): number;
}

/** Another process took the run over; nothing may be written or done for it here any more. */
export class Superseded extends Error {}

/** Re-driving gave something else than what was recorded. */
export class Diverged extends Error {
  readonly at: Event | null;
  constructor(what: string, at: Event | null) {
    super(what);
    this.at = at;
  }
}
