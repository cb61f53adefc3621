import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { relative } from "node:path";
import { messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { Mapped } from "../../sandbox/sandbox.ts";
import { failure } from "../failures.ts";
import { isWithin, pathsOf } from "../scopes.ts";

/**
 * Files read and written for a process that runs, in the place of its own hands. It may put a link
 * wherever it writes, at any moment, so no path is followed: each folder is opened from the one
 * before it, and a link on the way is an end.
 */
export interface StageFiles {
  /** `path` is the real one; what is in the stage comes from there. */
  read(path: string): string | Failure;
  /** Into the stage: nothing real changes before its commit. */
  write(path: string, text: string): string | Failure;
}

/** What `write` gives when it is done. */
const DONE = "";

export function stageFiles(given: {
  readonly scopes: readonly Scope[];
  readonly workspace: string;
  readonly mapping: readonly Mapped[];
}): StageFiles {
  const { scopes, workspace, mapping } = given;
  const writes = pathsOf(scopes, "write", workspace);
  const reads = pathsOf(scopes, "read", workspace);
  const staged = (path: string): { root: string; path: string } | null => {
    const root = writes.find((one) => isWithin(one, path));
    const place = mapping.find(({ real }) => root !== undefined && isWithin(real, root));
    if (root === undefined || !place) return null;
    const at = (one: string): string => `${place.staged}${one.slice(place.real.length)}`;
    return { root: at(root), path: at(path) };
  };
  return {
    read: (path) =>
      attempt(path, () => {
        const copy = staged(path);
        if (copy) return readFrom(opened(copy, constants.O_RDONLY));
        const real = realpathSync(path);
        if (!reads.some((root) => isWithin(realpathSync(root), real))) throw new Error("no scope");
        return readFrom(openSync(real, constants.O_RDONLY | NO_LINK));
      }),
    write: (path, text) =>
      attempt(path, () => {
        const copy = staged(path);
        if (!copy || text.length > LIMITS.toolOutputBytes) throw new Error("it may not be written");
        const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
        writeTo(opened(copy, O_WRONLY | O_CREAT | O_TRUNC), text);
        return DONE;
      }),
  };
}

/** A link is not followed, and a pipe not waited for. */
const NO_LINK = constants.O_NOFOLLOW | constants.O_NONBLOCK;

function attempt(path: string, act: () => string): string | Failure {
  try {
    return act();
  } catch (error) {
    return failure("tool.failed", `${path} could not be used: ${messageOf(error)}`);
  }
}

/** Opens a file below a folder of the stage, or the file that is all of the stage. */
function opened({ root, path }: { root: string; path: string }, flags: number): number {
  const inside = relative(root, path);
  const makes = (flags & constants.O_CREAT) !== 0;
  if (inside === "") return openSync(path, flags | NO_LINK, 0o644);
  const parts = inside.split("/");
  const name = parts.pop() ?? "";
  let folder = openSync(root, FOLDER);
  try {
    for (const part of parts) {
      const next = below(folder, part);
      if (makes) makeFolder(next, folder);
      const inner = openSync(next, FOLDER);
      closeSync(folder);
      folder = inner;
    }
    const file = openSync(below(folder, name), flags | NO_LINK, 0o644);
    if (makes) giveLike(file, folder);
    return file;
  } finally {
    closeSync(folder);
  }
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A name in an opened folder, wherever that folder has been moved to since. */
function below(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`;
}

function makeFolder(path: string, parent: number): void {
  try {
    mkdirSync(path, 0o755);
  } catch {
    // It is there, or the opening that follows says what is wrong.
    return;
  }
  const made = openSync(path, FOLDER);
  giveLike(made, parent);
  closeSync(made);
}

/** Gives what was made to whoever owns the folder it lies in, as the process may be another user. */
function giveLike(file: number, folder: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = fstatSync(folder);
  fchownSync(file, uid, gid);
}

function readFrom(file: number): string {
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error("it is no file");
    if (stat.size > LIMITS.toolOutputBytes) throw new Error("it is too large");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function writeTo(file: number, text: string): void {
  try {
    if (!fstatSync(file).isFile()) throw new Error("it is no file");
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** True where folders can be opened one from the other. */
export function canHandFiles(): boolean {
  return process.platform === "linux";
}
