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
 * - `effect` runs `act` at most once per process and not at all when the step's outcome is
 *   recorded. What `act` throws is a bug and stops the run.
 * - `now` is the time of the newest event of this run: equal on replay.
 * - `wait` resolves with the operator's answer, or null when none can come in this process
 *   (unattended, expired, replay at its end). It never polls.
 */
export interface Drive {
  readonly run: string;
  readonly signal: AbortSignal;
  now(): number;
  append(drafts: readonly Draft[], when?: "now" | "later"): Promise<readonly Event[]>;
  /** The recorded events of one step, while re-driving; empty when live. */
  recorded(step: string): readonly Recorded[];
  effect<T>(step: string, act: () => Promise<T>): Promise<T>;
  wait(ask: Ask): Promise<Answer | null>;
  /** Waits `ms`; returns at once while re-driving. */
  sleep(ms: number): Promise<void>;
  /** The drive of a run this one delegates to. */
  child(run: string): Promise<Drive>;
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
