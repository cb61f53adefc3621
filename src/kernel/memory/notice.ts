import type { Label } from "../../contracts/label.ts";
import { UNKNOWN_LABEL } from "../../gate/labels.ts";
import type { Note } from "../../memory/memory.ts";
import { knownNotes } from "../views/memory.ts";
import type { World } from "../world.ts";
import { note } from "../desk/note.ts";

/**
 * Who had a hand in each of these notes, in their order. One that nobody recorded was written or
 * changed by hand: that is noticed on the record, and as nobody can say whose hand it was, it is
 * untrusted.
 */
export async function labelsOf(
  world: Pick<World, "journal">,
  notes: readonly Note[],
): Promise<readonly Label[]> {
  const known = knownNotes(world.journal, hashesOf(notes));
  for (const { id, memory, hash } of notes) {
    if (!known.has(hash))
      await note(world.journal, { kind: "memory.noticed", id, memory, hash }, "kernel");
  }
  return notes.map(({ hash }) => known.get(hash)?.label ?? UNKNOWN_LABEL);
}

/** True for those of these notes that nobody recorded. */
export function byHand(world: Pick<World, "journal">, notes: readonly Note[]): readonly boolean[] {
  const known = knownNotes(world.journal, hashesOf(notes));
  return notes.map(({ hash }) => known.get(hash)?.how !== "kept");
}

function hashesOf(notes: readonly Note[]): readonly string[] {
  return notes.map(({ hash }) => hash);
}
