import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hashOf } from "../std/hash.ts";
import { isObject, type Json } from "../std/json.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Boxed, Mapped } from "../sandbox/sandbox.ts";
import { writeChanges } from "../sandbox/stage/commit.ts";
import { contentsOf, readWritten, reopenStage } from "../sandbox/stage/handle.ts";
import { planUndo, readUndo, stageUndo, type Undone, unkeptIn } from "../sandbox/stage/undo.ts";
import type { Written } from "../sandbox/stage/written.ts";
import { isFailure } from "./failures.ts";
import type { Commits } from "../contracts/undo.ts";
import type { Staged, ToolHost } from "./tool-host.ts";

/** What sandboxed calls wrote and nobody has committed or discarded yet, by step. */
export interface Stages {
  /** The folder a step's writes go to, emptied of what an attempt that did not end left there. */
  fresh(step: string): Promise<string>;
  /** Takes over the stage of an ended process; null when it wrote nothing. */
  keep(step: string, boxed: Boxed): Promise<Staged | Failure | null>;
  /** The stage of a step, also one that an earlier process left; null when there is none. */
  reopen(step: string): Promise<Staged | null>;
  /** What taking commits back would do, and a stage of a step that does it. */
  undoing(commits: Commits): ReturnType<ToolHost["undoing"]>;
  takeBack(step: string, commits: Commits): Promise<Staged | Failure>;
  /** What a commit of the step would write, to be shown; empty when there is nothing. */
  written(step: string): readonly Written[];
}

type Stage = Pick<Boxed, "changes" | "commit" | "discard">;

/** Stages below `dir`; what a commit replaces goes below `undo`, per step. */
export function openStages(dir: string, undo: string): Stages {
  const kept = new Map<string, Staged>();
  const folder = (step: string): string => join(dir, folderName(step));

  async function stagedOf(step: string, stage: Stage): Promise<Staged | Failure | null> {
    const changes = await stage.changes();
    if (isFailure(changes) || changes.length === 0) {
      await stage.discard();
      return isFailure(changes) ? changes : null;
    }
    return {
      changes,
      diff: hashOf(changes as unknown as Json),
      contents: () => contentsOf(folder(step)),
      commit: () => stage.commit(join(undo, folderName(step))),
      unkept: () => unkeptIn(join(undo, folderName(step))),
      async discard() {
        kept.delete(step);
        await stage.discard();
      },
    };
  }

  return {
    async fresh(step) {
      kept.delete(step);
      await rm(folder(step), { recursive: true, force: true });
      return folder(step);
    },
    async keep(step, boxed) {
      const staged = await stagedOf(step, boxed);
      if (staged !== null && !isFailure(staged)) kept.set(step, staged);
      return staged;
    },
    async reopen(step) {
      const known = kept.get(step);
      if (known) return known;
      const left = reopenStage(folder(step));
      const staged = left && (await stagedOf(step, left));
      return staged === null || isFailure(staged) ? null : staged;
    },
    undoing: (commits) => looked(keptOf(undo, commits)),
    async takeBack(step, commits) {
      const stage = stageBack(folder(step), keptOf(undo, commits));
      const staged = isFailure(stage) ? stage : await stagedOf(step, stage);
      return staged ?? NOTHING_BACK;
    },
    written: (step) => readWritten(folder(step)),
  };
}

function keptOf(undo: string, commits: Commits): readonly Undone[] {
  return commits.map(({ step, files }) => ({ undo: join(undo, folderName(step)), files }));
}

function looked(commits: readonly Undone[]): ReturnType<ToolHost["undoing"]> {
  return { files: planUndo(commits), written: readUndo(commits) };
}

/** The stage in `folder` that takes commits back: the one that is there after a crash, or a new one. */
function stageBack(folder: string, commits: readonly Undone[]): Stage | Failure {
  const left = reopenStage(folder);
  if (left) return left;
  const changes = stageUndo(commits, folder);
  if (isFailure(changes)) return changes;
  writeChanges(folder, changes);
  return reopenStage(folder) ?? NOTHING_BACK;
}

const NOTHING_BACK: Failure = {
  code: "undo.nothing",
  message: "All of it is as it was before.",
  next: "There is nothing to do.",
};

/** What a process said, in which it may have named places of its stage: as the places they stand for. */
export function withRealPlaces(said: string, mapping: readonly Mapped[]): string;
export function withRealPlaces(said: Json, mapping: readonly Mapped[]): Json;
export function withRealPlaces(said: Json, mapping: readonly Mapped[]): Json {
  if (mapping.length === 0) return said;
  if (typeof said === "string") {
    return mapping.reduce((text, { real, staged }) => text.replaceAll(staged, () => real), said);
  }
  if (Array.isArray(said)) return said.map((item: Json) => withRealPlaces(item, mapping));
  if (!isObject(said)) return said;
  const fields = Object.entries(said).map(([key, item]) => [key, withRealPlaces(item, mapping)]);
  return Object.fromEntries(fields);
}

/** A step's id is a plain name; anything else is hashed, so that no id names another folder. */
function folderName(step: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/u.test(step)) return step;
  return createHash("sha256").update(step).digest("hex");
}
