import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import type { StagedChange } from "./changes.ts";
import { contentAt, type Written } from "./written.ts";
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

/**
 * What the stage in `folder` would put in place, beside what lies there now, to be shown to a
 * person. Empty where there is no stage whose changes were looked at.
 */
export function readWritten(folder: string): readonly Written[] {
  return (readChanges(folder) ?? []).map(({ path, kind, staged }) => ({
    path,
    before: kind === "created" ? null : contentAt(path),
    after: kind === "deleted" ? null : contentAt(staged),
  }));
}

/** A staged file with its real path, and what would lie there, in pieces. */
export interface StagedContent {
  readonly path: string;
  readonly content: Iterable<Uint8Array>;
}

/** All that the stage in `folder` would put in place, however large, to be looked through. */
export function* contentsOf(folder: string): Generator<StagedContent> {
  for (const { path, kind, staged } of readChanges(folder) ?? []) {
    if (kind !== "deleted") yield { path, content: piecesOf(staged) };
  }
}

function* piecesOf(path: string): Generator<Uint8Array> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) yield Buffer.from(readlinkSync(path));
  if (stat?.isFile() !== true) return;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, stat.size + 1));
    for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece)) {
      yield piece.subarray(0, read);
    }
  } finally {
    closeSync(fd);
  }
}

const PIECE_BYTES = 1024 * 1024;

function withoutStaged({ staged: _, owner: _owner, ...change }: StagedChange): FileChange {
  return change;
}

function notComputed(): Failure {
  return {
    code: "sandbox.no_changes",
    message: "The changes of this stage were not looked at before they were to be written.",
    next: "Ask for the changes first.",
  };
}
