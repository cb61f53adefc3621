import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { AgentThought } from "../../contracts/cognition.ts";
import type { EventBody } from "../../contracts/event.ts";
import { textsIn } from "../../kernel/cognition/want.ts";
import { isObject } from "../../std/json.ts";
import type { Journal, ViewSpec } from "../../journal/journal.ts";
import { homeOf, verified } from "../journal.ts";
import { type Held, holdAll, type One } from "./held.ts";
import { RULES } from "./instruments.ts";

/**
 * Thoughts as they stand in the journal: the operator's on the home chain, an agent's in the step that
 * noted it. A view only says which chains hold any; what counts is read from those, each entry
 * checked, so that a number written into the view's file is nobody's number.
 */
const THINKING: ViewSpec = {
  name: "thinking",
  version: 1,
  kinds: ["thought.noted", "action.settled"],
  tables: "CREATE TABLE thinking (run TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT",
  apply: (db, { event, body }) => {
    const holds = event.kind === "thought.noted" || (body !== null && thoughtIn(body) !== null);
    if (holds) db.run("INSERT OR IGNORE INTO thinking VALUES (?, ?)", event.run, event.seq);
  },
};

/** What is on record, and how many records show nothing: erased whole, or not as they were written. */
export interface OnRecord {
  readonly held: Held;
  readonly unread: number;
}

export function thoughtsIn(journal: Journal): OnRecord {
  const rows = journal.view(THINKING, (db) => db.all("SELECT run FROM thinking ORDER BY seq"));
  const erased = verified(() => homeOf(journal).erased);
  const before = known.get(journal);
  // What was erased must not be remembered here either.
  const chains = before?.erased === erased && erased !== null ? before.chains : new Map();
  const thoughts: One[] = [];
  let unread = 0;
  let isNew = before?.chains !== chains;
  for (const run of rows.map((row) => String(row["run"]))) {
    const old = chains.get(run);
    const read = verified(() => readOn(journal, run, old));
    if (read && read !== old) chains.set(run, read);
    isNew ||= read !== old;
    thoughts.push(...(read?.thoughts.map((one) => withWords(one, read)) ?? []));
    unread += read?.erased ?? 1;
  }
  if (!isNew && before) return before.all;
  const ordered = thoughts.toSorted((a, b) => a.seq - b.seq);
  const all = { held: holdAll(RULES, ordered), unread };
  known.set(journal, { erased, chains, all });
  return all;
}

/** What this process read of each journal: chains are read on from there, each new entry checked. */
const known = new WeakMap<Journal, Known>();

interface Known {
  readonly erased: number | null;
  readonly chains: Map<string, Read>;
  readonly all: OnRecord;
}

/** What was read of one chain, up to its entry of that number and hash. */
interface Read {
  readonly seq: number;
  readonly hash: string;
  readonly words: ReadonlyMap<string, readonly string[]>;
  readonly thoughts: readonly Omit<One, "texts">[];
  readonly erased: number;
}

const NOTHING: Read = { seq: 0, hash: "", words: new Map(), thoughts: [], erased: 0 };

function withWords(one: Omit<One, "texts">, { words }: Read): One {
  return { ...one, texts: words.get(one.id) ?? null };
}

/** Reads a chain on from what is known of it, or whole where that is no part of it. */
function readOn(journal: Journal, run: string, old: Read = NOTHING): Read {
  const head = journal.head(run);
  if (head !== null && old.hash === head.hash) return old;
  const more = [...journal.chain(run, old.seq)];
  const isOurs = old === NOTHING || more[0]?.event.hash === old.hash;
  return isOurs
    ? readChain(run, old, old === NOTHING ? more : more.slice(1))
    : readOn(journal, run);
}

/** The thoughts of one chain and the words of each, where they are still there. */
function readChain(run: string, old: Read, chain: Iterable<Recorded>): Read {
  const words = new Map(old.words);
  const thoughts = [...old.thoughts];
  let { erased, seq: last, hash } = old;
  for (const { event, body } of chain) {
    const { seq, at, step, label, actor: by } = event;
    [last, hash] = [seq, event.hash];
    if (body?.kind === "thought.said") words.set(body.id, body.texts);
    if (body?.kind === "action.proposed" && step !== null) {
      const { args } = body.action;
      if (isObject(args) && Array.isArray(args["texts"])) words.set(step, textsIn(args));
    }
    if (event.kind === "thought.noted" && body === null) erased += 1;
    if (body?.kind === "thought.noted" && run === HOME_CHAIN) {
      thoughts.push({ id: body.id, thought: body.thought, seq, at, by, label });
    }
    const thought = body && thoughtIn(body);
    if (thought && step !== null) thoughts.push({ id: step, thought, seq, at, by, label });
  }
  return { seq: last, hash, words, thoughts, erased };
}

function thoughtIn(body: EventBody): AgentThought | null {
  if (body.kind !== "action.settled" || body.outcome.status !== "done") return null;
  return body.outcome.thought ?? null;
}
