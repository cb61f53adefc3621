import type { Clock } from "../../../std/clock.ts";
import { NanosError } from "../../../std/error.ts";
import { LIMITS } from "../../../std/limits.ts";
import { GENESIS, HOME_CHAIN } from "../../../contracts/chain.ts";
import { Superseded } from "../../../contracts/drive.ts";
import type { Draft, Event } from "../../../contracts/event.ts";
import type { Journal } from "../../../journal/journal.ts";
import { topRun } from "../../../kernel/views/traces.ts";
import type { Ingress } from "./ingress.ts";
import { type Appended, type Batch, type Hold, batchHash } from "./wire.ts";

interface ThroughParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Ingress;
  readonly hold: Hold;
  /** Called when an append finds that the mission was cancelled. */
  readonly onCancel: () => void;
}

/** One call of `append`, until it is on disk in both places. */
interface Unit {
  readonly drafts: readonly Draft[];
  readonly resolve: (events: readonly Event[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The journal of a home while a mission runs on Restate: what belongs to the mission is on disk
 * there first, under the epoch the mission is held with, and copied here. What comes while one call
 * is on its way shares the next.
 */
export class Through {
  readonly journal: Journal;
  readonly #parts: ThroughParts;
  #queue: Unit[] = [];
  #isSending = false;
  #batch: number;
  #bytes: number;
  #at = 0;

  constructor(parts: ThroughParts) {
    this.#parts = parts;
    this.#batch = parts.hold.batches.length;
    this.#bytes = bytesOf(parts.hold.batches);
    this.journal = { ...parts.journal, append: (drafts) => this.#append(drafts) };
  }

  #append(drafts: readonly Draft[]): Promise<readonly Event[]> {
    const { journal, hold } = this.#parts;
    const isOfMission = drafts.some(({ run }) => run !== HOME_CHAIN && isPart(run, hold));
    if (!isOfMission) return journal.append(drafts);
    return new Promise((resolve, reject) => {
      this.#queue.push({ drafts: drafts.map((draft) => this.#timed(draft)), resolve, reject });
      if (!this.#isSending) void this.#send();
    });
  }

  /** The same time in both places, never before the one of the event before. */
  #timed(draft: Draft): Draft {
    this.#at = draft.at ?? Math.max(this.#at, this.#parts.clock.now());
    return { ...draft, at: this.#at };
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    // What is appended in the same turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const units = this.#queue;
      this.#queue = [];
      try {
        await this.#sendAll(units);
      } catch (error) {
        for (const { reject } of units) reject(error);
      }
    }
    this.#isSending = false;
  }

  async #sendAll(units: readonly Unit[]): Promise<void> {
    const { journal, log, hold, onCancel } = this.#parts;
    const drafts = units.flatMap((unit) => unit.drafts);
    const bytes = this.#bytes + bytesOf(drafts);
    refuseLarge(hold.mission.run, bytes);
    const given = { epoch: hold.epoch, batch: this.#batch, drafts };
    const answer = await log.call<Appended>(hold.mission.run, "append", given);
    if (answer.state === "superseded") {
      throw new Superseded(`another worker carries ${hold.mission.run}`);
    }
    this.#batch += 1;
    this.#bytes = bytes;
    if (answer.cancelled) onCancel();
    await Promise.all(
      units.map((unit) => journal.append(unit.drafts).then(unit.resolve, unit.reject)),
    );
  }
}

/** @throws NanosError `engine.log_full`. */
export function refuseLarge(run: string, bytes: number): void {
  if (bytes <= LIMITS.engineLogBytes) return;
  throw new NanosError(
    "engine.log_full",
    `With what comes next, Restate would hold ${bytes} bytes of ${run}; ${LIMITS.engineLogBytes} are the most.`,
    `Go on from one of its tasks on this machine: nanos trace fork ${run}`,
  );
}

/** As it is sent. */
export function bytesOf(sent: readonly unknown[]): number {
  return Buffer.byteLength(JSON.stringify(sent));
}

function isPart(run: string, { mission }: Hold): boolean {
  return topRun(run) === mission.run;
}

/** The events of a mission as Restate gave them. @throws NanosError `engine.tampered`. */
export function draftsOf(run: string, batches: readonly Batch[]): readonly Draft[] {
  let head = GENESIS;
  for (const [n, { drafts, prev, hash }] of batches.entries()) {
    if (prev !== head || batchHash(drafts, prev) !== hash) throw tampered(run, n);
    head = hash;
  }
  return batches.flatMap(({ drafts }) => drafts);
}

/** Drafts in parts that one append takes. */
export function inBatches(drafts: readonly Draft[]): readonly (readonly Draft[])[] {
  const count = Math.ceil(drafts.length / LIMITS.appendEvents);
  return Array.from({ length: count }, (_, n) =>
    drafts.slice(n * LIMITS.appendEvents, (n + 1) * LIMITS.appendEvents),
  );
}

function tampered(run: string, n: number): NanosError {
  return new NanosError(
    "engine.tampered",
    `What Restate holds of ${run} is not what was written: batch ${n} does not follow from those before.`,
    `Go on from the copy in this home: nanos trace fork ${run}`,
  );
}
