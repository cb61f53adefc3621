import type { Clock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import type { Failure } from "../contracts/outcome.ts";
import { isFailure } from "./failures.ts";
import type { Link } from "./mcp/link.ts";

/**
 * Warm processes, by what they may reach and whose run they belong to. Only processes without a
 * `write:` scope are kept: what one call leaves behind in memory, another call of the same run may
 * find, and of another run never.
 */
export interface Pool<T extends Warm> {
  /** Borrows the process of this place, starting it when there is none; give it back with `release`. */
  acquire(place: WarmPlace, start: () => Promise<T | Failure>): Promise<T | Failure>;
  release(one: T): void;
  /** Takes it out; it ends as soon as no call uses it. For a process that did not obey. */
  retire(one: T): void;
  /** The request is over: what was kept for it ends, or does so with the last call that uses it. */
  leave(request: string): void;
  close(): Promise<void>;
}

/** What a process is kept for. */
export interface WarmPlace {
  /** Of `requestOf`: no other may ever use it. */
  readonly request: string;
  /** What it runs, and all that it may reach. */
  readonly key: string;
}

/**
 * The request a step belongs to. Steps are `RUN.N` and `RUN.N.M`, a delegated run is `RUN_N`: all of
 * one request share its warm processes, or a hundred sub-agents would start a hundred.
 */
export function requestOf(step: string): string {
  return /^[^._]+/u.exec(step)?.[0] ?? step;
}

/** A process that can serve several calls. */
export interface Warm {
  readonly link: Link;
}

interface Place<T> {
  readonly request: string;
  readonly key: string;
  readonly started: Promise<T | Failure>;
  one: T | null;
  users: number;
  lastUsed: number;
  retired: boolean;
}

/** A pool of at most `max` processes; when all are busy, one more is started and not kept. */
export function warmPool<T extends Warm>(
  clock: Clock,
  max: number = LIMITS.warmProcesses,
): Pool<T> {
  return new WarmPool(clock, max);
}

class WarmPool<T extends Warm> implements Pool<T> {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #byKey = new Map<string, Place<T>>();
  readonly #byProcess = new Map<T, Place<T>>();
  readonly #stopping = new Set<Promise<void>>();
  #waiting: AbortController[] = [];
  #freedAt = 0;

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  async acquire(wanted: WarmPlace, start: () => Promise<T | Failure>): Promise<T | Failure> {
    this.#reap();
    const { request } = wanted;
    const key = JSON.stringify([request, wanted.key]);
    if (!this.#find(key)) await this.#room(request, key);
    const place = this.#find(key) ?? this.#add(request, key, start);
    place.users += 1;
    const one = await place.started;
    if (isFailure(one)) {
      place.users -= 1;
      this.#remove(place);
      return one;
    }
    place.one = one;
    this.#byProcess.set(one, place);
    return one;
  }

  release(one: T): void {
    const place = this.#byProcess.get(one);
    if (!place) return;
    place.users -= 1;
    place.lastUsed = this.#clock.elapsed();
    if (place.users === 0 && place.retired) this.#stop(place);
  }

  retire(one: T): void {
    const place = this.#byProcess.get(one);
    if (!place) return;
    this.#remove(place);
  }

  leave(request: string): void {
    for (const place of [...this.#byKey.values()]) {
      if (place.request === request) this.#remove(place);
    }
  }

  async close(): Promise<void> {
    for (const place of [...this.#byKey.values(), ...this.#byProcess.values()]) this.#stop(place);
    await Promise.all(this.#stopping);
  }

  #find(key: string): Place<T> | undefined {
    const place = this.#byKey.get(key);
    if (!place?.one?.link.broken) return place;
    this.#remove(place);
    return undefined;
  }

  /**
   * Waits a while for a place where all are taken by runs that are at work. To take one from a run
   * between two of its calls would start a process for every call of everybody.
   */
  async #room(request: string, key: string): Promise<void> {
    const start = this.#clock.elapsed();
    while (this.#byKey.size >= this.#max && !this.#evict(request, LIMITS.warmGraceMs)) {
      const waited = this.#clock.elapsed() - Math.max(start, this.#freedAt);
      if (this.#byKey.has(key) || waited >= LIMITS.warmWaitMs) return;
      const woken = new AbortController();
      this.#waiting.push(woken);
      await this.#clock.sleep(LIMITS.warmGraceMs, woken.signal);
      this.#waiting = this.#waiting.filter((one) => one !== woken);
    }
  }

  /** Lets the one that waits longest look again. */
  #wake(): void {
    this.#freedAt = this.#clock.elapsed();
    this.#waiting.shift()?.abort();
  }

  #add(request: string, key: string, start: () => Promise<T | Failure>): Place<T> {
    const kept = this.#byKey.size < this.#max || this.#evict(request, 0);
    const place: Place<T> = {
      request,
      key,
      started: start(),
      one: null,
      users: 0,
      lastUsed: this.#clock.elapsed(),
      retired: !kept,
    };
    if (kept) this.#byKey.set(key, place);
    return place;
  }

  /** Ends what was idle longest: of the same request, or for so many milliseconds; false for none. */
  #evict(request: string, ms: number): boolean {
    const before = this.#clock.elapsed() - ms;
    const idle = [...this.#byKey.values()].filter(
      (place) => place.users === 0 && (place.request === request || place.lastUsed <= before),
    );
    const oldest = idle.toSorted((a, b) => a.lastUsed - b.lastUsed)[0];
    if (oldest) this.#stop(oldest);
    return oldest !== undefined;
  }

  #reap(): void {
    const before = this.#clock.elapsed() - LIMITS.warmIdleMs;
    for (const place of this.#byKey.values()) {
      if (place.users === 0 && place.lastUsed < before) this.#stop(place);
    }
  }

  /** No new calls; the process ends with its last one. */
  #remove(place: Place<T>): void {
    place.retired = true;
    if (this.#byKey.get(place.key) === place) this.#byKey.delete(place.key);
    if (place.users === 0) this.#stop(place);
  }

  #stop(place: Place<T>): void {
    place.retired = true;
    if (this.#byKey.get(place.key) === place) this.#byKey.delete(place.key);
    this.#wake();
    const { one } = place;
    if (!one) this.#track(this.#stopWhenStarted(place));
    else if (this.#byProcess.delete(one)) this.#track(one.link.stop());
  }

  /** The process may still be starting when the pool closes. */
  async #stopWhenStarted(place: Place<T>): Promise<void> {
    const one = await place.started;
    if (!isFailure(one)) await one.link.stop();
  }

  #track(stopping: Promise<void>): void {
    const done = stopping.catch(() => undefined).finally(() => this.#stopping.delete(done));
    this.#stopping.add(done);
  }
}
