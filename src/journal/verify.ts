import { messageOf } from "../std/error.ts";
import { isObject } from "../std/json.ts";
import { GENESIS, HOME_CHAIN } from "../contracts/chain.ts";
import type { Chain } from "./chains.ts";
import { hex } from "./row/entry.ts";
import type { Verified } from "./journal.ts";
import type { Reader, Row, Source } from "./reader.ts";
import { schemaFault } from "./schema.ts";

/**
 * Recomputes what the journal says of itself: every hash, link, number and body, the tables and
 * triggers, and the structure of the file.
 *
 * It finds every change made without redoing all hashes that follow, and an end cut off without
 * changing `chains.head` too. It cannot find what leaves a whole and older truth behind: an end cut
 * off together with its heads, the file replaced by an earlier copy of itself, or everything from
 * some entry on written anew. Only a head kept elsewhere shows these.
 */
export function verifyJournal(source: Source, reader: Reader, run: string | null): Verified {
  const check = new Check(source, reader);
  try {
    // Nothing that was remembered may stand in for what the file says now.
    source.chains.forget();
    source.forms.forget();
    source.chains.catchUp();
    return run === null ? check.all() : check.one(run);
  } catch (error) {
    const after = check.events === 0 ? "at its start" : `after event ${check.last}`;
    return damaged(`The file journal.db cannot be read ${after}: ${messageOf(error)}.`);
  }
}

interface Last {
  readonly seq: number;
  readonly hash: string;
}

class Check {
  events = 0;
  last = 0;
  #erased = 0;
  readonly #source: Source;
  readonly #reader: Reader;
  /** Newest event seen of each chain. */
  readonly #ends = new Map<number, Last>();

  /** Which entry says that an event's body was erased. */
  readonly #said = new Map<number, number>();

  constructor(source: Source, reader: Reader) {
    this.#source = source;
    this.#reader = reader;
  }

  all(): Verified {
    this.#readErased();
    for (const row of this.#reader.rows(0)) {
      const gap = row.seq === this.last + 1 ? null : `event ${this.last + 1} is missing before it`;
      const why = gap ?? this.#fault(row);
      if (why !== null) return this.#bad(row, why);
    }
    return this.#cut() ?? this.#file() ?? this.#good(this.#ends.size);
  }

  one(run: string): Verified {
    const { chains } = this.#source;
    const chain = chains.find(run);
    if (!chain) return this.#good(0);
    this.#readErased();
    for (const row of this.#reader.rowsOf(chain, 0)) {
      const why = row.chain === chain.id ? this.#fault(row) : `it is not of run ${run}`;
      if (why !== null) return this.#bad(row, why);
    }
    return this.#cutOff(chain) ?? this.#good(this.#ends.size);
  }

