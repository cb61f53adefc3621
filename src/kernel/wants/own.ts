import type { Json } from "../../std/json.ts";
import type { Frame } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { growthWant, isOfGrowth } from "../growth/grow.ts";
import { isLook, lookWant } from "../looks/look.ts";
import { ARTIFACT, artifactSpec, artifactWant } from "../vault/want.ts";
import { isOfMemory, memoryWant } from "./memory.ts";
import { SKILL, skillSpec, skillWant } from "./skill.ts";

/** True for a name that is nanos' own here: a tool of the same name is never called by a model. */
export function isOwn(frame: Pick<Frame, "facts" | "reader" | "agent">, name: string): boolean {
  if (name === ARTIFACT) return artifactSpec(frame) !== null;
  if (isLook(frame, name)) return true;
  const isSkill = name === SKILL && skillSpec(frame) !== null;
  return isSkill || isOfMemory(frame, name) || isOfGrowth(frame, name);
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function ownWant(frame: Frame, name: string, given: Json): Want | string {
  if (isOfGrowth(frame, name)) return growthWant(frame, name, given);
  if (name === ARTIFACT) return artifactWant(frame, given);
  if (isLook(frame, name)) return lookWant(frame, name, given);
  return name === SKILL ? skillWant(frame, given) : memoryWant(frame, name, given);
}
