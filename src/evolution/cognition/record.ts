import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { AgentThought } from "../../contracts/cognition.ts";
import type { EventBody } from "../../contracts/event.ts";
import { textsIn } from "../../kernel/cognition/want.ts";
import type { Journal, ViewSpec } from "../../journal/journal.ts";
import { verified } from "../journal.ts";
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
  const thoughts: One[] = [];
  let unread = 0;
  for (const run of rows.map((row) => String(row["run"]))) {
    const read = verified(() => readChain(run, journal.chain(run)));
    thoughts.push(...(read?.thoughts ?? []));
    unread += read?.erased ?? 1;
  }
  const ordered = thoughts.toSorted((a, b) => a.seq - b.seq);
  return { held: holdAll(RULES, ordered), unread };
}

/** The thoughts of one chain, each with its words where they are still there. */
function readChain(
  run: string,
  chain: Iterable<Recorded>,
): { readonly thoughts: readonly One[]; readonly erased: number } {
  const words = new Map<string, readonly string[]>();
  const thoughts: Omit<One, "texts">[] = [];
  let erased = 0;
  for (const { event, body } of chain) {
    const { seq, at, step, label, actor: by } = event;
    if (body?.kind === "thought.said") words.set(body.id, body.texts);
    if (body?.kind === "action.proposed" && step !== null) {
      words.set(step, textsIn(body.action.args));
    }
    if (event.kind === "thought.noted" && body === null) erased += 1;
    if (body?.kind === "thought.noted" && run === HOME_CHAIN) {
      thoughts.push({ id: body.id, thought: body.thought, seq, at, by, label });
    }
    const thought = body && thoughtIn(body);
    if (thought && step !== null) thoughts.push({ id: step, thought, seq, at, by, label });
  }
  return {
    erased,
    thoughts: thoughts.map((one) => ({ ...one, texts: words.get(one.id) ?? null })),
  };
}

function thoughtIn(body: EventBody): AgentThought | null {
  if (body.kind !== "action.settled" || body.outcome.status !== "done") return null;
  return body.outcome.thought ?? null;
}
