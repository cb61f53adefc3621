import type { Json } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Event } from "../../contracts/event.ts";
import type { World } from "../world.ts";
import { note } from "../desk/note.ts";

/** What is to be forgotten; `memory` is null for a candidate, which has no file. */
export interface Forgettable {
  readonly id: string;
  readonly text: string;
  readonly memory: string | null;
}

/**
 * Takes back what was kept. That it goes is recorded first; then every body of the journal in which
 * its words stand goes (the request, the model's call, the proposal, the outcome), and the file last:
 * cut off in the middle, it can be done again. A rehearsal only counts.
 */
export async function forget(
  { journal, memory }: Pick<World, "journal" | "memory">,
  { id, text, memory: name }: Forgettable,
  rehearse: boolean,
): Promise<{ readonly bodies: number }> {
  const held = holding(journal, text);
  if (rehearse) return { bodies: held.length };
  await note(journal, { kind: "memory.forgotten", id });
  for (const { hash } of held) await journal.erase(hash, `memory ${id} was forgotten`);
  if (name !== null) memory.remove(name, id);
  return { bodies: held.length };
}

/** Events whose body holds the words, however they are broken into lines. */
function holding(journal: World["journal"], text: string): readonly Event[] {
  const words = oneLine(text);
  // A word or two stand in many places that have nothing to do with it.
  const isEnough = words.length >= LIMITS.noteLeastChars;
  const has = (one: string): boolean => {
    const line = oneLine(one);
    return isEnough ? line.includes(words) : line === words;
  };
  const found: Event[] = [];
  for (const { event, body } of journal.since(0, { bodies: true })) {
    if (event.kind === "body.erased" || body === null) continue;
    if (anyText(body as unknown as Json, has)) found.push(event);
  }
  return found;
}

function anyText(value: Json, test: (text: string) => boolean): boolean {
  if (typeof value === "string") return test(value);
  const inside = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  return inside.some((item: Json) => anyText(item, test));
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}
