import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import type { UndoFile } from "../../contracts/undo.ts";
import { codeOf } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import { changedMeanwhile, hashAt, modeOf, type StagedChange } from "./changes.ts";
import { attempt, flush, look, writeDurably } from "./disk.ts";
import { contentAt, type Written } from "./written.ts";

/**
 * What was there before commits, so that they can be taken back. Bounded: of a file that is too
 * large nothing is kept, and where all of it grows too large the oldest commits go first.
 *
 *     DIR/STEP/undo.json   what the commit changed, with mode and owner before
 *     DIR/STEP/HASH        a file as it was; of a link its text
 *     DIR/total            bytes held, a hint that is counted anew when it is missing
 */
interface Kept {
  readonly v: 1;
  readonly changes: readonly KeptChange[];
  /** Folders the commit made, deepest first. */
  readonly folders: readonly string[];
}

interface KeptChange extends FileChange {
  /** Mode and owner before; absent for a created file. */
  readonly was?: { readonly mode: number; readonly uid: number; readonly gid: number };
  /** True where the content before was too large to keep. */
  readonly unkept?: true;
}

const LIST = "undo.json";

/** Bytes of one file and of all that are kept. */
export interface UndoLimits {
  readonly file: number;
  readonly all: number;
}

const BOUNDS: UndoLimits = { file: LIMITS.undoFileBytes, all: LIMITS.undoBytes };

/** Keeps what is there before a commit, durably. What is kept already stays as it is. */
export function keepPreImages(
  changes: readonly StagedChange[],
  undo: string,
  bounds: UndoLimits = BOUNDS,
): void {
  // The list is written last: once it is there, every pre-image is.
  if (existsSync(join(undo, LIST))) return;
  mkdirSync(undo, { recursive: true, mode: 0o700 });
  let room = bounds.all / 2;
  const kept: KeptChange[] = changes.map(({ staged: _, owner: _owner, ...change }) => {
    const stat = look(change.path);
    if (change.before === null || stat === undefined) return change;
    const was = { mode: modeOf(stat), uid: stat.uid, gid: stat.gid };
    if (stat.size > bounds.file || stat.size > room) return { ...change, was, unkept: true };
    room -= stat.size;
    const image = join(undo, change.before);
    if (!existsSync(image)) writeImage(change.path, image, stat.isSymbolicLink());
    return { ...change, was };
  });
  const list: Kept = { v: 1, changes: kept, folders: newFolders(changes) };
  writeDurably(join(undo, LIST), JSON.stringify(list));
  makeRoom(dirname(undo), undo, bounds.all);
}

/** Files of a commit whose content before was too large to keep. */
export function unkeptIn(undo: string): readonly string[] {
  return (readKept(undo)?.changes ?? []).flatMap(({ path, unkept }) => (unkept ? [path] : []));
}

/** One commit to be taken back: its folder, and what it changed by the record. */
export interface Undone {
  readonly undo: string;
  readonly files: readonly FileChange[];
}

/** A file as commits found it, and as they left it. */
interface Back {
  readonly file: UndoFile;
  readonly was: KeptChange["was"];
  /** The content before; null where there was none, or nothing of it is kept. */
  readonly image: string | null;
}

/** What taking these commits back, the newest first, would do to each file. */
export function planUndo(commits: readonly Undone[]): readonly UndoFile[] {
  return backOf(commits).map(({ file }) => file);
}

/** What would come of it beside what is there, to be shown. */
export function readUndo(commits: readonly Undone[]): readonly Written[] {
  return backOf(commits)
    .filter(({ file }) => file.state === "ready" || file.state === "changed")
    .map(({ file: { path, after }, image }) => ({
      path,
      before: look(path) === undefined ? null : contentAt(path),
      after: after === null || image === null ? null : contentAt(image),
    }));
}

/**
 * Makes a stage that puts back what was there before these commits. It is committed as any other,
 * so that it is finished after a crash and can be taken back itself.
 */
export function stageUndo(
  commits: readonly Undone[],
  stage: string,
): readonly StagedChange[] | Failure {
  return attempt(() => {
    const all = backOf(commits);
    const other = all.find(({ file }) => file.state !== "ready" && file.state !== "done");
    if (other) return changedMeanwhile(other.file.path);
    const made = new Set(commits.flatMap(({ undo }) => readKept(undo)?.folders ?? []));
    const changes = all
      .filter(({ file }) => file.state === "ready")
      .map((back) => stagedBack(back, stage, made));
    mkdirSync(stage, { recursive: true, mode: 0o700 });
    const torn = changes.find(({ after, staged }) => hashOfStaged(staged, after) !== after);
    if (torn) return lostImage(torn.path);
    return changes;
  });
}

function backOf(commits: readonly Undone[]): readonly Back[] {
  const all = new Map<string, Back>();
  for (const { undo, files } of commits) {
    const kept = readKept(undo);
    for (const change of files) {
      const own = kept?.changes.find(({ path }) => path === change.path);
      const newer = all.get(change.path);
      all.set(change.path, joined(newer, change, undo, kept === null ? null : own));
    }
  }
  return [...all.values()].map((back) => ({ ...back, file: { ...back.file, ...stateOf(back) } }));
}

