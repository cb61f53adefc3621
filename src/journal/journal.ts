import type { Draft, Event, EventBody } from "../contracts/event.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { Hash } from "./log/tree.ts";

/**
 * The journal: what happened, append-only, one hash chain per run and one for the home.
 *
 * Contract:
 * - When `append` resolves, the events and their bodies are on disk (fsynced), in the order given,
 *   with nothing between them on their chain. Appends made in the same turn of the event loop,
 *   also by different runs, share one commit.
 * - `append` throws `Superseded` when the run's lease is held by another process, and
 *   `NanosError journal.full | journal.read_only | journal.disk | journal.busy |
 *   journal.body_too_large | journal.append_too_large` when it cannot write; nothing of that append
 *   is then on disk, and the next one may succeed. Of the appends of one turn that touch the same
 *   chain, those after a failed one fail too.
 * - Nothing is ever updated or deleted; the database itself refuses it. Only `erase` removes a
 *   body, in the same transaction as the `body.erased` event that says so.
 * - The time of an event is the draft's own, or the clock's but never before the chain's newest.
 * - Reading sees what is on disk, also what other processes wrote, and never what still waits.
 * - It does not know what events mean.
 */
export interface Journal {
  append(drafts: readonly Draft[]): Promise<readonly Event[]>;
  /**
   * Events of one chain, oldest first, with bodies, each checked against its hash and digest.
   * Throws `NanosError journal.tampered` at the first that does not match.
   */
  chain(run: string, fromSeq?: number): Iterable<Recorded>;
  /** Events of all chains in the order of `seq`, after `seq`. Unchecked; bodies only when asked. */
  since(seq: number, options?: { readonly bodies?: boolean }): Iterable<Recorded>;
  /** The chain's newest event, or null. */
  head(run: string): Event | null;
  /** Highest `seq`, 0 when empty. */
  size(): number;
  /** Milliseconds it took until what this process appended last was on disk; 0 before. */
  lag(): number;
  /** Body of an event; null when erased. Throws `NanosError journal.tampered` when it does not match. */
  body(event: Event): EventBody | null;
  /** The same as its canonical JSON with its salt: what shows others that it is what was recorded. */
  disclose(event: Event): { readonly salt: string; readonly text: string } | null;
  /**
   * Removes the body of the event with this hash, from views too, and says so on the home chain. What
   * SQLite's log still holds of it goes at once, or, while another process reads, with the next
   * write-back. Erasing it again does nothing but finish what a failed clean-up left. Throws `NanosError journal.no_such_event`, and
   * `journal.not_erasable` for an event that itself says something was erased.
   */
  erase(hash: string, why: string): Promise<void>;
  /** Recomputes every hash, link, sequence and body digest; names the first bad entry. */
  verify(run?: string): Verified;
  /**
   * Takes the run for this process, raising its epoch, so that a former holder's appends fail.
   * Null when it is held: by this process already or, unless it is to be taken from one that hangs,
   * by another live one.
   */
  lease(run: string, from?: "nobody" | "hanging"): Lease | null;
  /** True while a live process holds the run's lease. */
  carried(run: string): boolean;
  /**
   * Calls back once, when nobody carries the run any more: who did let go or ended (`free`), or
   * it is another process that lives and answers nothing for `LIMITS.leaseMs` (`hanging`). Stands on a connection to that
   * process; nothing is polled. Ends the watch when the function it returns is called.
   */
  whenLeft(run: string, left: (how: "free" | "hanging") => void): () => void;
  /** Calls back when any process sharing this home, this one included, said `wake(topic)`. No polling. */
  onWake(listener: (topic: string) => void): () => void;
  /**
   * Tells every listening process. Resolves when each has it or is found gone, within a second; a
   * process that ends before may not have told all. Never rejects for what others do.
   */
  wake(topic: string): Promise<void>;
  /**
   * Calls back after this process or another one wrote to the journal; also for nothing, now and
   * then. The system tells; nothing is polled.
   */
  onWritten(listener: () => void): () => void;
  /**
   * An incremental view in a file of its own, rebuilt when missing, damaged, of another version, or
   * when a body was erased. `read` sees one snapshot and does not read another view inside.
   */
  view<T>(view: ViewSpec, read: (db: ViewReader) => T): T;
  /** All events as one Merkle log, in the order of `seq`. */
  readonly log: Log;
  /** Commits what waits, gives back leases and closes. */
  close(): void;
}

/**
 * The Merkle tree of RFC 6962 over all events: entry `i` is the hash of the event with `seq` i + 1.
 * Sizes are at most the journal's; hashes are 32 bytes.
 */
export interface Log {
  /** One hash for the first `size` events. Reads on from what a view remembers. */
  root(size: number): Hash;
  /** Proof that the event is among the first `size`. */
  inclusion(seq: number, size: number): readonly Hash[];
  /** Proof that the log at `size` continues the log at `old`. */
  consistency(old: number, size: number): readonly Hash[];
  /** The roots at these sizes by size, recomputed from the events alone: for verifying. */
  roots(sizes: readonly number[]): ReadonlyMap<number, Hash>;
}

/** The right to carry one run, until it is released or the process ends. */
export interface Lease {
  readonly run: string;
  readonly epoch: number;
  release(): void;
}

/** What `verify` found. */
export type Verified =
  | { readonly ok: true; readonly events: number; readonly chains: number; readonly erased: number }
  | {
      readonly ok: false;
      /** Sequence number of the first bad entry; null when the file itself is damaged. */
      readonly seq: number | null;
      readonly run: string | null;
      readonly hash: string | null;
      /** What is wrong with it, one sentence. */
      readonly why: string;
    };

/** A view: tables and how an event changes them. The journal runs it; the caller knows meanings. */
export interface ViewSpec {
  readonly name: string;
  /** Changing it rebuilds the view. */
  readonly version: number;
  /** Kinds of events it looks at; all where nothing is said. */
  readonly kinds?: readonly string[];
  /** False: it is given no bodies, and none is read for it. */
  readonly bodies?: false;
  /** `CREATE TABLE …` statements. */
  readonly tables: string;
  apply(db: ViewWriter, recorded: Recorded): void;
}
/** What a view's columns hold. */
export type SqlValue = null | number | string;
/** Asks a view's tables. */
export interface ViewReader {
  all(sql: string, ...values: readonly SqlValue[]): readonly Record<string, SqlValue>[];
}
/** Changes a view's tables; only while an event is applied. */
export interface ViewWriter extends ViewReader {
  run(sql: string, ...values: readonly SqlValue[]): void;
}
