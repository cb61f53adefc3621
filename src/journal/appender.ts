import type { DatabaseSync, StatementSync } from "node:sqlite";
import { canonical } from "../std/canonical.ts";
import type { Clock } from "../std/clock.ts";
import { assert, NanosError } from "../std/error.ts";
import { saltedDigest } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import type { Random } from "../std/random.ts";
import { GENESIS } from "../contracts/chain.ts";
import { Superseded } from "../contracts/drive.ts";
import type { Draft, Event } from "../contracts/event.ts";
import type { BodyFiles } from "./bodies.ts";
import type { Chains } from "./chains.ts";
import { eventHash, eventOf, type Forms, packStep, unhex } from "./row/entry.ts";
import { journalFailure } from "./failure.ts";
import type { Leases } from "./lease.ts";
import { pack } from "./row/pack.ts";

export interface AppenderParts {
  readonly db: DatabaseSync;
  readonly chains: Chains;
  readonly forms: Forms;
  readonly leases: Leases;
  readonly bodies: BodyFiles | null;
  /** Whether the file is of a format that keeps bodies packed. */
  readonly packs: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** A draft with everything that does not depend on where it comes to stand. */
interface Encoded {
  readonly draft: Draft;
  readonly text: string;
  readonly bytes: number;
  readonly salt: string;
  readonly digest: string;
}

/** One call of `append`: on disk whole or not at all. */
interface Unit {
  readonly entries: readonly Encoded[];
  /** The event whose body goes when this is written. */
  readonly erases: number | null;
  readonly resolve: (events: readonly Event[]) => void;
  readonly reject: (error: unknown) => void;
}

type Written = readonly Event[] | Superseded;

/**
 * Writes events. A commit costs a hundred times an insert, so what is appended in one turn of the
 * event loop waits for the end of that turn and shares one.
 */
export class Appender {
  readonly #parts: AppenderParts;
  readonly #sql: Record<keyof typeof SQL, StatementSync>;
  #queue: Unit[] = [];
  #events = 0;
  #bytes = 0;
  #version: unknown = null;
  #closed = false;
  /** When the first of what waits was appended, and how long the newest of what is written waited. */
  #since = 0;
  #lag = 0;
  #salts = "";

  constructor(parts: AppenderParts) {
    this.#parts = parts;
    const prepare = (name: keyof typeof SQL): StatementSync => parts.db.prepare(SQL[name]);
    this.#sql = {
      begin: prepare("begin"),
      commit: prepare("commit"),
      version: prepare("version"),
      event: prepare("event"),
      erased: prepare("erased"),
      erase: prepare("erase"),
      isErased: prepare("isErased"),
    };
  }

