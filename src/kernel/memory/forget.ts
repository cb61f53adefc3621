import type { Json } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Event } from "../../contracts/event.ts";
import type { Forgotten } from "../../contracts/memory.ts";
import type { Note } from "../../memory/memory.ts";
import type { World } from "../world.ts";
import { note } from "../desk/note.ts";

/** What is to be forgotten, and every note the operator has: the same words may be kept twice. */
export interface Forgettable {
  readonly id: string;
  readonly text: string;
  readonly notes: readonly Note[];
}

/**
 * Takes back what was kept. That it goes is recorded first; then every body of the journal in which
 * its words stand goes (the request, the model's call, the proposal, the outcome), and the files last:
 * cut off in the middle, it can be done again. Every note of the same words goes with it, as its
 * record does, and as they are to be known no more. A rehearsal only looks.
 */
export async function forget(
  { journal, memory, vault }: Pick<World, "journal" | "memory" | "vault">,
  { id, text, notes }: Forgettable,
  rehearse: boolean,
): Promise<Forgotten> {
  const has = holds(text);
  const same = notes.filter((one) => oneLine(one.text) === oneLine(text));
  const left = notes.filter((one) => !same.includes(one) && has(one.text));
  const names = same.map((one) => one.id);
  if (!rehearse) {
    for (const one of new Set([id, ...names]))
      await note(journal, { kind: "memory.forgotten", id: one });
  }
  const why = `memory ${id} was forgotten`;
  const bodies = await eraseWords({ journal, vault }, { texts: [text], why }, rehearse);
  if (!rehearse) {
    for (const one of same) memory.remove(one.memory, one.id);
  }
  return { bodies, notes: names, left: left.map((one) => one.id) };
}

/**
 * Erases every body of the journal in which any of these texts stands, and says how many there were.
 * A rehearsal only looks.
 */
export async function eraseWords(
  { journal, vault }: Pick<World, "journal" | "vault">,
  { texts, why }: { readonly texts: readonly string[]; readonly why: string },
  rehearse: boolean,
): Promise<number> {
  const tests = texts.map(holds);
  const held = holding(journal, (one) => tests.some((has) => has(one)));
  if (rehearse) return held.length;
  for (const image of imagesOnlyIn(journal, held)) vault.remove(image);
  for (const { hash } of held) await journal.erase(hash, why);
  return held.length;
}

/** Whether a text holds these words, however they are broken into lines. */
function holds(text: string): (one: string) => boolean {
  const words = oneLine(text);
  // A word or two stand in many places that have nothing to do with it.
  const isEnough = words.length >= LIMITS.noteLeastChars;
  return (one) => (isEnough ? oneLine(one).includes(words) : oneLine(one) === words);
}

/** Events whose body holds the words. */
function holding(journal: World["journal"], has: (text: string) => boolean): readonly Event[] {
  const found: Event[] = [];
  for (const { event, body } of journal.since(0, { bodies: true })) {
    if (event.kind === "body.erased" || body === null) continue;
    if (anyText(body as unknown as Json, has)) found.push(event);
  }
  return found;
}

/** Images that came with these requests and with no other. */
function imagesOnlyIn(journal: World["journal"], held: readonly Event[]): ReadonlySet<string> {
  const going = new Set(held.map(({ hash }) => hash));
  const images = { going: new Set<string>(), staying: new Set<string>() };
  for (const { event, body } of journal.since(0, { bodies: true })) {
    if (body?.kind !== "run.started") continue;
    const side = going.has(event.hash) ? images.going : images.staying;
    for (const { hash } of body.images ?? []) side.add(hash);
  }
  return images.going.difference(images.staying);
}

function anyText(value: Json, test: (text: string) => boolean): boolean {
  if (typeof value === "string") return test(value);
  const inside = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  return inside.some((item: Json) => anyText(item, test));
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}
