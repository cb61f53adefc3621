import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../std/clock.ts";
import { messageOf, NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import type { Random } from "../std/random.ts";
import { HOME_CHAIN } from "../contracts/chain.ts";
import { Appender } from "./appender.ts";
import { type BodyFiles, bodyFiles } from "./bodies.ts";
import { Chains } from "./chains.ts";
import { inTransaction, memoryDatabase, openDatabase, type OpenDatabase } from "./database.ts";
import { Forms, unhex } from "./row/entry.ts";
import { isWrongTable, journalFailure } from "./failure.ts";
import type { Journal } from "./journal.ts";
import { openLog } from "./log/log.ts";
import { Leases } from "./lease.ts";
import { Reader } from "./reader.ts";
import { verifyJournal } from "./verify.ts";
import { Views } from "./views.ts";
import { Wake } from "./wake.ts";
import { Written } from "./written.ts";

export interface JournalOptions {
  /** Folder of the journal, absolute; made, with mode 0700, when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Most bytes the database may grow to. */
  readonly maxBytes?: number;
  /** Most bytes of bodies kept as files. */
  readonly maxBodyFilesBytes?: number;
  /** How long a write waits for another process, in milliseconds. */
  readonly busyMs?: number;
  /** How long another process may answer nothing before it counts as hanging, in milliseconds. */
  readonly leaseMs?: number;
}

/**
 * Opens the journal of a home: journal.db, views.db, bodies/ and wake/ in `dir`. Where the folder
 * may not be written it opens for reading, and appending fails.
 *
 * @throws NanosError `journal.damaged`, `journal.newer`, `journal.read_only`, `journal.full`,
 *   `journal.busy`, `journal.disk`.
 */
export function openJournal(options: JournalOptions): Journal {
  const { dir, clock, random } = options;
  const { maxBytes = LIMITS.journalBytes, busyMs = LIMITS.journalBusyMs } = options;
  const { leaseMs = LIMITS.leaseMs } = options;
  const opened = openDatabase(dir, random, { maxBytes, busyMs });
  const bodies = bodyFiles(join(dir, "bodies"), options.maxBodyFilesBytes ?? LIMITS.bodyFilesBytes);
  try {
    return build({ opened, clock, random, dir, bodies, leaseMs });
  } catch (error) {
    opened.db.close();
    throw openFailure(error, join(dir, "journal.db"));
  }
}

/** A journal that is kept nowhere, by the same code. For tests, and for runs nobody wants kept. */
export function memoryJournal({
  clock,
  random,
}: Pick<JournalOptions, "clock" | "random">): Journal {
  const nowhere = { dir: null, bodies: null, leaseMs: LIMITS.leaseMs };
  return build({ opened: memoryDatabase(), clock, random, ...nowhere });
}

interface Parts {
  readonly opened: OpenDatabase;
  readonly clock: Clock;
  readonly random: Random;
  readonly dir: string | null;
  readonly bodies: BodyFiles | null;
  readonly leaseMs: number;
}

function build({ opened, clock, random, dir, bodies, leaseMs }: Parts): Journal {
  const { db, readOnly, format } = opened;
  const wakeDir = dir === null ? null : join(dir, "wake");
  const [chains, forms] = [new Chains(db), new Forms(db)];
  const source = { db, chains, forms, bodies };
  const reader = new Reader(source);
  // One name for all that shows this process to others: its lock and its socket.
  const me = `${process.pid}-${random.hex(8)}`;
  const leases = new Leases(db, chains, wakeDir, me);
  const appender = new Appender({ ...source, leases, packs: format > 1, clock, random });
  const views = new Views(readOnly ? null : dir, reader, random);
  const [wake, written] = [new Wake(wakeDir, me), new Written(dir)];
  let swept = bodies === null || readOnly;
  // Only a writer cleans up: who merely looks at a damaged journal must not take anything away.
  const sweepOnce = (): void => {
    if (swept || !bodies) return;
    swept = true;
    sweepUnborn(db, chains, reader, bodies);
  };
  if (bodies && !readOnly) sweepErased(db, chains, bodies);
  return {
    append: (drafts) => {
      named(sweepOnce);
      return written.after(appender.append(drafts));
    },
    chain: (run, fromSeq) => each(reader.chain(run, fromSeq)),
    since: (seq, options) => each(reader.since(seq, options?.bodies)),
    head: (run) => named(() => reader.head(run)),
    ...{ size: () => named(() => reader.size()), lag: () => appender.lag() },
    body: (event) => named(() => reader.body(event)),
    disclose: (event) => named(() => reader.disclose(event)),
    erase: (hash, why) => erase({ source: { ...source, reader, appender, views }, hash, why }),
    verify: (run) => {
      appender.flush();
      return verifyJournal(source, reader, run ?? null);
    },
    lease: (run, from) => named(() => leases.take(run, from === "hanging")),
    carried: (run) => named(() => leases.carried(run)),
    whenLeft: whenLeft(leases, wake, leaseMs),
    onWake: (listener) => named(() => wake.on(listener)),
    wake: (topic) => wake.say(topic),
    onWritten: (listener) => written.on(listener),
    view: (spec, read) => named(() => views.read(spec, read)),
    log: openLog(reader, (spec, read) => named(() => views.read(spec, read))),
    close: () =>
      void (
        db.isOpen && [appender, leases, wake, written, views, db].forEach((part) => part.close())
      ),
  };
}

/** Of what this process carries itself it knows by itself; of others by a connection to them. */
function whenLeft(leases: Leases, wake: Wake, leaseMs: number): Journal["whenLeft"] {
  return (run, left) =>
    named(() => {
      const own = leases.whenReleased(run, () => left("free"));
      return own ?? wake.attend(() => leases.holder(run), left, leaseMs);
    });
}

/** Failures of the disk and the file get their names here. */
function named<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw journalFailure(error, "journal.db");
  }
}

