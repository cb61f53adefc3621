import type { Recorded } from "../contracts/drive.ts";
import type { Came, Evolution } from "../contracts/stage.ts";
import type { Journal, ViewSpec } from "../journal/journal.ts";
import { NanosError } from "../std/error.ts";
import { type HomeSeen, homeIn } from "./home.ts";
import type { Ended, Kept } from "./kept.ts";
import { cameTo, ownOf, type Reviews, withReviews } from "./mission.ts";
import { evolutionOf } from "./stage.ts";

/**
 * Where missions are in the journal, and nothing about them: what they came to is read from their
 * chains, each entry checked, so that a number written into the view's file is nobody's number.
 */
const BEGUN: ViewSpec = {
  name: "missions_begun",
  version: 1,
  kinds: ["mission.started"],
  bodies: false,
  tables: "CREATE TABLE missions_begun (run TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT",
  apply: (db, { event }) =>
    db.run("INSERT OR IGNORE INTO missions_begun VALUES (?, ?)", event.run, event.seq),
};

/** How far a home has come, with what its own chain says of that. */
export interface Seen {
  readonly evolution: Evolution;
  /** Null where the home's chain does not verify. */
  readonly home: HomeSeen | null;
}

/** How far a home has come, from its journal alone; `kept` only makes it faster. */
export function evolutionIn(journal: Journal, kept?: Kept): Evolution {
  return seenIn(journal, kept).evolution;
}

export function seenIn(journal: Journal, kept?: Kept): Seen {
  const sql = "SELECT run FROM missions_begun ORDER BY seq";
  const rows = journal.view(BEGUN, (db) => db.all(sql));
  const known = kept?.read() ?? null;
  const home = verified(() => homeIn(journal, known?.home ?? null));
  // What was erased must not be remembered here either.
  const before = known && home && home.erased === known.home.erased ? known.missions : NOTHING;
  const missions = new Map<string, Ended>();
  let isNew = known?.home.hash !== home?.hash;
  const came = rows.flatMap(({ run: name }): Came | readonly [] => {
    const run = String(name);
    const head = journal.head(run);
    // What only a written-over view knows of is nowhere.
    if (head === null) return [];
    // Without the operator's words nobody knows what was rejected.
    if (home === null) return BROKEN;
    const old = before.get(run);
    const own = old?.head === head.hash ? old.own : verified(() => ownOf(journal.chain(run)));
    if (own === null) return BROKEN;
    if (head.kind === "run.ended") missions.set(run, { head: head.hash, own });
    isNew ||= own !== old?.own;
    return withReviews(own, home.reviews);
  });
  if (home && isNew) kept?.write({ home, missions });
  return { evolution: evolutionOf(came), home };
}

const BROKEN = { counts: "broken" } as const;
const NOTHING: ReadonlyMap<string, Ended> = new Map();

/** What a record shows; null where it does not verify, as it shows nothing then. */
export function verified<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof NanosError && error.code === "journal.tampered") return null;
    throw error;
  }
}

/** What this process read of each home's own chain: it is read on from there. */
const homes = new WeakMap<Journal, HomeSeen>();

/** What the home's chain says now. @throws NanosError `journal.tampered`. */
export function homeOf(journal: Journal): HomeSeen {
  const seen = homeIn(journal, homes.get(journal) ?? null);
  homes.set(journal, seen);
  return seen;
}

/** How far one mission came. */
export interface MissionEnd {
  /** Null while it has not ended. */
  readonly came: Came | null;
  /** The number of its last entry. */
  readonly seq: number;
  /** Checks that were met or missed, by `TASK.CHECK`, with the number of the entry that says so. */
  readonly checks: ReadonlyMap<string, { readonly met: boolean; readonly seq: number }>;
}

/** What missions came to, one at a time; null for one there is nothing of. */
export function missionsIn(journal: Journal): (run: string) => MissionEnd | null {
  const known = new Map<string, MissionEnd | null>();
  let reviews: Reviews | null | undefined;
  return (run) => {
    const before = known.get(run);
    if (before !== undefined) return before;
    if (reviews === undefined) reviews = verified(() => homeOf(journal).reviews);
    const found = endedIn(journal, run, reviews);
    known.set(run, found);
    return found;
  };
}

function endedIn(journal: Journal, run: string, reviews: Reviews | null): MissionEnd | null {
  const chain = verified(() => [...journal.chain(run)]);
  const last = chain === null ? journal.head(run) : chain.at(-1)?.event;
  if (!last) return null;
  const { seq } = last;
  if (chain === null || reviews === null) return { came: BROKEN, seq, checks: new Map() };
  const came = cameTo(chain, reviews);
  const isOpen = came.counts === "nothing" && came.why === "open";
  return { came: isOpen ? null : came, seq, checks: checksIn(chain) };
}

function checksIn(chain: readonly Recorded[]): MissionEnd["checks"] {
  return new Map(
    chain.flatMap(({ event: { seq }, body }) =>
      body?.kind !== "task.ended"
        ? []
        : body.checks.flatMap(({ id, status }) => {
            const isTold = status === "met" || status === "missed";
            return isTold ? [[`${body.task}.${id}`, { met: status === "met", seq }] as const] : [];
          }),
    ),
  );
}
