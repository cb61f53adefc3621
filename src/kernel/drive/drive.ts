import { type Json, sameJson } from "../../std/json.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { Diverged, type Drive, type Recorded } from "../../contracts/drive.ts";
import type { Draft, Event } from "../../contracts/event.ts";

/**
 * The drives. A run is carried by one function, `drive`, over two things: what is recorded of it,
 * and what may happen for real. A fresh run has nothing recorded; a resumed one has both; a replay
 * has only the record. While a step has recorded events left, its appends are compared with them,
 * its effect is taken from them and no clock is read; from then on everything is real.
 */

/** The real half of a drive: what happens once the record is used up. */
export interface Real {
  append(drafts: readonly Draft[]): Promise<readonly Event[]>;
  wait(ask: Ask, needless: () => boolean): Promise<Answer | "expired" | null>;
  sleep(until: number): Promise<boolean>;
  now(): number;
  elapsed(): number;
}

/**
 * A replay has come to where its record ends: an interrupted run was reproduced up to there. Each
 * of the actions that were under way stops here by itself, so that all of them get this far.
 */
export class RecordEnds extends Diverged {}

/** A drive over a record and, unless it is a replay, the real world. */
export function drive(
  run: string,
  recorded: readonly Recorded[],
  real: Real | null,
  signal: AbortSignal,
): Drive & { readonly track: Track } {
  const track = new Track(recorded);
  // Of a fork the record begins with what is another run's.
  let at = recorded[0]?.event.run ?? run;
  const own = real && onlyFor(run, real);
  return {
    get run() {
      return at;
    },
    leave: (next) => void (at = next),
    signal,
    track,
    get record() {
      return recorded.filter(({ event }) => event.run === at);
    },
    live: (step) => track.next(step) === null,
    next: (step) => track.next(step),
    recorded: (step) => track.of(step),
    nested: (step) => track.nested(step),
    elapsed: () => real?.elapsed() ?? 0,
    now(step) {
      const next = track.next(step);
      if (next) return next.event.at;
      return (own?.(step ?? at) ?? missing("the time of", step, track)).now();
    },
    append: (drafts, when = "now") => append(track, own, drafts, when),
    async effect(step, act) {
      const settled = track.settled(step);
      if (settled) return settled;
      if (!own?.(step)) missing("the outcome of", step, track);
      return act();
    },
    async wait(ask, needless) {
      const next = track.next(ask.step);
      if (next) return answerIn(next, ask);
      return own?.(ask.step)?.wait(ask, needless) ?? null;
    },
    async sleep(step, until) {
      // What is recorded after it came later, so its time had come.
      if (track.next(step)) return true;
      return real ? real.sleep(until) : false;
    },
  };
}

/** The real world for what is of this run, by a step's or a run's id; null for all else. */
type Own = (id: string) => Real | null;

function onlyFor(run: string, real: Real): Own {
  return (id) => (id === run || id.startsWith(`${run}.`) ? real : null);
}

/** Compares what is recorded, and writes the rest. */
async function append(
  track: Track,
  own: Own | null,
  drafts: readonly Draft[],
  when: "now" | "later",
): Promise<readonly Event[]> {
  const fresh: Draft[] = [];
  const events: Event[] = [];
  for (const draft of drafts) {
    const next = track.next(draft.step);
    if (next) events.push(track.match(next, draft));
    else fresh.push(draft);
  }
  const [first] = fresh;
  if (!first) return events;
  const real = fresh.every(({ run }) => own?.(run)) ? own?.(first.run) : null;
  const written = (real ?? missing("the event", first.step, track)).append(fresh);
  if (when === "later") {
    // The next awaited append reports a failed write; this keeps it from being unhandled.
    written.catch(() => undefined);
    return events;
  }
  return [...events, ...(await written)];
}

function missing(what: string, step: string | null, track: Track): never {
  throw new RecordEnds(`the record ends before ${what} ${step ?? "the run"}`, track.last());
}

/** What came of an ask, as the event after it says; null when it went on without an answer. */
function answerIn({ event, body }: Recorded, ask: Ask): Answer | "expired" | null {
  if (!event.kind.startsWith("approval.")) return null;
  if (body === null) throw erased(event);
  if (body.kind === "approval.used" && body.id === ask.id) return body.answer;
  return body.kind === "approval.expired" && body.id === ask.id ? "expired" : null;
}

