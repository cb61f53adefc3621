import type { Event } from "../../contracts/event.ts";
import type { Journal } from "../../journal/journal.ts";
import { type Checkpoint, readCheckpoint, readNote, signedBy } from "../../journal/log/note.ts";
import type { VerifierKey } from "../../journal/log/note.ts";
import { same } from "../../journal/log/tree.ts";

/** What the checkpoints of a journal came to. */
export interface Signed {
  readonly checkpoints: number;
  /** Events under the newest checkpoint. */
  readonly size: number;
  /** Sentence naming the first bad one, with its place; null when all are good. */
  readonly bad: string | null;
}

/**
 * Every checkpoint against the events before it: signed by this home's key, made of exactly these
 * events. The tree is grown anew from the events, which were verified before; no view takes part.
 */
export function verifyCheckpoints(
  journal: Journal,
  key: VerifierKey,
  events: readonly Event[],
): Signed {
  const found = events.map((event) => ({ event, read: readOne(journal, event, key) }));
  const sizes = found.flatMap(({ read }) => (typeof read === "string" ? [] : [read.size]));
  const roots = journal.log.roots(sizes);
  for (const { event, read } of found) {
    const root = typeof read === "string" ? undefined : roots.get(read.size);
    const isMade = typeof read !== "string" && root !== undefined && same(root, read.root);
    if (isMade) continue;
    const why = typeof read === "string" ? read : "is not made of the events before it";
    const where = `event ${event.seq} of ${event.run}, hash ${event.hash}`;
    return { checkpoints: found.length, size: 0, bad: `A checkpoint ${why} (${where})` };
  }
  return { checkpoints: found.length, size: Math.max(0, ...sizes), bad: null };
}

/** The checkpoint of an event, or what is wrong with it. */
function readOne(journal: Journal, event: Event, key: VerifierKey): Checkpoint | string {
  const body = journal.body(event);
  const note = body?.kind === "log.checkpointed" ? readNote(body.checkpoint) : null;
  const checkpoint = note && readCheckpoint(note.text);
  if (!note || !checkpoint) return "cannot be read";
  if (checkpoint.origin !== key.name) return `is of another log, ${checkpoint.origin}`;
  if (!signedBy(note, key)) return "is not signed by this home's key";
  return checkpoint.size < event.seq ? checkpoint : "says it is newer than it is";
}