/** An older change of a file under the newer ones: together they go back to before the older. */
function joined(
  newer: Back | undefined,
  { path, before, after }: FileChange,
  undo: string,
  kept: KeptChange | null | undefined,
): Back {
  const between = newer !== undefined && newer.file.after !== after;
  const now = newer ? newer.file.before : after;
  const state = between ? "changed" : kept === null ? "gone" : kept?.unkept ? "unkept" : "ready";
  const kind = before === null ? "deleted" : now === null ? "created" : "modified";
  const same = newer?.file.state ?? "ready";
  const image = before === null || state !== "ready" ? null : join(undo, before);
  const file: UndoFile = {
    ...{ path, kind, before: now, after: before, bytes: image === null ? 0 : sizeAt(image) },
    ...(kept?.was && { mode: kept.was.mode }),
    state: same === "ready" ? state : same,
  };
  return { file, was: kept?.was, image };
}

/** Whether a file is as the commits left it, or is back already; where it is known to be neither, that. */
function stateOf({ file, was, image }: Back): Pick<UndoFile, "state"> {
  const { path, before, after, state } = file;
  const stat = look(path);
  const hash = hashAt(path, stat);
  // A folder where no file shall be is made way for by the files that come or go in it.
  const isSame = hash === after;
  const isBack = isSame && (hash === null || !stat || !was || modeOf(stat) === was.mode);
  // Nothing need be kept of what is there.
  if (isBack) return { state: "done" };
  if (state !== "ready") return { state };
  if (hash !== before) return { state: "changed" };
  return { state: image !== null && !existsSync(image) ? "gone" : "ready" };
}

function stagedBack(
  { file, was, image }: Back,
  stage: string,
  made: ReadonlySet<string>,
): StagedChange {
  const { path, kind, before, after, bytes } = file;
  const staged = join(stage, "root", path);
  // A folder that is not in the stage goes with the last of its files: those the commit had made.
  let folder = dirname(path);
  while (after === null && made.has(folder)) folder = dirname(folder);
  mkdirSync(join(stage, "root", folder), { recursive: true, mode: 0o700 });
  if (image !== null) copyFileSync(image, staged);
  return {
    ...{ path, kind, before, after, staged, bytes },
    ...(was && { mode: was.mode, owner: { uid: was.uid, gid: was.gid } }),
  };
}

function hashOfStaged(staged: string, after: string | null): string | null {
  return after === null ? null : sha256(readFileSync(staged));
}

function lostImage(path: string): Failure {
  const message = `What is kept of ${path} is not what was there before.`;
  return { code: "undo.damaged", message, next: "Bring the file back from a backup." };
}

function sizeAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readKept(undo: string): Kept | null {
  try {
    return JSON.parse(readFileSync(join(undo, LIST), "utf8")) as Kept;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error)) || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Folders that must be made for the changes, deepest first. */
function newFolders(changes: readonly StagedChange[]): string[] {
  const missing = new Set<string>();
  for (const change of changes) {
    if (change.after === null) continue;
    for (let at = dirname(change.path); !look(at)?.isDirectory(); at = dirname(at)) missing.add(at);
  }
  return [...missing].toSorted((a, b) => b.length - a.length);
}

function writeImage(from: string, image: string, link: boolean): void {
  const temporary = `${image}.tmp`;
  if (link) writeFileSync(temporary, readlinkSync(from));
  else copyFileSync(from, temporary);
  flush(temporary);
  renameSync(temporary, image);
}

/** Lets the oldest commits go where all that is kept is too much; a quarter at once, as it is counted then. */
function makeRoom(dir: string, newest: string, most: number): void {
  const hint = join(dir, "total");
  const text = existsSync(hint) ? readFileSync(hint, "utf8") : "";
  const known = /^\d{1,15}$/u.test(text) ? Number(text) + sizeOf(newest) : Number.POSITIVE_INFINITY;
  const total = known <= most ? known : clear(dir, newest, (most * 3) / 4);
  writeFileSync(`${hint}.tmp`, String(total), { mode: 0o600 });
  renameSync(`${hint}.tmp`, hint);
}

function clear(dir: string, newest: string, most: number): number {
  const all = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dir, name))
    .map((path) => ({ path, size: sizeOf(path), at: lstatSync(path).mtimeMs }))
    .toSorted((a, b) => a.at - b.at);
  let total = all.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of all) {
    if (total <= most) break;
    if (path === newest) continue;
    rmSync(path, { recursive: true, force: true });
    total -= size;
  }
  return total;
}

/** Small files count as what they take on disk. */
function sizeOf(folder: string): number {
  const sizes = readdirSync(folder).map((name) => lstatSync(join(folder, name)).size);
  return sizes.reduce((sum, size) => sum + Math.max(size, LEAST), 0);
}

const LEAST = 4096;
