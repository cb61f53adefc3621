import { chownSync, lchownSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LockSpec } from "./lock.ts";
import type { ProcessSpec } from "./sandbox.ts";
import { isBoxId } from "./user.ts";

/**
 * Makes the folder a process keeps its own. What earlier boxes left there belongs to users of
 * theirs; a name that leads to a file of anybody else is left as it is. Nothing runs in it now.
 *
 * @returns the folder it may write, or none
 */
export function giveKept({ keeps, beside }: ProcessSpec, user: LockSpec["user"]): string[] {
  if (keeps === undefined) return [];
  const { folder } = keeps;
  if (beside !== undefined) return [folder];
  rmSync(join(folder, SCRATCH), { recursive: true, force: true });
  if (user === null) return [folder];
  chownSync(folder, user.id, user.id);
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const name of readdirSync(at)) {
      const path = join(at, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      // A folder has no second name, which a file may.
      if (isBoxId(stat.uid) || stat.isDirectory()) lchownSync(path, user.id, user.id);
      if (stat.isDirectory()) folders.push(path);
    }
  }
  return [folder];
}

/** A place for temporary files in what a process writes, where it finds none of its own. */
export function makeScratch(folder: string, user: LockSpec["user"]): string {
  const scratch = join(folder, SCRATCH);
  mkdirSync(scratch, { mode: 0o700, recursive: true });
  if (user !== null) chownSync(scratch, user.id, user.id);
  return scratch;
}

const SCRATCH = "tmp";
