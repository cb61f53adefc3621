import type { DatabaseSync, StatementSync } from "node:sqlite";
import { NanosError } from "../std/error.ts";
import { saltedDigest } from "../std/hash.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { Event, EventBody } from "../contracts/event.ts";
import type { BodyFiles } from "./bodies.ts";
import type { Chain, Chains } from "./chains.ts";
import { eventHash, eventOf, type Forms, hex, unpackStep } from "./row/entry.ts";
import { unpack } from "./row/pack.ts";

/** What reading needs. */
export interface Source {
  readonly db: DatabaseSync;
  readonly chains: Chains;
  readonly forms: Forms;
  /** Null in memory, where every body is in its row. */
  readonly bodies: BodyFiles | null;
}

/** One row of `events`, with the hash of the event before it on its chain. */
export interface Row {
  readonly seq: number;
  readonly chain: number;
  readonly back: number;
  readonly step: string | null;
  readonly at: number;
  readonly form: number;
  readonly digest: Uint8Array;
  readonly bytes: number;
  readonly hash: Uint8Array;
  readonly salt: Uint8Array | null;
  readonly text: string | null;
  readonly prev: Uint8Array | null;
}

/** Columns of a `Row`, from `events e`. */
const ROW = `e.seq, e.chain, e.back, e.step, e.at, e.form, e.digest, e.bytes, e.hash, e.salt,
  e.text, coalesce(e.prev, (SELECT p.hash FROM events p WHERE p.seq = e.back)) AS prev`;
/** The same as it is stored: `prev` of the first of its chain alone. */
const STORED = `e.seq, e.chain, e.back, e.step, e.at, e.form, e.digest, e.bytes, e.hash, e.salt,
  e.text, e.prev`;

/** Rows read at once. No cursor stays open between them, as that would hold up the log. */
const BATCH = 256;

/** Reads events back. Only `chain` and `body` check what they give; the rest is for views. */
export class Reader {
  readonly #source: Source;
  readonly #size: StatementSync;
  readonly #row: StatementSync;
  readonly #some: StatementSync;
  readonly #after: StatementSync;
  readonly #walk: StatementSync;
  readonly #erased: StatementSync;
  readonly #hashes: StatementSync;
  readonly #kinds: StatementSync;

