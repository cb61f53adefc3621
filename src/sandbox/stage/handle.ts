import { rm } from "node:fs/promises";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import type { StagedChange } from "./changes.ts";
import { findChanges } from "./changes.ts";
import { commitChanges, readChanges, writeChanges } from "./commit.ts";
import type { StagedRoot } from "./copy.ts";

/** A stage whose process has ended. */
export interface StageHandle {
  readonly folder: string;
  changes(): Promise<readonly FileChange[] | Failure>;
  commit(undo: string): Promise<Failure | null>;
  discard(): Promise<void>;
}

/** The stage of a process that just ran. The change set is computed once, and kept in the stage. */
export function stageHandle(
  folder: string,
  roots: readonly StagedRoot[],
  bytes: number,
  startedAt: number,
): StageHandle {
  let found: readonly StagedChange[] | null = null;
  return {
    folder,
    changes: async () => {
      if (found === null) {
        const changes = await findChanges(roots, bytes, startedAt);
        if ("code" in changes) return changes;
        writeChanges(folder, changes);
        found = changes;
      }
      return found.map(withoutStaged);
    },
    commit: async (undo) => (found === null ? notComputed() : commitChanges(found, undo)),
    discard: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * A stage left behind by a nanos that was killed, whose change set had been computed; null when it
 * had not, or the stage is gone. Its commit finishes what the first one began.
 */
export function reopenStage(folder: string): StageHandle | null {
  const found = readChanges(folder);
  if (found === null) return null;
  return {
    folder,
    changes: async () => found.map(withoutStaged),
    commit: async (undo) => commitChanges(found, undo),
    discard: () => rm(folder, { recursive: true, force: true }),
  };
}

function withoutStaged({ staged: _, ...change }: StagedChange): FileChange {
  return change;
}

function notComputed(): Failure {
  return {
    code: "sandbox.no_changes",
    message: "The changes of this stage were not looked at before they were to be written.",
    next: "Ask for the changes first.",
  };
}
