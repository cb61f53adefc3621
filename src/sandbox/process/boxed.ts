import type { Held, Tier } from "../../contracts/isolation.ts";
import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { THREADS_EACH } from "../user.ts";
import type { Child, Exit } from "./child.ts";
import type { Box, Boxed, Ended, Mapped, ProcessSpec } from "../sandbox.ts";
import type { StageHandle } from "../stage/handle.ts";
import type { Census, Member } from "./watch.ts";
import { chainOf, memberAt, membersOf, treeSize } from "./watch.ts";

/** What it takes to watch over a started process until nothing of it is left. */
export interface Watched {
  readonly child: Child;
  readonly tier: Tier;
  readonly net: Held["net"];
  readonly limits: Box["limits"];
  /** Whether what runs may start processes. */
  readonly fork: boolean;
  readonly census: Census;
  readonly stage: StageHandle | null;
  /** What it keeps, and how much that may be. */
  readonly keeps: ProcessSpec["keeps"];
  readonly mapping: readonly Mapped[];
  readonly cwd: string;
  readonly clock: Clock;
  /** Ends what is no relative of the child; awaited when it did not end by itself. */
  readonly remove?: () => Promise<void>;
  /** Called once, when nothing of it is left. */
  readonly onGone: () => void;
}

type Stop = Extract<Ended, { kind: "stopped" }>["by"];

/** How often a busy process is looked at, and how seldom one that rests. Milliseconds. */
const WATCH_MS = 50;
const WATCH_RESTING_MS = 1_000;
/** How long what was killed may take to be gone before it is killed again. */
const GONE_STEP_MS = 5;
const GONE_MS = 5_000;
const STDERR_KEPT = 64 * 1024;

/** Turns a started child into a `Boxed`: limits, streams, and an end that leaves nothing behind. */
export function watchOver(watched: Watched): Boxed {
  const { child, limits, stage } = watched;
  const guard = new Guard(watched);
  const stdout = new Stream();
  const stderr = new Tail(STDERR_KEPT);
  const streams = Promise.all([
    pump(child.stdout, (bytes) => (guard.count(bytes.length) ? stdout.push(bytes) : undefined)),
    pump(child.stderr, (bytes) => (guard.count(bytes.length) ? stderr.push(bytes) : undefined)),
  ]).finally(() => stdout.end());
  const ended = end(watched, guard, streams);
  guard.renew(limits.ms);
  guard.watch();
  return {
    pid: child.pid,
    tier: watched.tier,
    held: heldOf(watched),
    mapping: watched.mapping,
    cwd: watched.cwd,
    write: (data) => {
      guard.wake();
      return child.write(data);
    },
    endInput: () => child.endInput(),
    stdout,
    renew: (ms) => guard.renew(ms),
    stderr: () => stderr.text(),
    ended,
    stop: () => {
      guard.stop("cancelled");
      return ended;
    },
    changes: async () => (await ended, stage?.changes() ?? []),
    commit: async (undo) => (await ended, stage?.commit(undo) ?? null),
    discard: async () => (await ended, stage?.discard()),
  };
}

/** Without a box there is only what is watched from outside, where that can be seen. */
function heldOf({ tier, net, limits }: Watched): Held {
  if (tier !== "none") return { limits: { ...limits }, net };
  const seen = process.platform === "linux";
  const { memoryBytes, processes } = limits;
  const watched = seen ? { memoryBytes, processes } : { memoryBytes: null, processes: null };
  return { limits: { ...limits, ...watched, cpuSeconds: null }, net: "open" };
}

/** Ended means gone: the child collected, its relatives dead, its pipes at their end. */
async function end(watched: Watched, guard: Guard, streams: Promise<unknown>): Promise<Ended> {
  const begun = watched.clock.elapsed();
  const exit = await watched.child.exit;
  guard.rest();
  await guard.clear();
  if (guard.stopped !== null || exit.signal !== null) await watched.remove?.();
  // A relative that is dead holds no pipe open; the wait is for what is still in them.
  const enough = new AbortController();
  await Promise.race([streams, watched.clock.sleep(GONE_MS, enough.signal)]);
  enough.abort();
  watched.onGone();
  if (guard.stopped !== null) return { kind: "stopped", by: guard.stopped };
  const ended = endOf(exit);
  return watched.tier === "container" ? endOfContainer(ended, watched, begun) : ended;
}

/**
 * What nobody of ours killed in a container, the kernel did: for its memory, or for its CPU time,
 * of which it cannot have used more than has passed.
 */
function endOfContainer(ended: Ended, { limits, clock }: Watched, begun: number): Ended {
  if (ended.kind !== "signalled" || ended.signal !== "SIGKILL") return ended;
  const spent = clock.elapsed() - begun >= limits.cpuSeconds * 1_000;
  return { kind: "stopped", by: spent ? "time" : "memory" };
}

/** bwrap, podman and shells tell of a signal as 128 and its number. */
function endOf(exit: Exit): Ended {
  const signal = exit.signal ?? SIGNALS[(exit.code ?? 0) - 128];
  if (signal === "SIGXCPU") return { kind: "stopped", by: "time" };
  if (signal === "SIGXFSZ") return { kind: "stopped", by: "stage" };
  if (signal !== undefined) return { kind: "signalled", signal };
  return { kind: "exited", code: exit.code ?? 0 };
}