  #readErased(): void {
    const rows = this.#source.db.prepare("SELECT seq, by FROM erased").all();
    for (const row of rows) this.#said.set(Number(row["seq"]), Number(row["by"]));
  }

  /** What is wrong with one row and its place, or null; remembers it as the end of its chain. */
  #fault(row: Row): string | null {
    const end = this.#ends.get(row.chain);
    const hash = hex(row.hash);
    if (row.back !== (end?.seq ?? 0)) return "its link does not lead to the entry before it";
    if (end && row.prev && hex(row.prev) !== end.hash) return "its link is not that entry's hash";
    const why =
      this.#reader.fault(row) ?? (end ? null : this.#originFault(row)) ?? this.#erasureFault(row);
    if (why !== null) return why;
    this.#ends.set(row.chain, { seq: row.seq, hash });
    this.last = row.seq;
    this.events += 1;
    if (row.salt === null) this.#erased += 1;
    return null;
  }

  /** The first entry of a chain starts anew or continues the entry that its body names. */
  #originFault(row: Row): string | null {
    const prev = hex(row.prev);
    const parent = parentOf(this.#body(row));
    if (parent === null) {
      if (prev === GENESIS || row.salt === null) return null;
      return "it continues an entry that its body does not name";
    }
    if (parent.hash !== prev) return "it does not continue the entry that its body names";
    const chain = this.#source.chains.find(parent.run);
    const seqs = chain ? this.#reader.seqsOf(chain, 0) : [];
    const found = seqs.findLast((seq) => seq < row.seq && this.#hashOf(seq) === prev);
    return found === undefined ? `it continues an entry that ${parent.run} does not have` : null;
  }

  /** A body is gone exactly when an entry of the home chain says so. */
  #erasureFault(row: Row): string | null {
    const by = this.#said.get(row.seq);
    if (by === undefined) return null;
    if (row.salt !== null) return "its body is said to be erased and is still there";
    const entry = this.#reader.row(by);
    const event = entry && this.#reader.event(entry);
    const body = entry ? this.#body(entry) : null;
    const says =
      event?.run === HOME_CHAIN &&
      event.kind === "body.erased" &&
      isObject(body) &&
      body["hash"] === hex(row.hash);
    return says ? null : `its body is missing and event ${by} does not say it was erased`;
  }

  #body(row: Row): unknown {
    const text = this.#reader.text(row);
    try {
      return text === null ? null : JSON.parse(text);
    } catch {
      return null;
    }
  }

  #hashOf(seq: number): string {
    return hex(this.#reader.row(seq)?.hash);
  }

  /** An entry that a chain's row knows of and that is not there any more. */
  #cut(): Verified | null {
    const { db, chains } = this.#source;
    for (const { id } of db.prepare("SELECT id FROM chains ORDER BY head").all()) {
      const chain = chains.byId(Number(id));
      const bad = chain && this.#cutOff(chain);
      if (bad) return bad;
    }
    const moved = db.prepare(MOVED_HEAD).get();
    if (moved) {
      const run = chains.byId(Number(moved["id"]))?.run ?? null;
      return damaged(`The head kept of ${run ?? "a chain"} is not its newest event.`, null, run);
    }
    const upto = Number(db.prepare("SELECT max(upto) AS upto FROM mark").get()?.["upto"]);
    if (upto <= this.last) return null;
    return damaged(`Event ${this.last + 1} is missing: there were ${upto}.`, this.last + 1);
  }

  #cutOff({ id, run, stored }: Chain): Verified | null {
    const end = this.#ends.get(id)?.seq ?? 0;
    if (end >= stored) return null;
    return damaged(`Event ${stored} of ${run} is missing: its chain ends at ${end}.`, stored, run);
  }

  #file(): Verified | null {
    const { db } = this.#source;
    const fault = schemaFault(db);
    if (fault !== null) return damaged(`${fault}.`);
    const found = db.prepare("PRAGMA integrity_check(1)").get();
    const says = String(found?.["integrity_check"]);
    return says === "ok" ? null : damaged(`The file journal.db is damaged: ${says}.`);
  }

  #good(chains: number): Verified {
    return { ok: true, events: this.events, chains, erased: this.#erased };
  }

  #bad(row: Row, what: string): Verified {
    const run = this.#source.chains.byId(row.chain)?.run ?? null;
    const why = `Event ${row.seq} of ${run ?? "an unknown run"} is bad: ${what}.`;
    return { ok: false, seq: row.seq, run, hash: hex(row.hash), why };
  }
}

/** Heads are exact up to the mark: what lies after it has not been written to them yet. */
const MOVED_HEAD = `
  SELECT c.id FROM chains c LEFT JOIN (
    SELECT chain, max(seq) AS head FROM events
    WHERE seq <= (SELECT max(upto) FROM mark) GROUP BY chain
  ) e ON e.chain = c.id WHERE c.head <> ifnull(e.head, 0)`;

function damaged(why: string, seq: number | null = null, run: string | null = null): Verified {
  return { ok: false, seq, run, hash: null, why };
}

function parentOf(body: unknown): { readonly run: string; readonly hash: string } | null {
  if (!isObject(body) || body["kind"] !== "run.started") return null;
  const from = body["parent"] ?? body["fork"];
  if (!isObject(from)) return null;
  const { run, hash } = from;
  return typeof run === "string" && typeof hash === "string" ? { run, hash } : null;
}
