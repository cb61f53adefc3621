import type { Recorded } from "../../contracts/drive.ts";
import type { Mission, Signal, Standing } from "../../contracts/engine.ts";
import type { Journal } from "../../journal/journal.ts";

/**
 * An engine: who carries a mission, where, and how many at once. What happens inside is none of its
 * business. It holds a mission for one process at a time and lets a driver carry it, from what is
 * recorded, to its end or to where it waits; both it reads from the mission's last event. So whoever
 * takes a mission over, after a crash or on another machine, does what a resume does.
 *
 * Contract:
 * - `submit` is durable when it resolves and does nothing for a run it knows. With a record, the
 *   mission goes on after it: so one is moved from another engine, or begun as a fork.
 * - A mission is carried by one driver at a time. When that one's process ends, or hangs, another
 *   one carries it; what the former still appends fails with `Superseded`, its effects are in
 *   doubt, and nobody has to look for it to be noticed.
 * - `signal` is durable when it resolves, also before anybody waits for it. The first of a name
 *   counts, and takes on a mission that waits for that name. So does the operator's answer to an ask.
 * - A mission that waits holds no process. Its time comes also when none was there meanwhile.
 * - `cancel` aborts the driver's signal, wherever that is; a mission nobody carries is carried to
 *   its end with the signal aborted.
 * - A driver that gives something else than what is recorded (`Diverged`), fails, or stops without
 *   an end or a wait, leaves the mission blocked, with what to do about it. A process that starts
 *   to work tries once more.
 * - At most so many missions of a queue are carried at once, over all processes.
 * - `read` gives everything recorded of a mission and the runs it delegated to, oldest first.
 * - `stop` begins nothing more and resolves when what is under way is over, or after `drainMs`.
 */
export interface Engine {
  readonly name: string;
  /** Carries missions in this process until `stop`. */
  work(carry: Carry): Promise<void>;
  /** @throws NanosError `engine.full`, `engine.erased`, `journal.*`. */
  submit(mission: Mission, record?: readonly Recorded[]): Promise<void>;
  /** @throws NanosError `engine.unknown`. */
  signal(run: string, signal: Signal): Promise<void>;
  /** @throws NanosError `engine.unknown`. */
  cancel(run: string, by: string): Promise<void>;
  /** @throws NanosError `engine.unknown`. */
  read(run: string): Promise<readonly Recorded[]>;
  /** @throws NanosError `engine.unknown`. */
  status(run: string): Promise<Standing>;
  stop(drainMs: number): Promise<void>;
}

/** Carries a mission to its end or to where it waits, as its last event then says. */
export type Carry = (held: Held) => Promise<void>;

/** A mission while one driver carries it. */
export interface Held {
  readonly mission: Mission;
  /** Appends to the mission's chains are fenced, and where the engine says they are on disk. */
  readonly journal: Journal;
  /** Aborted when the mission is cancelled. */
  readonly signal: AbortSignal;
}