  constructor(source: Source) {
    const { db } = source;
    this.#source = source;
    this.#size = db.prepare("SELECT max(seq) AS size FROM events");
    this.#row = db.prepare(`SELECT ${ROW} FROM events e WHERE e.seq = ?`);
    this.#some = db.prepare(
      `SELECT ${STORED} FROM events e WHERE e.seq IN (SELECT value FROM json_each(?)) ORDER BY e.seq`,
    );
    this.#after = db.prepare(
      `SELECT ${ROW} FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ${BATCH}`,
    );
    // A link that leads forward is damage; following it might never end.
    this.#walk = db.prepare(`
      WITH RECURSIVE walk (seq, back) AS (
        SELECT seq, back FROM events WHERE seq = :head AND seq >= :from
        UNION ALL
        SELECT e.seq, e.back FROM walk w JOIN events e ON e.seq = w.back
        WHERE w.back >= :from AND w.back < w.seq
      ) SELECT seq FROM walk ORDER BY seq`);
    this.#erased = db.prepare("SELECT by FROM erased WHERE seq = ?");
    this.#hashes = db.prepare("SELECT hash FROM events WHERE seq > ? AND seq <= ? ORDER BY seq");
    this.#kinds = db.prepare("SELECT form FROM events WHERE seq > ? AND seq <= ?");
  }

  size(): number {
    return Number(this.#size.get()?.["size"] ?? 0);
  }

  head(run: string): Event | null {
    const { chains } = this.#source;
    chains.catchUp();
    const chain = chains.find(run);
    const row = chain && this.row(chains.head(chain).seq);
    return row ? this.event(row) : null;
  }

  *chain(run: string, fromSeq = 0): Generator<Recorded> {
    const { chains } = this.#source;
    chains.catchUp();
    const chain = chains.find(run);
    if (!chain) return;
    for (const row of this.rowsOf(chain, fromSeq)) {
      const read = this.#read(row);
      if (typeof read === "string") throw tampered(row.seq, run, read);
      yield { event: read.event, body: bodyIn(read.text) };
    }
  }

  /** Rows of one chain, oldest first, as far as the links lead back. */
  *rowsOf(chain: Chain, fromSeq: number): Generator<Row> {
    const seqs = this.seqsOf(chain, fromSeq);
    let last: Row | null = null;
    for (let i = 0; i < seqs.length; i += BATCH) {
      const some = JSON.stringify(seqs.slice(i, i + BATCH));
      for (const row of this.#some.all(some) as unknown as readonly Row[]) {
        last = { ...row, prev: row.prev ?? this.#before(row, last) };
        yield last;
      }
    }
  }

  /** Hash of the entry before; `last` is the one read before this one, and nearly always it. */
  #before({ seq, back }: Row, last: Row | null): Uint8Array | null {
    return last?.seq === back ? last.hash : (this.row(seq)?.prev ?? null);
  }

  /** Events of one chain by number, oldest first, as far as the links lead back. */
  seqsOf(chain: Chain, fromSeq: number): readonly number[] {
    const head = this.#source.chains.head(chain).seq;
    const from = Math.max(1, fromSeq);
    return this.#walk.all({ head, from }).map((row) => Number(row["seq"]));
  }

  /** `bodies`: of all events, of those of some kinds, or of none. */
  *since(seq: number, bodies: boolean | readonly string[] = false): Generator<Recorded> {
    const kinds = typeof bodies === "boolean" ? null : bodies;
    for (const row of this.rows(seq)) {
      const event = this.event(row);
      if (!event) continue;
      const isWanted = kinds?.includes(event.kind) ?? bodies;
      yield { event, body: isWanted ? bodyIn(this.text(row)) : null };
    }
  }

  /** The kinds of the events after `from` up to `to`, and nothing else of them: of a few hundred. */
  kinds(from: number, to: number): readonly string[] {
    return this.#kinds.all(from, to).flatMap((row) => {
      return this.#source.forms.byId(Number(row["form"]))?.kind ?? [];
    });
  }

  /** All rows after `seq`, in order. */
  *rows(seq: number): Generator<Row> {
    for (let last = seq; ;) {
      const rows = this.#after.all(last) as unknown as readonly Row[];
      yield* rows;
      last = rows.at(-1)?.seq ?? last;
      if (rows.length < BATCH) return;
    }
  }

  body(event: Event): EventBody | null {
    return bodyIn(this.#own(event).text);
  }

  disclose(event: Event): { readonly salt: string; readonly text: string } | null {
    const { row, text } = this.#own(event);
    return text === null ? null : { salt: hex(row.salt), text };
  }

  /** The row of exactly this event and the text of its body, checked. */
  #own(event: Event): { readonly row: Row; readonly text: string | null } {
    const row = this.row(event.seq);
    if (row === null) throw tampered(event.seq, event.run, "it is missing");
    const read = this.#read(row);
    if (typeof read === "string") throw tampered(event.seq, event.run, read);
    if (read.event.hash === event.hash) return { row, text: read.text };
    throw tampered(event.seq, event.run, "another event has its place");
  }

  row(seq: number): Row | null {
    return (this.#row.get(seq) as unknown as Row | undefined) ?? null;
  }

  /** The event in a row; null when the row names a chain or form that is not there. */
  event(row: Row): Event | null {
    const form = this.#source.forms.byId(row.form);
    const run = this.#source.chains.byId(row.chain)?.run;
    if (!form || run === undefined) return null;
    return eventOf(form, run, entryOf(row, run), hex(row.hash));
  }

  /** What is wrong with a row by itself, one sentence, or null: its hash and its body. */
  fault(row: Row): string | null {
    const read = this.#read(row);
    return typeof read === "string" ? read : null;
  }

  /** The event in a row and the text of its body, null when it was erased; or what is wrong. */
  #read(row: Row): { readonly event: Event; readonly text: string | null } | string {
    const form = this.#source.forms.byId(row.form);
    if (!form) return "its actor, kind, label and policy are damaged";
    const chain = this.#source.chains.byId(row.chain);
    if (!chain) return "the name of its chain is damaged";
    const entry = entryOf(row, chain.run);
    const hash = eventHash(form, chain.json, entry);
    if (hash !== hex(row.hash)) return "its content does not match its hash";
    const event = eventOf(form, chain.run, entry, hash);
    const text = this.text(row);
    if (row.salt === null) {
      if (row.text !== null) return "the salt of its body is missing";
      const isErased = this.erasedBy(row.seq) !== null;
      return isErased ? { event, text: null } : "its body is missing and was never erased";
    }
    if (text === null) return `its body, the file bodies/${row.seq}, is missing`;
    const isWhole = saltedDigest(hex(row.salt), text) === entry.digest;
    return isWhole ? { event, text } : "its body does not match its digest";
  }

  /** Hashes of the events after `from` up to `to`, by number: a few hundred at a time. */
  hashes(from: number, to: number): readonly Uint8Array[] {
    return this.#hashes.all(from, to).map((row) => row["hash"] as Uint8Array);
  }

  /** The entry that says the body was erased, by number, or null. */
  erasedBy(seq: number): number | null {
    const row = this.#erased.get(seq);
    return row ? Number(row["by"]) : null;
  }

  /** Text of a body; null when it is not there. */
  text(row: Row): string | null {
    if (row.text !== null) {
      const form = this.#source.forms.byId(row.form);
      return form ? unpack(form, row.text) : null;
    }
    if (row.salt === null) return null;
    return this.#source.bodies?.read(row.seq) ?? null;
  }
}

function bodyIn(text: string | null): EventBody | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as EventBody;
  } catch {
    return null;
  }
}

function entryOf(row: Row, run: string): Parameters<typeof eventHash>[2] {
  return {
    seq: row.seq,
    at: row.at,
    step: unpackStep(run, row.step),
    digest: hex(row.digest),
    bytes: row.bytes,
    prev: hex(row.prev),
  };
}

export function tampered(seq: number, run: string, why: string): NanosError {
  return new NanosError(
    "journal.tampered",
    `Event ${seq} of ${run} is not what was written: ${why}.`,
    "See which entries can be trusted: nanos trace verify",
  );
}
