import { isObject, type Json } from "../../std/json.ts";
import { SHARED } from "../../memory/memory.ts";
import type { Frame } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { noteWant, ownMemories, REMEMBER } from "./note.ts";
import { RECALL, recallWant } from "./recall.ts";

/** True for the names that stand for memory where it is on. */
export function isOfMemory(
  { facts, reader }: Pick<Frame, "facts" | "reader">,
  name: string,
): boolean {
  return facts.memory?.enabled === true && !reader && (name === REMEMBER || name === RECALL);
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function memoryWant(frame: Frame, name: string, given: Json): Want | string {
  const args = isObject(given) ? given : {};
  if (name === RECALL) {
    const { words = "", memory = null } = args;
    if (typeof words !== "string" || (memory !== null && typeof memory !== "string")) {
      return `${RECALL} takes {"words": TEXT, "memory": NAME}, both may be left out.`;
    }
    return recallWant(frame, words, memory);
  }
  const { text, shared = false } = args;
  if (typeof text !== "string") return `${REMEMBER} takes {"text": TEXT}.`;
  const memory = shared === true ? SHARED : ownMemories(frame)[0];
  return noteWant(frame, { text, memory: memory ?? SHARED });
}
