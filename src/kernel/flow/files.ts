import type { Label } from "../../contracts/label.ts";
import { scopeParts, type Scope } from "../../contracts/scope-parts.ts";
import { UNKNOWN_LABEL } from "../../gate/labels.ts";
import type { Frame } from "../frame.ts";
import { writtenBelow } from "../views/written.ts";
import { isLabelled } from "./flow.ts";

/**
 * The labels of the files a call may read, where a run wrote them and they are still what was
 * written then. Which of them it reads nobody knows, so all of them count. What somebody else has
 * changed since is theirs, and the tool's own word for it holds.
 */
export async function labelsOfFiles(
  frame: Frame,
  scopes: readonly Scope[],
): Promise<readonly Label[]> {
  const { world } = frame;
  const folders = scopes
    .map(scopeParts)
    .flatMap(({ kind, value }) =>
      kind === "read" || kind === "write" ? [value === "/" ? "" : value] : [],
    );
  if (!world || folders.length === 0 || !isLabelled(frame)) return [];
  const written = writtenBelow(world.journal, folders);
  if (written === null) return [UNKNOWN_LABEL];
  const still = await Promise.all(
    written.map(async ({ path, hash, label }) =>
      (await world.isStill(path, hash)) ? [label] : [],
    ),
  );
  return still.flat();
}
