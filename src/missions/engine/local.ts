import { type Clock } from "../../std/clock.ts";
import { NanosError, assert, messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { Diverged, Superseded } from "../../contracts/drive.ts";
import type { Mission, RunPlace } from "../../contracts/engine.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Journal, Lease } from "../../journal/journal.ts";
import { note } from "../../kernel/desk/note.ts";
import { CANCELLED } from "../../kernel/drive/watch.ts";
import * as board from "./board.ts";
import type { Carry, Engine } from "./engine.ts";
import { asDraft, copyInto, holding, recordOf } from "./record.ts";

/** What a local engine is made of. */
export interface LocalParts {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Missions carried at once, by queue; `LIMITS.missionsAtOnce` for others. */
  readonly queues?: Readonly<Record<string, number>>;
  /** Where this process is: what belongs to other places is left to who is there. */
  readonly place?: RunPlace;
}

/**
 * The engine of one machine: the journal, and the processes that share it. A mission is held by the
 * lease of its run, a place in a queue by a lease as well, so both are free the moment a process
 * ends. Nothing is polled: the journal wakes whoever listens, a connection tells of a process that
 * ends or hangs, and one timer stands for the mission whose time comes next.
 */
export function localEngine(parts: LocalParts): Engine {
  const { journal } = parts;
  const carrier = new Carrier(parts);
  return {
    name: "local",
    work: async (carry) => carrier.begin(carry),
    submit: async (mission, record = []) => {
      if (board.isKnown(journal, mission.run)) return;
      const isCopied = await copyInto(journal, record.map(asDraft));
      assert(isCopied, "a record is of nobody else's run");
      await board.put(journal, mission);
      await journal.wake(TOPIC);
    },
    signal: async (run, signal) => {
      await board.give(journal, run, signal);
      await journal.wake(TOPIC);
    },
    cancel: async (run, by) => {
      if (!board.isKnown(journal, run)) throw board.unknown(run);
      await note(journal, { kind: "run.cancel_requested", run, by });
      await journal.wake(`cancel:${run}`);
    },
    read: async (run) => {
      if (!board.isKnown(journal, run)) throw board.unknown(run);
      return recordOf(journal, run);
    },
    status: async (run) => board.standingOf(journal, run),
    stop: (drainMs) => carrier.stop(drainMs),
  };
}

/** Something changed on the board. */
const TOPIC = "engine";

/** What one process carries, from `begin` to `stop`. */
class Carrier {
  readonly #parts: LocalParts;
  #carry: Carry | null = null;
  #forget: () => void = () => undefined;
  /** Lanes by queue: each holds a place of the queue and carries one mission after another. */
  readonly #lanes = new Map<string, number>();
  readonly #underWay = new Map<string, { stop(): void; readonly over: Promise<void> }>();
  /** Watches over what other processes hold, by the name of its lease. */
  readonly #watches = new Map<string, () => void>();
  /** Leases whose holder answers nothing, to be taken from it. */
  readonly #hanging = new Set<string>();
  /** Missions that are blocked for this process: it tried. */
  readonly #blocked = new Set<string>();
  #timer = new AbortController();

  constructor(parts: LocalParts) {
    this.#parts = parts;
  }

  begin(carry: Carry): void {
    assert(this.#carry === null, "one process works once");
    this.#carry = carry;
    this.#forget = this.#parts.journal.onWake((topic) => this.#hear(topic));
    this.#look();
  }

  async stop(drainMs: number): Promise<void> {
    this.#carry = null;
    this.#forget();
    this.#timer.abort();
    for (const end of this.#watches.values()) end();
    this.#watches.clear();
    const over = Promise.all([...this.#underWay.values()].map((one) => one.over));
    const enough = new AbortController();
    await Promise.race([over, this.#parts.clock.sleep(drainMs, enough.signal)]);
    enough.abort();
  }

  #hear(topic: string): void {
    const cancelled = topic.startsWith("cancel:") ? topic.slice("cancel:".length) : null;
    if (cancelled !== null) this.#underWay.get(cancelled)?.stop();
    if (topic === TOPIC || cancelled !== null || topic.startsWith("answer:")) this.#look();
  }

  /** Opens as many lanes as there is something to carry and room for; sets the timer anew. */
  #look(): void {
    if (!this.#carry) return;
    const { journal, clock, place } = this.#parts;
    for (const queue of board.dueQueues(journal, clock.now(), place)) {
      while (this.#openLane(queue)) continue;
    }
    this.#timer.abort();
    this.#timer = new AbortController();
    const next = board.nextTime(journal, clock.now());
    if (next !== null) void this.#lookAt(next, this.#timer.signal);
  }

  async #lookAt(time: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted && clock.now() < time) {
      await clock.sleep(Math.min(time - clock.now(), LONGEST), signal);
    }
    if (!signal.aborted) this.#look();
  }

  #openLane(queue: string): boolean {
    const open = this.#lanes.get(queue) ?? 0;
    const most = this.#parts.queues?.[queue] ?? LIMITS.missionsAtOnce;
    if (open >= most || !this.#hasNext(queue)) return false;
    const place = this.#take(Array.from({ length: most }, (_, n) => `place ${n} ${queue}`));
    if (!place) return false;
    const first = this.#next(queue);
    if (!first) {
      place.release();
      return false;
    }
    this.#lanes.set(queue, open + 1);
    void this.#lane(queue, place, first);
    return true;
  }

  async #lane(queue: string, place: Lease, first: Next): Promise<void> {
    for (let next: Next | null = first; next; next = this.#next(queue)) await this.#hold(next);
    this.#lanes.set(queue, (this.#lanes.get(queue) ?? 1) - 1);
    place.release();
    await this.#parts.journal.wake(TOPIC);
  }

  #hasNext(queue: string): boolean {
    return this.#due(queue).length > 0;
  }

  /** What of a queue can go on and is not carried by this process. */
  #due(queue: string): readonly board.Due[] {
    const { journal, clock, place } = this.#parts;
    if (!this.#carry) return [];
    const most = 2 * LIMITS.missionsAtOnceMost + this.#blocked.size;
    return board
      .dueOn(journal, clock.now(), { place, queue, most })
      .filter(({ mission: { run } }) => !this.#underWay.has(run) && !this.#blocked.has(run));
  }

  /** The next mission nobody carries, held. */
  #next(queue: string): Next | null {
    for (const due of this.#due(queue)) {
      const lease = this.#take([due.mission.run]);
      if (lease) return { ...due, lease };
    }
    return null;
  }

  /** The first lease that can be had; where none can, those who hold them are watched. */
  #take(names: readonly string[]): Lease | null {
    const { journal } = this.#parts;
    for (const name of names) {
      const from = this.#hanging.delete(name) ? "hanging" : "nobody";
      const lease = journal.lease(name, from);
      if (lease) return lease;
    }
    for (const name of names) this.#watch(name);
    return null;
  }

  #watch(name: string): void {
    const isMine = this.#underWay.has(name) || this.#watches.has(name);
    if (isMine || this.#watches.size >= LIMITS.missionsAtOnceMost * 2) return;
    const left = (how: "free" | "hanging"): void => {
      this.#watches.delete(name);
      if (how === "hanging") this.#hanging.add(name);
      this.#look();
    };
    this.#watches.set(name, this.#parts.journal.whenLeft(name, left));
  }

  /** Carries one mission for as long as it goes. */
  async #hold({ mission, cancelled, lease }: Next): Promise<void> {
    const { run } = mission;
    const control = new AbortController();
    const stop = (): void => control.abort(CANCELLED);
    if (cancelled) stop();
    const over = this.#carryOne(mission, lease, control.signal);
    this.#underWay.set(run, { stop, over });
    await over;
    this.#underWay.delete(run);
    lease.release();
  }

  async #carryOne(mission: Mission, lease: Lease, signal: AbortSignal): Promise<void> {
    const { journal } = this.#parts;
    const { run } = mission;
    try {
      await this.#carry?.({ mission, journal: holding(journal, lease), signal });
      const { state } = board.standingOf(journal, run);
      if (state === "ended" || state === "waiting") return;
      await this.#block(run, new Error(UNFINISHED));
    } catch (error) {
      // Another process carries it now, and says what comes of it.
      if (!(error instanceof Superseded)) await this.#block(run, error);
    }
  }

  async #block(run: string, error: unknown): Promise<void> {
    this.#blocked.add(run);
    try {
      await board.block(this.#parts.journal, run, whyBlocked(run, error));
    } catch {
      // The journal would not have it: the mission stays interrupted, and is carried on later.
    }
  }
}

interface Next extends board.Due {
  readonly lease: Lease;
}

/** A timer holds 31 bits of milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Of a driver that came back and neither ended nor waits. */
export const UNFINISHED = "it stopped in the middle";

/** Why a mission can't go on, and the way out. */
export function whyBlocked(run: string, error: unknown): Failure {
  if (error instanceof Diverged) {
    const at = error.at ? `, from event ${error.at.seq} on` : "";
    return {
      code: "mission.code_changed",
      message: `The code that carries it does other things than it did${at}: ${error.message}.`,
      next: `Carry it with the code it began with, or go on from before: nanos trace fork ${run}`,
    };
  }
  if (error instanceof NanosError) {
    const { code, message, next } = error;
    return { code, message, next };
  }
  return {
    code: "mission.stopped",
    message: `What carries it failed: ${messageOf(error)}.`,
    next: `See what it came to: nanos trace show ${run}`,
  };
}
