import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import type { Failure } from "../contracts/outcome.ts";
import { commitChanges, readChanges } from "../sandbox/stage/commit.ts";
import type { Boxed } from "../sandbox/sandbox.ts";
import { isFailure } from "./failures.ts";
import type { Staged } from "./tool-host.ts";

/** What sandboxed calls wrote and nobody has committed or discarded yet, by step. */
export interface Stages {
  /** The folder a step's writes go to. */
  folder(step: string): string;
  /** Takes over the stage of an ended process; null when it wrote nothing. */
  keep(step: string, boxed: Boxed): Promise<Staged | Failure | null>;
  reopen(step: string): Promise<Staged | null>;
}

/** Stages below `dir`; what a commit replaces goes below `undo`, per step. */
export function openStages(dir: string, undo: string): Stages {
  const kept = new Map<string, Staged>();
  return {
    folder: (step) => join(dir, folderName(step)),
    async keep(step, boxed) {
      const changes = await boxed.changes();
      if (isFailure(changes)) {
        await boxed.discard();
        return changes;
      }
      if (changes.length === 0) {
        await boxed.discard();
        return null;
      }
      const staged: Staged = {
        changes,
        diff: hashOf(changes as unknown as Json),
        async commit() {
          const failure = await boxed.commit(join(undo, folderName(step)));
          if (failure === null) kept.delete(step);
          return failure;
        },
        async discard() {
          kept.delete(step);
          await boxed.discard();
        },
      };
      kept.set(step, staged);
      return staged;
    },
    async reopen(step) {
      return kept.get(step) ?? fromDisk(join(dir, folderName(step)), join(undo, folderName(step)));
    },
  };
}

/** A stage that an earlier process left: a wait for the operator may outlive the process. */
function fromDisk(folder: string, undo: string): Staged | null {
  const found = readChanges(folder);
  if (found === null) return null;
  const changes = found.map(({ staged: _, ...change }) => change);
  return {
    changes,
    diff: hashOf(changes as unknown as Json),
    commit: async () => commitChanges(found, undo),
    discard: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A step's id is a plain name; anything else is hashed, so that no id names another folder. */
function folderName(step: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/u.test(step)) return step;
  return createHash("sha256").update(step).digest("hex");
}