function erased(event: Event): Diverged {
  return new Diverged(`the body of event ${event.seq} was erased`, event);
}

/** Kinds the outside decided, not the kernel: they are stepped over when re-driving. */
const OUTSIDE: readonly string[] = ["run.waiting", "run.resumed"];

/** What is recorded of one run, by step, with a mark of how far re-driving has come. */
export class Track {
  readonly #steps = new Map<string | null, Recorded[]>();
  readonly #nested = new Map<string, string[]>();
  readonly #used = new Map<string | null, number>();
  readonly #last: Event | null;

  constructor(recorded: readonly Recorded[]) {
    this.#last = recorded.at(-1)?.event ?? null;
    for (const item of recorded) {
      if (OUTSIDE.includes(item.event.kind)) continue;
      const list = this.#steps.get(item.event.step);
      if (list) list.push(item);
      else this.#begin(item);
    }
  }

  #begin(item: Recorded): void {
    const { step } = item.event;
    this.#steps.set(step, [item]);
    const parent = step?.slice(0, step.lastIndexOf(".")) ?? "";
    if (step === null || !parent.includes(".")) return;
    const list = this.#nested.get(parent);
    if (list) list.push(step);
    else this.#nested.set(parent, [step]);
  }

  of(step: string | null): readonly Recorded[] {
    return this.#steps.get(step) ?? [];
  }

  last(): Event | null {
    return this.#last;
  }

  nested(step: string): readonly string[] {
    return this.#nested.get(step) ?? [];
  }

  /** The next recorded event of a step that has not been matched yet. */
  next(step: string | null): Recorded | null {
    return this.#steps.get(step)?.[this.#used.get(step) ?? 0] ?? null;
  }

  /** Takes the next recorded event as the given draft, or throws `Diverged`. */
  match(next: Recorded, draft: Draft): Event {
    const { event, body } = next;
    if (body === null) throw erased(event);
    const same =
      event.kind === draft.body.kind &&
      event.actor === draft.actor &&
      event.policy === draft.policy &&
      event.isolation === draft.isolation &&
      sameJson(event.label as Json, draft.label as Json) &&
      sameJson(body as Json, draft.body as Json);
    if (!same) throw new Diverged(difference(next, draft), event);
    this.#used.set(draft.step, (this.#used.get(draft.step) ?? 0) + 1);
    return event;
  }

  /** The draft a recorded outcome was written from, or null when the step has none. */
  settled(step: string): Draft | null {
    const found = this.of(step).findLast(({ event }) => isSettling(event.kind));
    if (!found) return null;
    const { event, body } = found;
    if (body === null) throw erased(event);
    const { run, actor, policy, isolation, label } = event;
    return { run, step, actor, policy, isolation, label, body };
  }

  /** The first recorded event nothing matched, when re-driving has come to its end. */
  left(): Event | null {
    const left = [...this.#steps.keys()].flatMap((step) => this.next(step)?.event ?? []);
    return left.toSorted((a, b) => a.seq - b.seq)[0] ?? null;
  }
}

/** True for the kinds that end a step. */
export function isSettling(kind: string): boolean {
  return kind === "action.settled" || kind === "model.answered";
}

function difference({ event, body }: Recorded, draft: Draft): string {
  if (event.kind !== draft.body.kind) {
    return `event ${event.seq} is ${event.kind}, re-driving gives ${draft.body.kind}`;
  }
  const field = firstDifference(body as Json, draft.body as Json, "");
  return `event ${event.seq} (${event.kind}) differs${field === "" ? "" : ` at ${field}`}`;
}

/** Path of the first place where two values differ, e.g. `decision.reason`. */
function firstDifference(a: Json, b: Json, path: string): string {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return path;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of [...keys].toSorted()) {
    const left = (a as Fields)[key] ?? null;
    const right = (b as Fields)[key] ?? null;
    if (sameJson(left, right)) continue;
    return firstDifference(left, right, path === "" ? key : `${path}.${key}`);
  }
  return path;
}
type Fields = { readonly [key: string]: Json };
