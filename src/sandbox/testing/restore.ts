import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import { commitChanges, removeTemporaries } from "../stage/commit.ts";
import { stageUndo } from "../stage/undo.ts";

/** Takes a commit back from what was kept of it, as an undo does. */
export function restore(undo: string): Failure | null {
  const { changes } = JSON.parse(readFileSync(join(undo, "undo.json"), "utf8")) as {
    changes: readonly FileChange[];
  };
  const back = stageUndo([{ undo, files: changes }], `${undo}-back-stage`);
  // The commit may have been killed.
  removeTemporaries(changes);
  return "code" in back ? back : commitChanges(back, `${undo}-back`);
}
