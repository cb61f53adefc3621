import type { Json } from "../../std/json.ts";
import type { Frame } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { growthWant, isOfGrowth } from "../growth/grow.ts";
import { isLook, lookWant } from "../looks/look.ts";
import { isOfThoughts, thoughtWant } from "../cognition/want.ts";
import { findingWant, isFinding } from "../offered/find.ts";
import { ARTIFACT, artifactSpec, artifactWant } from "../vault/want.ts";
import { HAND_IN, planSpec, planWant } from "../plans/hand-in.ts";
import { isOfMemory, memoryWant } from "./memory.ts";
import { SKILL, skillSpec, skillWant } from "./skill.ts";

/** True for a name that is nanos' own here: a tool of the same name is never called by a model. */
export function isOwn(
  frame: Pick<Frame, "facts" | "reader" | "agent" | "plans"> &
    Partial<Pick<Frame, "specs" | "model">>,
  name: string,
): boolean {
  if (name === ARTIFACT) return artifactSpec(frame) !== null;
  if (isFinding(frame, name)) return true;
  if (isLook(frame, name) || isOfThoughts(frame, name)) return true;
  if (name === HAND_IN) return planSpec(frame) !== null;
  const isSkill = name === SKILL && skillSpec(frame) !== null;
  return isSkill || isOfMemory(frame, name) || isOfGrowth(frame, name);
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function ownWant(frame: Frame, name: string, given: Json): Want | string {
  if (isOfThoughts(frame, name)) return thoughtWant(frame, name, given);
  if (isOfGrowth(frame, name)) return growthWant(frame, name, given);
  if (name === ARTIFACT) return artifactWant(frame, given);
  if (isFinding(frame, name)) return findingWant(frame, given);
  if (isLook(frame, name)) return lookWant(frame, name, given);
  if (name === HAND_IN) return planWant(frame, given);
  return name === SKILL ? skillWant(frame, given) : memoryWant(frame, name, given);
}
