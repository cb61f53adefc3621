import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "../std/error.ts";
import { GENESIS } from "../contracts/chain.ts";
import { hex } from "./row/entry.ts";

/** One chain: a run, or the home. */
export interface Chain {
  readonly id: number;
  readonly run: string;
  /** The run's id as a JSON string. */
  readonly json: string;
  /** `head` as stored in its row: complete up to the mark. */
  readonly stored: number;
}

/** A chain's newest event. `seq` is 0 and `hash` GENESIS when it has none. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
  readonly at: number;
}

/**
 * The chains of one journal and where each of them ends. Kept in memory; what other processes
 * append is read on from the highest `seq` seen.
 */
export class Chains {
  /** Highest `seq` seen. */
  seen = 0;
  #upto = 0;
  /** False until the first `catchUp`, and after whatever made memory unsure. */
  isLoaded = false;
  readonly #byRun = new Map<string, Chain>();
  readonly #byId = new Map<number, Chain>();
  /** Newest events of the chains that grew since the mark. */
  readonly #heads = new Map<number, Head>();
  readonly #sql: Record<keyof typeof SQL, StatementSync>;

  constructor(db: DatabaseSync) {
    const prepare = (name: keyof typeof SQL): StatementSync => db.prepare(SQL[name]);
    this.#sql = {
      byRun: prepare("byRun"),
      byId: prepare("byId"),
      add: prepare("add"),
      mark: prepare("mark"),
      later: prepare("later"),
      event: prepare("event"),
      store: prepare("store"),
      storeMark: prepare("storeMark"),
    };
  }

  /** Reads what was appended since the last look, here or elsewhere. */
  catchUp(): void {
    if (this.#heads.size > KEPT) this.forget();
    if (!this.isLoaded) {
      // A row that was read before the mark may be older than it, and end before what it stands for.
      this.forget();
      this.#upto = Number(this.#sql.mark.get()?.["upto"] ?? 0);
      this.seen = this.#upto;
      this.isLoaded = true;
    }
    for (const row of this.#sql.later.all(this.seen)) {
      const seq = Number(row["seq"]);
      this.moved(Number(row["chain"]), { seq, hash: hex(row["hash"]), at: Number(row["at"]) });
    }
  }

  find(run: string): Chain | null {
    const known = this.#byRun.get(run);
    if (known) return known;
    const row = this.#sql.byRun.get(run);
    return row ? this.#keep(Number(row["id"]), run, Number(row["head"])) : null;
  }

  /** The run's chain, made if there is none. Inside a transaction. */
  ensure(run: string): Chain {
    const found = this.find(run);
    if (found) return found;
    const row = this.#sql.add.get(run);
    assert(row, "a new chain has a number");
    return this.#keep(Number(row["id"]), run, 0);
  }

  byId(id: number): Chain | null {
    const known = this.#byId.get(id);
    if (known) return known;
    const row = this.#sql.byId.get(id);
    return row ? this.#keep(id, String(row["run"]), Number(row["head"])) : null;
  }

  /** Where a chain ends, as of the last `catchUp`. */
  head(chain: Chain): Head {
    const known = this.#heads.get(chain.id);
    if (known) return known;
    const row = chain.stored === 0 ? undefined : this.#sql.event.get(chain.stored);
    if (!row) return EMPTY;
    return { seq: chain.stored, hash: hex(row["hash"]), at: Number(row["at"]) };
  }

  moved(id: number, head: Head): void {
    this.#heads.set(id, head);
    this.seen = head.seq;
  }

  /** How many events the rows of the chains do not know of. */
  unstored(): number {
    return this.seen - this.#upto;
  }

  /** Writes the heads into the rows of their chains. Inside a transaction. */
  store(): void {
    for (const [id, head] of this.#heads) this.#sql.store.run(head.seq, id, head.seq);
    this.#sql.storeMark.run(this.seen, this.seen);
  }

  /** After the commit of a `store`. */
  stored(): void {
    this.#upto = this.seen;
    // The rows say it all now; what they said before must not be believed any more.
    this.#heads.clear();
    this.#byRun.clear();
    this.#byId.clear();
  }

  /** After a rollback: nothing in memory is sure. */
  forget(): void {
    this.isLoaded = false;
    this.#heads.clear();
    this.#byRun.clear();
    this.#byId.clear();
  }

  #keep(id: number, run: string, stored: number): Chain {
    if (this.#byId.size >= KEPT) {
      this.#byRun.clear();
      this.#byId.clear();
    }
    const chain = { id, run, json: JSON.stringify(run), stored };
    this.#byRun.set(run, chain);
    this.#byId.set(id, chain);
    return chain;
  }
}

const EMPTY: Head = { seq: 0, hash: GENESIS, at: 0 };

/** Chains kept in memory. */
const KEPT = 4096;

const SQL = {
  byRun: "SELECT id, head FROM chains WHERE run = ?",
  byId: "SELECT run, head FROM chains WHERE id = ?",
  add: "INSERT INTO chains (run, head, epoch) VALUES (?, 0, 0) RETURNING id",
  mark: "SELECT upto FROM mark",
  later: "SELECT seq, chain, hash, at FROM events WHERE seq > ? ORDER BY seq",
  event: "SELECT hash, at FROM events WHERE seq = ?",
  store: "UPDATE chains SET head = ? WHERE id = ? AND head < ?",
  storeMark: "UPDATE mark SET upto = ? WHERE upto < ?",
} as const;