function* each<T>(items: Iterable<T>): Generator<T> {
  try {
    yield* items;
  } catch (error) {
    throw journalFailure(error, "journal.db");
  }
}

/** Statements that do not fit the tables: the file says it is a journal and is not one. */
function openFailure(error: unknown, file: string): unknown {
  return isWrongTable(error)
    ? new NanosError(
        "journal.damaged",
        `The tables of ${file} are damaged (${messageOf(error)}).`,
        "Keep a copy of the home, then restore the journal from a backup or use another home: --home DIR",
        error,
      )
    : journalFailure(error, file);
}

interface Erasing {
  readonly source: {
    readonly db: DatabaseSync;
    readonly reader: Reader;
    readonly appender: Appender;
    readonly views: Views;
    readonly bodies: BodyFiles | null;
  };
  readonly hash: string;
  readonly why: string;
}

async function erase({ source, hash, why }: Erasing): Promise<void> {
  const { db, reader, appender, views, bodies } = source;
  appender.flush();
  const seq = seqOf(db, hash);
  const row = seq === null ? null : reader.row(seq);
  const event = row && reader.event(row);
  if (!event) {
    throw new NanosError(
      "journal.no_such_event",
      `No event has the hash ${hash}.`,
      "See the hashes of a run: nanos trace show RUN --json",
    );
  }
  const needed = NEEDED[event.kind];
  if (needed !== undefined) {
    throw new NanosError(
      "journal.not_erasable",
      `Event ${event.seq} ${needed}.`,
      "Leave it: it holds nothing of what was said or done.",
    );
  }
  const common = { run: HOME_CHAIN, step: null, actor: "operator", policy: null };
  const body = { kind: "body.erased", hash, why } as const;
  await appender.append([{ ...common, isolation: null, label: null, body }], event.seq);
  bodies?.remove(event.seq);
  views.purge();
  // The log still holds the page as it was; once it is written back and cut off, nothing does.
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** What the journal needs to verify itself. */
const NEEDED: Readonly<Record<string, string>> = {
  "body.erased": "says that a body was erased; without it the gap could not be told from damage",
  "log.checkpointed": "signs the events before it; without it they are signed by nobody",
  "log.cosigned": "is what a witness signed; without it nobody else saw these events",
  "witness.trusted": "says which key is trusted",
  "witness.signed": "says what was seen of another log; without it that could be rewritten",
};

/** Hashes have no index, as that would cost every append; erasing is rare enough to look through. */
function seqOf(db: DatabaseSync, hash: string): number | null {
  if (!/^[0-9a-f]{64}$/u.test(hash)) return null;
  const row = db.prepare("SELECT seq FROM events WHERE hash = ?").get(unhex(hash));
  return row ? Number(row["seq"]) : null;
}

function lostEntries(db: DatabaseSync, reader: Reader): boolean {
  const size = reader.size();
  const upto = Number(db.prepare("SELECT max(upto) AS upto FROM mark").get()?.["upto"] ?? 0);
  const head = Number(db.prepare("SELECT max(head) AS head FROM chains").get()?.["head"] ?? 0);
  return upto > size || head > size;
}

/** Removes files of bodies whose erasure was committed before a crash: what is erased is gone. */
function sweepErased(db: DatabaseSync, chains: Chains, bodies: BodyFiles): void {
  const files = bodies.list();
  if (files.length === 0) return;
  const rows = db.prepare(
    "SELECT e.seq FROM erased e JOIN events v ON v.seq = e.seq WHERE v.salt IS NULL AND v.text IS NULL",
  );
  const erased = new Set(rows.all().map((row) => row["seq"]));
  removeAll(db, chains, bodies, (seq) => erased.has(seq));
}

/** Removes files of appends that never came to be, before the first append of this process. */
function sweepUnborn(db: DatabaseSync, chains: Chains, reader: Reader, bodies: BodyFiles): void {
  // A journal that lost entries may be mended from a copy; nothing that belongs to them is removed.
  if (lostEntries(db, reader)) return;
  removeAll(db, chains, bodies, (seq) => seq > reader.size());
}

function removeAll(
  db: DatabaseSync,
  chains: Chains,
  bodies: BodyFiles,
  isLeft: (seq: number) => boolean,
): void {
  if (!bodies.list().some(isLeft)) return;
  // Another process may be between writing a file and its commit, which only the lock rules out.
  inTransaction(db, chains, () => {
    for (const seq of bodies.list().filter(isLeft)) bodies.remove(seq);
  });
}
