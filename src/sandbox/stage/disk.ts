import type { Stats } from "node:fs";
import { closeSync, fsyncSync, lstatSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Failure } from "../../contracts/outcome.ts";
import { codeOf, messageOf } from "../../std/error.ts";

/** What is at a path, not following a link; undefined when nothing can be there. */
export function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Brings a file, or what a folder names, onto the disk. */
export function flush(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a file whole or not at all; on disk when it returns. */
export function writeDurably(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  flush(temporary);
  renameSync(temporary, path);
  flush(dirname(path));
}

/** A file system that says no is a failure, not a crash. */
export function attempt<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    const code = codeOf(error);
    if (code === "") throw error;
    return {
      code: "sandbox.commit_failed",
      message: `The changes could not be written: ${messageOf(error)}.`,
      next: code === "ENOSPC" ? "Free some space, then resume." : "Fix the folder, then resume.",
    };
  }
}
