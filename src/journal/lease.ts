import { DatabaseSync, type StatementSync } from "node:sqlite";
import * as fs from "node:fs";
import { join } from "node:path";
import { assert } from "../std/error.ts";
import { HOME_CHAIN } from "../contracts/chain.ts";
import { namesIn } from "./bodies.ts";
import type { Chains } from "./chains.ts";
import { inPassing, privateDir, privateFile } from "./database.ts";
import type { Lease } from "./journal.ts";

interface Holder {
  readonly owner: string | null;
  readonly epoch: number;
}

/**
 * Who carries which run. A process that holds leases keeps a file under wake/ locked for as long as
 * it lives; the kernel lets go of it however the process ends, so the dead are told from the
 * living at once and without looking at a clock. A process that merely hangs keeps its runs until
 * somebody who noticed takes them from it.
 */
export class Leases {
  readonly #db: DatabaseSync;
  readonly #chains: Chains;
  /** Folder of the locked files; null in memory, where there is no other process. */
  readonly #dir: string | null;
  readonly #me: string;
  #lock: DatabaseSync | null = null;
  readonly #held = new Map<string, number>();
  /** Told once this process lets go of a run. */
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #holders = new Map<string, Holder>();
  readonly #find: StatementSync;
  readonly #set: StatementSync;

  constructor(db: DatabaseSync, chains: Chains, dir: string | null, me: string) {
    this.#db = db;
    this.#chains = chains;
    this.#dir = dir;
    this.#me = me;
    this.#find = db.prepare("SELECT owner, epoch FROM chains WHERE run = ?");
    this.#set = db.prepare("UPDATE chains SET owner = ?, epoch = ? WHERE run = ?");
  }

  take(run: string, isHanging = false): Lease | null {
    assert(run !== HOME_CHAIN, "the home chain has no lease");
    if (this.#held.has(run)) return null;
    this.#lock ??= this.#dir === null ? null : lockOwn(this.#dir, this.#me);
    const epoch = inPassing(this.#db, this.#chains, () => {
      const { owner, epoch: last } = this.#load(run);
      if (owner !== null && !isHanging && this.#isAlive(owner)) return null;
      this.#chains.ensure(run);
      this.#set.run(this.#me, last + 1, run);
      return last + 1;
    });
    if (epoch === null) return null;
    this.#held.set(run, epoch);
    this.#holders.clear();
    return { run, epoch, release: () => this.#release(run, epoch) };
  }

  /** Calls back once this process has let go of a run it holds; null where it holds it not. */
  whenReleased(run: string, released: () => void): (() => void) | null {
    if (!this.#held.has(run)) return null;
    const own = (): void => released();
    const all = this.#waiting.get(run) ?? new Set();
    this.#waiting.set(run, all.add(own));
    return () => void all.delete(own);
  }

  carried(run: string): boolean {
    return this.#held.has(run) || this.holder(run) !== null;
  }

  /** The other live process that holds the run, by the name of its files under wake/; or null. */
  holder(run: string): string | null {
    const { owner } = this.#load(run);
    return owner !== null && this.#isAlive(owner) ? owner : null;
  }

  /** True when this process may append to the run. Inside the append's transaction. */
  mayAppend(run: string): boolean {
    if (run === HOME_CHAIN) return true;
    let holder = this.#holders.get(run);
    if (!holder) {
      holder = this.#load(run);
      if (this.#holders.size >= KEPT) this.#holders.clear();
      this.#holders.set(run, holder);
    }
    const held = this.#held.get(run);
    if (held !== undefined) return holder.owner === this.#me && holder.epoch === held;
    return holder.owner === null || holder.owner === this.#me;
  }

  /** After another process changed the file. */
  forget(): void {
    this.#holders.clear();
  }

  close(): void {
    this.#waiting.clear();
    for (const [run, epoch] of this.#held) this.#release(run, epoch);
    if (this.#dir !== null && this.#lock) fs.rmSync(lockFile(this.#dir, this.#me), { force: true });
    this.#lock?.close();
    this.#lock = null;
  }

  #release(run: string, epoch: number): void {
    if (this.#held.get(run) !== epoch) return;
    this.#held.delete(run);
    this.#holders.clear();
    try {
      inPassing(this.#db, this.#chains, () => {
        const holder = this.#load(run);
        // Taken over in the meantime: it is not ours to give back.
        if (holder.owner === this.#me) this.#set.run(null, holder.epoch, run);
      });
    } catch {
      // The disk would not have it. The run is free once this journal closes or the process ends.
    }
    const all = this.#waiting.get(run) ?? [];
    this.#waiting.delete(run);
    for (const released of all) queueMicrotask(released);
  }

  #load(run: string): Holder {
    const row = this.#find.get(run);
    if (!row) return { owner: null, epoch: 0 };
    const owner = row["owner"];
    return { owner: typeof owner === "string" ? owner : null, epoch: Number(row["epoch"]) };
  }

  #isAlive(owner: string): boolean {
    // Ours and not held any more: a release that could not be written.
    if (owner === this.#me) return false;
    return this.#dir !== null && isLocked(lockFile(this.#dir, owner));
  }
}

/** Holders kept in memory. */
const KEPT = 4096;

function lockFile(dir: string, owner: string): string {
  return join(dir, `${owner}.lock`);
}

/** Locked under another name first, so that nobody ever finds the file unlocked and calls it dead. */
function lockOwn(dir: string, owner: string): DatabaseSync {
  privateDir(dir);
  for (const name of namesIn(dir)) {
    if (name.endsWith(".lock")) isLocked(join(dir, name));
  }
  const fresh = join(dir, `${owner}.new`);
  privateFile(fresh);
  const lock = new DatabaseSync(fresh);
  // A transaction that is never ended and writes nothing, so that it needs no file beside it.
  lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  fs.renameSync(fresh, lockFile(dir, owner));
  return lock;
}

/** True when a living process holds the file; a dead one's is removed. */
function isLocked(file: string): boolean {
  if (!fs.existsSync(file)) return false;
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // A shared look: two processes that ask at the same time do not take each other for the owner.
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    fs.rmSync(file, { force: true });
    return false;
  } catch {
    // Whatever it was that failed, it must not take a run away from somebody.
    return true;
  } finally {
    db.close();
  }
}
