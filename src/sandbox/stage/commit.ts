import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import { codeOf } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import type { StagedChange } from "./changes.ts";
import { changedMeanwhile, hashAt, LINK_MODE, modeOf } from "./changes.ts";
import { attempt, flush, look, writeDurably } from "./disk.ts";
import { keepPreImages } from "./undo.ts";

/**
 * How changes get into the real files:
 *
 *   every real file is as it was -> pre-images and the list to `undo` -> file by file, by rename
 *
 * Nothing real is touched before every pre-image is on disk, so a crash at any point leaves what
 * `commitChanges` (again) finishes and an undo takes back (`undo.ts`). Both only ever act on a file
 * that is in one of the two states they know.
 */

/** The list a stage keeps, for a commit after nanos was gone in between. */
export const CHANGES_FILE = "changes.json";

/** Writes the list that `readChanges` reads, durably. */
export function writeChanges(stage: string, changes: readonly StagedChange[]): void {
  writeDurably(join(stage, CHANGES_FILE), JSON.stringify({ v: 1, changes }));
}

/** The changes of a stage whose process has ended, or null when they were never computed. */
export function readChanges(stage: string): readonly StagedChange[] | null {
  try {
    const text = readFileSync(join(stage, CHANGES_FILE), "utf8");
    return (JSON.parse(text) as { changes: readonly StagedChange[] }).changes;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Puts staged changes in place; see `Boxed.commit`. Null when all of them are. */
export function commitChanges(changes: readonly StagedChange[], undo: string): Failure | null {
  return attempt(() => {
    const states = changes.map((change) => stateOf(change));
    const other = changes.find((_, i) => states[i] === "other");
    if (other) return changedMeanwhile(other.path);
    const pending = changes.filter((_, i) => states[i] === "before");
    for (const change of pending) {
      const link = linkOnTheWay(change.path);
      if (link !== null) return changedMeanwhile(link);
    }
    keepPreImages(changes, undo);
    applyAll(pending);
    removeTemporaries(changes);
    return null;
  });
}

/** Where a real file is: as the change found it, as the change leaves it, or neither. */
function stateOf(change: StagedChange): "before" | "after" | "other" {
  const stat = look(change.path);
  const hash = hashAt(change.path, stat);
  const mode = stat && hash !== null ? modeOf(stat) : undefined;
  // A folder where a file shall come is emptied by the deletions that come first.
  if (hash === change.after && (change.after === null || mode === change.mode)) return "after";
  return hash === change.before ? "before" : "other";
}

/** Folders on the way to a file must be folders: a link would lead the write elsewhere. */
function linkOnTheWay(path: string): string | null {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    if (look(at)?.isSymbolicLink()) return at;
  }
  return null;
}

/** One by one, each whole or not at all; on disk when it returns. */
function applyAll(changes: readonly StagedChange[]): void {
  const folders = new Set<string>();
  for (const change of inOrder(changes)) {
    apply(change);
    folders.add(dirname(change.path));
  }
  for (const folder of folders) if (look(folder)?.isDirectory()) flush(folder);
}

/** Deletions first, deepest first, so that a file may take the place of a folder. */
function inOrder<T extends FileChange>(changes: readonly T[]): T[] {
  const deleted = changes.filter((change) => change.after === null);
  const written = changes.filter((change) => change.after !== null);
  return [...deleted.toSorted((a, b) => b.path.length - a.path.length), ...written];
}

function apply(change: StagedChange): void {
  if (change.after === null) return remove(change);
  const folder = dirname(change.path);
  makeFolders(folder);
  const old = look(change.path);
  if (old?.isDirectory()) removeEmptyTree(change.path);
  const temporary = temporaryOf(change.path);
  unlink(temporary);
  if (change.mode === LINK_MODE) symlinkSync(linkText(change), temporary);
  else writeCopy(change, temporary);
  giveTo(temporary, change.owner ?? (old && !old.isDirectory() ? old : lstatSync(folder)), change);
  renameSync(temporary, change.path);
}

/** Where a file is written before it takes its place; always the same, so that none is left over. */
function temporaryOf(path: string): string {
  return join(dirname(path), `.nanos-${sha256(path).slice(0, 16)}.tmp`);
}

/** What a commit that was killed had begun to write. */
export function removeTemporaries(changes: readonly FileChange[]): void {
  for (const { path } of changes) unlink(temporaryOf(path));
}

function writeCopy(change: StagedChange, temporary: string): void {
  copyFileSync(change.staged, temporary);
  chmodSync(temporary, change.mode ?? 0o644);
  flush(temporary);
}

/** The text of a staged link, or of a kept one, which lies in a file. */
function linkText(change: StagedChange): string {
  const stat = lstatSync(change.staged);
  return stat.isSymbolicLink() ? readlinkSync(change.staged) : readFileSync(change.staged, "utf8");
}

/** As root, a file stays its owner's; a new one is the folder owner's. Others can only own it. */
function giveTo(file: string, owner: { uid: number; gid: number }, change: StagedChange): void {
  if (process.getuid?.() !== 0 || change.mode === LINK_MODE) return;
  chownSync(file, owner.uid, owner.gid);
  // Changing the owner drops permission bits on some systems.
  chmodSync(file, change.mode ?? 0o644);
}

/** New folders are as open as the nearest existing one. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  const above = lstatSync(dirname(folder));
  mkdirSync(folder, { mode: above.mode & 0o777 });
  if (process.getuid?.() === 0) chownSync(folder, above.uid, above.gid);
}

/** Removes the file, and the folders around it that are gone from the stage too, once empty. */
function remove(change: StagedChange): void {
  unlink(change.path);
  let staged = dirname(change.staged);
  for (let at = dirname(change.path); look(staged) === undefined; at = dirname(at)) {
    if (!removeIfEmpty(at)) return;
    staged = dirname(staged);
  }
}

/** Removes a file if there is one; a folder on the way that is a file means there is none. */
function unlink(path: string): void {
  if (look(path) !== undefined) unlinkSync(path);
}

function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** A folder whose files are all gone, in whose place a file comes. Fails when one is left. */
function removeEmptyTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}
