import type { Json } from "../../std/json.ts";
import type { Frame } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { isOfMemory, memoryWant } from "./memory.ts";
import { SKILL, skillSpec, skillWant } from "./skill.ts";

/** True for a name that is nanos' own here: a tool of the same name is never called by a model. */
export function isOwn(frame: Pick<Frame, "facts" | "reader" | "agent">, name: string): boolean {
  return isOfMemory(frame, name) || (name === SKILL && skillSpec(frame) !== null);
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function ownWant(frame: Frame, name: string, given: Json): Want | string {
  return name === SKILL ? skillWant(frame, given) : memoryWant(frame, name, given);
}
