import type { Stats } from "node:fs";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Seen, StagedRoot } from "./copy.ts";
import { mark, tooLarge } from "./copy.ts";

/** A change with the staged file it comes from. */
export interface StagedChange extends FileChange {
  readonly staged: string;
  /** Whose the file becomes, where that is known. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** Marks a symbolic link in a change's `mode`; its hash is that of the text it holds. */
export const LINK_MODE = 0o120777;

/**
 * What the process did to its copies, sorted by path. Every name counts, protected ones too: what
 * may be changed is for others to judge. `startedAt` is when the process started, milliseconds
 * since 1970: a copy made just before is compared by content, as a clock tick is not enough to
 * tell it from one written just after.
 */
export async function findChanges(
  roots: readonly StagedRoot[],
  bytes: number,
  startedAt: number,
): Promise<readonly StagedChange[] | Failure> {
  const found: StagedChange[] = [];
  const budget = { bytes, files: LIMITS.stageFiles };
  for (const root of roots) {
    const failure = await rootChanges(root, budget, startedAt, found);
    if (failure) return failure;
    if (budget.bytes < 0 || budget.files < 0) return tooLarge(root.real, bytes);
  }
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The content's hash as changes carry it: of a file's bytes or a link's text; null for neither. */
export function hashAt(path: string, stat: Stats | undefined): string | null {
  if (stat?.isSymbolicLink()) return sha256(readlinkSync(path));
  return stat?.isFile() ? sha256(readFileSync(path)) : null;
}

/** True while what lies at a path has this hash; what cannot be looked at counts as unchanged. */
export function isStill(path: string, hash: string): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() && stat.size > LIMITS.storedBytes) return true;
    return hashAt(path, stat) === hash;
  } catch {
    return true;
  }
}

/** The mode a change carries: permission bits, without set-id and sticky. */
export function modeOf(stat: Stats): number {
  return stat.isSymbolicLink() ? LINK_MODE : stat.mode & 0o777;
}

interface Budget {
  bytes: number;
  files: number;
}

async function rootChanges(
  root: StagedRoot,
  budget: Budget,
  startedAt: number,
  found: StagedChange[],
): Promise<Failure | null> {
  const gone = new Set(root.baseline.keys());
  const places = [""];
  for (let at = places.pop(); at !== undefined; at = places.pop()) {
    const staged = join(root.staged, at);
    const stat = lstatSync(staged, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    budget.files -= 1;
    budget.bytes -= stat.isDirectory() ? 0 : stat.size;
    if (budget.files < 0 || budget.bytes < 0) return null;
    if (stat.isDirectory()) {
      places.push(...readdirSync(staged).map((name) => join(at, name)));
      // Nothing is read of what is too much by its names alone.
      if (places.length > budget.files) budget.files = -1;
      await pause(places.length);
      continue;
    }
    const before = root.baseline.get(at);
    gone.delete(at);
    const change = entryChange(root, at, stat, before, startedAt);
    if (change !== null && "code" in change) return change;
    if (change !== null) found.push(change);
  }
  return deletions(root, gone, found);
}

function pause(waiting: number): Promise<void> | null {
  return waiting % 64 === 63 ? new Promise((resolve) => setImmediate(resolve)) : null;
}

/** Null when the entry is as it was. */
function entryChange(
  root: StagedRoot,
  at: string,
  stat: Stats,
  before: Seen | undefined,
  startedAt: number,
): StagedChange | Failure | null {
  const path = join(root.real, at);
  const staged = join(root.staged, at);
  if (!stat.isFile() && !stat.isSymbolicLink()) return specialFile(path);
  if (before && untouched(before, stat, startedAt)) return null;
  if (!before && root.was === "missing" && at === "" && stat.size === 0) return null;
  const after = hashAt(staged, stat);
  const mode = modeOf(stat);
  const base = { path, staged, after, mode, bytes: stat.size };
  if (stat.isSymbolicLink() && !(before?.target === readlinkSync(staged))) {
    if (leaves(at, readlinkSync(staged))) return linkOutside(path);
  }
  if (!before) return { ...base, kind: "created", before: null };
  const was = hashBefore(path, before);
  if (typeof was !== "string") return was;
  if (was === after && mode === modeBefore(before)) return null;
  return { ...base, kind: "modified", before: was };
}

function untouched(before: Seen, stat: Stats, startedAt: number): boolean {
  const now = mark(stat);
  const same =
    now.inode === before.copy.inode &&
    now.size === before.copy.size &&
    now.changed === before.copy.changed;
  return same && now.changed < startedAt - CLOCK_TICK_MS;
}

/** Coarsest tick of the clock that stamps files on Linux, twice over. */
const CLOCK_TICK_MS = 20;

function modeBefore(before: Seen): number {
  return before.kind === "link" ? LINK_MODE : before.mode & 0o777;
}

function deletions(root: StagedRoot, gone: Set<string>, found: StagedChange[]): Failure | null {
  for (const at of gone) {
    const path = join(root.real, at);
    const before = root.baseline.get(at);
    const was = before ? hashBefore(path, before) : null;
    if (typeof was !== "string") return was;
    const staged = join(root.staged, at);
    found.push({ path, staged, kind: "deleted", before: was, after: null, bytes: 0 });
  }
  return null;
}

/** Hash of the real file, as long as it is the one that was copied. */
function hashBefore(path: string, before: Seen): string | Failure {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const now = stat && mark(stat);
  const same =
    now !== undefined &&
    now.inode === before.real.inode &&
    now.size === before.real.size &&
    now.changed === before.real.changed;
  const hash = same ? hashAt(path, stat) : null;
  return hash ?? changedMeanwhile(path);
}

/** True when a link at `at` (relative to its root) points outside the root, or absolutely. */
function leaves(at: string, target: string): boolean {
  if (isAbsolute(target)) return true;
  const end = normalize(join(dirname(at), target));
  return end === ".." || end.startsWith(`..${sep}`);
}

export function changedMeanwhile(path: string): Failure {
  return {
    code: "sandbox.changed_meanwhile",
    message: `${path} was changed by something else while the tool worked on a copy of it.`,
    next: "Look at the file, then run the step again.",
  };
}

function linkOutside(path: string): Failure {
  return {
    code: "sandbox.link_outside",
    message: `The tool left a symbolic link at ${path} that points out of its folder.`,
    next: "Have the tool write a file, or a relative link inside the folder.",
  };
}

function specialFile(path: string): Failure {
  return {
    code: "sandbox.special_file",
    message: `The tool left something at ${path} that is neither a file nor a folder.`,
    next: "Report it to the tool's author.",
  };
}
