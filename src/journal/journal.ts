import type { Draft, Event, EventBody } from "../contracts/event.ts";
import type { Recorded } from "../contracts/drive.ts";

/**
 * The journal: what happened, append-only, one hash chain per run and one for the home.
 *
 * Contract:
 * - When `append` resolves, the events and their bodies are on disk (fsynced), in the order given,
 *   with nothing between them on their chain. Appends made in the same turn of the event loop,
 *   also by different runs, share one commit.
 * - `append` throws `Superseded` when the run's lease is held by another process, and
 *   `NanosError journal.full | journal.read_only | journal.disk` when it cannot write; nothing of
 *   that append is then on disk.
 * - Nothing is ever updated or deleted; the database itself refuses it. Only `erase` removes a
 *   body, in the same transaction as the `body.erased` event that says so.
 * - It does not know what events mean.
 */
export interface Journal {
  append(drafts: readonly Draft[]): Promise<readonly Event[]>;
  /** Events of one chain, oldest first, with bodies. */
  chain(run: string, fromSeq?: number): Iterable<Recorded>;
  /** Events of all chains in the order of `seq`, after `seq`. Without bodies unless asked. */
  since(seq: number): Iterable<Recorded>;
  /** The chain's newest event, or null. */
  head(run: string): Event | null;
  /** Highest `seq`, 0 when empty. */
  size(): number;
  /** Body of an event; null when erased. Throws `NanosError journal.tampered` when it does not match. */
  body(event: Event): EventBody | null;
  erase(hash: string, why: string): Promise<void>;
  /** Recomputes every hash, link, sequence and body digest; names the first bad entry. */
  verify(run?: string): Verified;
  /**
   * Takes the run for this process, raising its epoch, so that a former holder's appends fail.
   * Null when another live process holds it.
   */
  lease(run: string): Lease | null;
  /** Calls back when any process sharing this home said `wake(topic)`. No polling. */
  onWake(listener: (topic: string) => void): () => void;
  wake(topic: string): void;
  /** An incremental view in a file of its own, rebuilt when missing, damaged or of another version. */
  view<T>(view: ViewSpec, read: (db: ViewReader) => T): T;
  close(): void;
}

export interface Lease {
  readonly run: string;
  readonly epoch: number;
  release(): void;
}

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
  /** `CREATE TABLE …` statements. */
  readonly tables: string;
  apply(db: ViewWriter, recorded: Recorded): void;
}
export type SqlValue = null | number | string;
export interface ViewReader {
  all(sql: string, ...values: readonly SqlValue[]): readonly Record<string, SqlValue>[];
}
export interface ViewWriter extends ViewReader {
  run(sql: string, ...values: readonly SqlValue[]): void;
}