  append(drafts: readonly Draft[], erases: number | null = null): Promise<readonly Event[]> {
    return new Promise((resolve, reject) => {
      assert(!this.#closed, "append to a closed journal");
      if (drafts.length > LIMITS.appendEvents) throw tooMany(drafts.length);
      const entries = drafts.map((draft) => this.#encode(draft));
      if (entries.length === 0) return resolve([]);
      if (this.#queue.length === 0) {
        this.#since = this.#parts.clock.elapsed();
        setImmediate(() => this.flush());
      }
      this.#queue.push({ entries, erases, resolve, reject });
      this.#events += entries.length;
      for (const entry of entries) this.#bytes += entry.bytes;
      const isFull = this.#events >= LIMITS.commitEvents || this.#bytes >= LIMITS.commitBytes;
      if (isFull) this.flush();
    });
  }

  /** Milliseconds until what was written last was on disk. */
  lag(): number {
    return this.#lag;
  }

  /** Commits what waits, now. */
  flush(): void {
    const units = this.#queue;
    if (units.length === 0) return;
    this.#queue = [];
    this.#events = 0;
    this.#bytes = 0;
    try {
      settle(units, this.#commit(units));
      this.#lag = this.#parts.clock.elapsed() - this.#since;
    } catch (error) {
      if (units.length === 1) units[0]?.reject(error);
      else this.#oneByOne(units);
    }
  }

  /** Writes what is left, with the heads of the chains. */
  close(): void {
    this.flush();
    this.#closed = true;
    const { db, chains } = this.#parts;
    if (chains.unstored() === 0) return;
    try {
      db.exec("BEGIN IMMEDIATE");
      chains.catchUp();
      chains.store();
      db.exec("COMMIT");
    } catch {
      // The heads are found again by reading on; nothing is lost.
      if (db.isTransaction) db.exec("ROLLBACK");
    }
  }

  /** One append that cannot be written must not take the others of its turn with it. */
  #oneByOne(units: readonly Unit[]): void {
    const broken = new Map<string, unknown>();
    for (const unit of units) {
      // What follows a failed append on its chain fails too: there are no gaps in a run's story.
      const before = unit.entries.map(({ draft }) => draft.run).find((run) => broken.has(run));
      try {
        if (before !== undefined) throw broken.get(before);
        settle([unit], this.#commit([unit]));
      } catch (error) {
        for (const { draft } of unit.entries) broken.set(draft.run, error);
        unit.reject(error);
      }
    }
  }

  #commit(units: readonly Unit[]): readonly Written[] {
    const { db, chains, bodies } = this.#parts;
    try {
      this.#sql.begin.run();
      this.#notice();
      const written = units.map((unit) => this.#write(unit));
      const isStoring = chains.unstored() >= LIMITS.unstoredHeads;
      if (isStoring) chains.store();
      bodies?.settle();
      this.#sql.commit.run();
      if (isStoring) chains.stored();
      return written;
    } catch (error) {
      this.#undo();
      throw journalFailure(error, db.location() ?? "memory");
    }
  }

  /** Another process may have appended or taken a run over. */
  #notice(): void {
    const version = this.#sql.version.get()?.["data_version"];
    const { chains, leases } = this.#parts;
    if (version === this.#version && chains.isLoaded) return;
    this.#version = version;
    chains.catchUp();
    leases.forget();
  }

  #undo(): void {
    const { db, chains, forms, leases, bodies } = this.#parts;
    if (db.isTransaction) db.exec("ROLLBACK");
    bodies?.undo();
    chains.forget();
    forms.forget();
    leases.forget();
    this.#version = null;
  }

  #write(unit: Unit): Written {
    const { leases } = this.#parts;
    for (const { draft } of unit.entries) {
      if (!leases.mayAppend(draft.run)) {
        return new Superseded(`another process carries run ${draft.run}`);
      }
    }
    if (unit.erases !== null && this.#sql.isErased.get(unit.erases)) return [];
    const events = unit.entries.map((entry) => this.#insert(entry));
    const last = events.at(-1);
    if (unit.erases !== null && last) {
      this.#sql.erased.run(unit.erases, last.seq);
      this.#sql.erase.run(unit.erases);
    }
    return events;
  }

  #insert(entry: Encoded): Event {
    const { chains, forms, bodies, packs, clock } = this.#parts;
    const { draft, digest, bytes, salt, text } = entry;
    const chain = chains.ensure(draft.run);
    const form = forms.ensure(draft);
    const head = chains.head(chain);
    const isFirst = head.seq === 0;
    const prev = isFirst ? origin(draft) : head.hash;
    const at = draft.at ?? Math.max(head.at, clock.now());
    assert(Number.isSafeInteger(at), "the time of an event is whole milliseconds");
    const placed = { seq: chains.seen + 1, at, step: draft.step, digest, bytes, prev };
    const hash = eventHash(form, chain.json, placed);
    const isFile = bodies !== null && bytes > LIMITS.inlineBodyBytes;
    if (isFile) bodies.write(placed.seq, text);
    this.#sql.event.run(
      placed.seq,
      chain.id,
      head.seq,
      packStep(draft.run, draft.step),
      at,
      form.id,
      unhex(digest),
      bytes,
      isFirst ? unhex(prev) : null,
      unhex(hash),
      unhex(salt),
      isFile ? null : packs ? pack(form, text) : text,
    );
    chains.moved(chain.id, { seq: placed.seq, hash, at });
    return eventOf(form, draft.run, placed, hash);
  }

  /** Drawn in advance by the dozen, as one draw costs as much as a hash. */
  #salt(): string {
    if (this.#salts === "") this.#salts = this.#parts.random.hex(16 * SALTS);
    const salt = this.#salts.slice(0, 32);
    this.#salts = this.#salts.slice(32);
    return salt;
  }

  #encode(draft: Draft): Encoded {
    const name = `${draft.run} ${draft.step ?? ""}`;
    assert(name.isWellFormed() && !name.includes("\0"), "run and step are plain text");
    const text = canonical(draft.body as Json);
    const bytes = Buffer.byteLength(text);
    if (bytes > LIMITS.bodyBytes) throw tooLarge(draft, bytes);
    const salt = this.#salt();
    return { draft, text, bytes, salt, digest: saltedDigest(salt, text) };
  }
}

const SALTS = 32;

const SQL = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  version: "PRAGMA data_version",
  event: "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  erased: "INSERT INTO erased VALUES (?, ?)",
  erase: "UPDATE events SET salt = NULL, text = NULL WHERE seq = ?",
  isErased: "SELECT 1 FROM erased WHERE seq = ?",
} as const;

function settle(units: readonly Unit[], written: readonly Written[]): void {
  for (const [i, unit] of units.entries()) {
    const result = written[i] ?? [];
    if (result instanceof Superseded) unit.reject(result);
    else unit.resolve(result);
  }
}

/** A delegated run, or a fork, continues another one's chain, as a branch continues a trunk. */
function origin({ body }: Draft): string {
  const from = body.kind === "run.started" ? (body.parent ?? body.fork) : undefined;
  if (!from) return GENESIS;
  assert(/^[0-9a-f]{64}$/u.test(from.hash), "a parent is named by its hash");
  return from.hash;
}

function tooMany(count: number): NanosError {
  return new NanosError(
    "journal.append_too_large",
    `${count} events in one append are more than ${LIMITS.appendEvents}.`,
    "Append them in smaller parts.",
  );
}

function tooLarge(draft: Draft, bytes: number): NanosError {
  return new NanosError(
    "journal.body_too_large",
    `The ${draft.body.kind} of ${draft.run} has ${bytes} bytes; at most ${LIMITS.bodyBytes} are kept.`,
    "Make the input or output of this step smaller, for example by a file it names.",
  );
}
