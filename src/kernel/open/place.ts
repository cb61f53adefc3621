import type { RunPlace } from "../../contracts/engine.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import type { Facts } from "../world.ts";

/**
 * A run goes on where it began. Its facts say what it is judged by, and its tools, agents and files
 * are those of one folder under one arrangement: with another's it would be judged by the one and do
 * the other.
 */
export function placeIn({ workspace, dir }: Pick<Facts, "workspace" | "dir">): RunPlace {
  return { workspace, ...(dir === undefined ? {} : { arrangement: dir }) };
}

/**
 * Why what belongs to one place does not go on in the other, and who can carry it; null where they
 * are the same. What began before its arrangement was written down is known by its folder alone.
 */
export function elsewhere(run: string, began: RunPlace, here: RunPlace): NanosError | null {
  const [there, now] = [plainText(began.workspace), plainText(here.workspace)];
  if (began.workspace !== here.workspace) {
    const message = `Run ${run} works in ${there} with what is arranged there, and this is ${now}.`;
    return new NanosError("run.elsewhere", message, `In that folder: nanos resume ${run}`);
  }
  const [had, has] = [began.arrangement, here.arrangement];
  if (had === undefined || has === undefined || had === has) return null;
  const other = `and here ${plainText(has)} is in force`;
  const message = `Run ${run} began under the arrangement in ${plainText(had)}, ${other}.`;
  return new NanosError("run.elsewhere", message, "It goes on where that one is in force.");
}