const SIGNALS: Readonly<Record<number, string>> = {
  ...{ 1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT" },
  ...{ 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM" },
  ...{ 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS" },
};

/** Holds the limits of one process, from its start until nothing of it is left. */
class Guard {
  stopped: Stop | null = null;
  readonly #watched: Watched;
  /** Relatives seen alive, by pid: what must be gone in the end. */
  readonly #seen = new Map<number, Member>();
  #output = 0;
  #wall: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #pause = WATCH_MS;
  #lastTicks = -1;
  #over = false;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** False when the output is over its limit, which ends the process. */
  count(bytes: number): boolean {
    this.#output += bytes;
    if (this.#output <= this.#watched.limits.outputBytes) return true;
    this.stop("output");
    return false;
  }

  renew(ms: number | null): void {
    clearTimeout(this.#wall);
    this.#output = 0;
    if (ms === null || this.#over) return;
    this.#wall = setTimeout(() => this.stop("time"), Math.min(ms, MAX_TIMER_MS));
    this.wake();
  }

  /** Something was asked of it: it is looked at often again. */
  wake(): void {
    if (this.#pause === WATCH_MS || this.#over) return;
    this.#pause = WATCH_MS;
    this.watch();
  }

  watch(): void {
    clearTimeout(this.#look);
    if (this.#over) return;
    this.#look = setTimeout(() => this.#check(), this.#pause);
    this.#look.unref();
  }

  stop(by: Stop): void {
    if (this.#over || this.stopped !== null) return;
    this.stopped = by;
    this.#kill();
  }

  rest(): void {
    this.#over = true;
    clearTimeout(this.#wall);
    clearTimeout(this.#look);
  }

  /**
   * Resolves when no relative is left, or after `GONE_MS` of killing. The leader is collected by
   * now: its number may be another's, so only its group and relatives that were seen are touched.
   */
  async clear(): Promise<void> {
    const { child, clock, census } = this.#watched;
    const start = clock.elapsed();
    for (;;) {
      const group = kill(-child.pid)
        ? census.all(true).filter((member) => member.group === child.pid)
        : [];
      const left = [...group, ...this.#seenAlive()];
      if (left.length === 0 || clock.elapsed() - start > GONE_MS) return;
      for (const { pid } of left) kill(pid);
      await clock.sleep(GONE_STEP_MS);
    }
  }

  #check(): void {
    const { clock, limits, stage, keeps } = this.#watched;
    const start = clock.elapsed();
    const members = this.#relatives(false);
    let bytes = 0;
    let ticks = 0;
    let threads = 0;
    for (const member of members) {
      bytes += member.residentBytes;
      ticks += member.cpuTicks;
      threads += member.threads;
    }
    if (bytes > limits.memoryBytes) return this.stop("memory");
    if (members.length > limits.processes) return this.stop("processes");
    if (threads > limits.processes * THREADS_EACH) return this.stop("processes");
    // Of a container only podman's client is seen here, which rests.
    const busy = ticks !== this.#lastTicks || this.#watched.tier === "container";
    this.#lastTicks = ticks;
    const staged = { bytes: limits.stageBytes, files: LIMITS.stageFiles };
    if (busy && stage && overfull(stage.folder, staged)) return this.stop("stage");
    if (busy && keeps && overfull(keeps.folder, keeps)) return this.stop("keeps");
    // Watching takes a twentieth of a core, and nearly nothing of one that rests; more of a core
    // rather than looking at one that writes thousands of files less than every second.
    const cost = clock.elapsed() - start;
    const pause = busy ? WATCH_MS : Math.min(this.#pause * 2, WATCH_RESTING_MS);
    this.#pause = Math.max(pause, Math.min(cost * 20, WATCH_RESTING_MS));
    this.watch();
  }

  /** Living members of the box, as far as they can be found now. */
  #relatives(fresh: boolean): Member[] {
    const { child, fork, census } = this.#watched;
    const found = fork ? membersOf(child.pid, census.all(fresh)) : chainOf(child.pid);
    for (const member of found) this.#seen.set(member.pid, member);
    // One whose parent died is no descendant any more, but it was seen.
    return this.#seen.size === found.length ? found : this.#seenAlive();
  }

  #seenAlive(): Member[] {
    return [...this.#seen].flatMap(([pid, seen]) => {
      const now = memberAt(pid);
      if (now?.startTicks === seen.startTicks) return [now];
      this.#seen.delete(pid);
      return [];
    });
  }

  #kill(): void {
    // Relatives are noted before their parents die, as afterwards they cannot be told.
    const left = this.#relatives(true);
    // All of the group at once: one that is being forked right now does not get away.
    kill(-this.#watched.child.pid);
    for (const { pid } of left) kill(pid);
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1;

function overfull(
  folder: string,
  limit: { readonly bytes: number; readonly files: number },
): boolean {
  const size = treeSize(folder, limit);
  return size.bytes > limit.bytes || size.files > limit.files;
}

/** False when there was nothing to kill any more. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

async function pump(
  from: AsyncIterable<Uint8Array>,
  to: (bytes: Uint8Array) => void,
): Promise<void> {
  try {
    for await (const bytes of from) to(bytes);
  } catch {
    // A pipe that breaks has ended; why the process did is told by how it exited.
  }
}

/** Bytes in order, for one reader, held until read: how many there can be is the output limit. */
class Stream implements AsyncIterable<Uint8Array> {
  readonly #waiting: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const bytes = this.#waiting.shift();
      if (bytes !== undefined) yield bytes;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** The last bytes of a stream. */
class Tail {
  readonly #limit: number;
  #kept: Uint8Array[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Uint8Array): void {
    this.#kept.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes - (this.#kept[0]?.length ?? 0) >= this.#limit) {
      this.#bytes -= this.#kept.shift()?.length ?? 0;
    }
  }

  text(): string {
    return Buffer.concat(this.#kept).subarray(-this.#limit).toString("utf8");
  }
}
