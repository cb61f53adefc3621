import type { Stats } from "node:fs";
import {
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import type { Failure } from "../../contracts/outcome.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Mapped } from "../sandbox.ts";

/** What was in a root when it was copied, by path relative to the root; `""` is a root that is a file. */
export type Baseline = ReadonlyMap<string, Seen>;

export interface Seen {
  readonly kind: "file" | "link";
  readonly mode: number;
  /** Size and times of the real file and of its copy; a file whose numbers stay is unchanged. */
  readonly real: Mark;
  readonly copy: Mark;
  /** Where a link points. */
  readonly target?: string;
}

export interface Mark {
  readonly size: number;
  readonly inode: number;
  /** Milliseconds since 1970, with a fraction. No program can set it. */
  readonly changed: number;
}

export interface StagedRoot extends Mapped {
  /** `missing`: there was nothing; the copy is an empty folder, or file if the name has a suffix. */
  readonly was: "folder" | "file" | "missing";
  readonly baseline: Baseline;
}

export interface PreparedStage {
  readonly roots: readonly StagedRoot[];
  readonly mapping: readonly Mapped[];
  readonly cwd: string;
}

export interface StageWants {
  /** The stage's folder. */
  readonly stage: string;
  /** Real paths, none inside another. */
  readonly writes: readonly string[];
  readonly reads: readonly string[];
  /** Real folders that are not copied, wherever they lie. */
  readonly hidden?: readonly string[];
  readonly cwd: string;
  readonly bytes: number;
  /** User that shall own the copies; null for this process's. */
  readonly owner: number | null;
}

/**
 * Copies the writable roots into the stage. Real copies (shared blocks where the file system can),
 * never hard links, so that nothing the process does reaches a real file. Sockets, pipes and
 * devices are left out.
 */
export async function prepareStage(wants: StageWants): Promise<PreparedStage | Failure> {
  const base = join(wants.stage, "root");
  // What a call that was cut off left here was never committed; the call begins anew.
  rmSync(wants.stage, { recursive: true, force: true });
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const budget: Budget = { bytes: wants.bytes, files: LIMITS.stageFiles, sinceYield: 0 };
  const roots: StagedRoot[] = [];
  for (const real of wants.writes) {
    const copy = { owner: wants.owner, budget, hidden: wants.hidden ?? [], baseline: new Map() };
    const root = await copyRoot(real, join(base, real), copy);
    if (budget.bytes < 0 || budget.files < 0) return tooLarge(real, wants.bytes);
    roots.push(root);
  }
  const shadows = wants.writes.some((root) => within(root, wants.cwd) || within(wants.cwd, root));
  const cwd = shadows ? join(base, wants.cwd) : wants.cwd;
  if (shadows) linkSiblings(wants, base);
  const mapping: Mapped[] = roots.map(({ real, staged }) => ({ real, staged }));
  if (shadows && !wants.writes.includes(wants.cwd)) mapping.push({ real: wants.cwd, staged: cwd });
  mapping.sort((a, b) => b.real.length - a.real.length);
  return { roots, mapping, cwd };
}

/** True when `path` is `folder` or lies below it. Both absolute and without `..`. */
export function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

export function tooLarge(root: string, bytes: number): Failure {
  return {
    code: "sandbox.stage_too_large",
    message:
      `${root} holds more than ${Math.floor(bytes / 1024 ** 2)} MiB or ` +
      `${LIMITS.stageFiles} files, more than one call may work on.`,
    next: "Narrow the write scope to the folder it really changes.",
  };
}

interface Budget {
  bytes: number;
  files: number;
  sinceYield: number;
}

interface Copy {
  readonly hidden: readonly string[];
  readonly owner: number | null;
  readonly budget: Budget;
  readonly baseline: Map<string, Seen>;
}

async function copyRoot(real: string, staged: string, copy: Copy): Promise<StagedRoot> {
  const { baseline, budget, owner } = copy;
  mkdirSync(dirname(staged), { recursive: true, mode: 0o700 });
  const stat = statSync(real, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (extname(real) === "") mkdirSync(staged, { mode: 0o700 });
    else writeFileSync(staged, "");
    give(staged, owner);
    return { real, staged, was: "missing", baseline };
  }
  if (!stat.isDirectory()) {
    copyEntry(real, staged, "", copy);
    return { real, staged, was: "file", baseline };
  }
  const folders = [""];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    mkdirSync(join(staged, at), { mode: 0o700 });
    give(join(staged, at), owner);
    for (const name of readdirSync(join(real, at))) {
      const path = join(at, name);
      if (copy.hidden.includes(join(real, path))) continue;
      if (copyEntry(join(real, path), join(staged, path), path, copy)) folders.push(path);
      if (budget.bytes < 0 || budget.files < 0) return { real, staged, was: "folder", baseline };
    }
    await breathe(budget);
  }
  return { real, staged, was: "folder", baseline };
}

/** Lets other work in between: a large tree must not stop the whole program. */
async function breathe(budget: Budget): Promise<void> {
  if (budget.sinceYield < 200) return;
  budget.sinceYield = 0;
  await new Promise((resolve) => setImmediate(resolve));
}

/** True for a folder, which the caller goes into. */
function copyEntry(from: string, to: string, path: string, copy: Copy): boolean {
  const { budget, baseline } = copy;
  const stat = lstatSync(from, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  budget.files -= 1;
  budget.sinceYield += 1;
  if (stat.isDirectory()) return true;
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(from);
    symlinkSync(target, to);
    give(to, copy.owner);
    baseline.set(path, { ...seen("link", stat, lstatSync(to)), target });
  } else if (stat.isFile()) {
    budget.bytes -= stat.size;
    if (budget.bytes < 0) return false;
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
    give(to, copy.owner);
    // A tool may sort by time, so the copy keeps it.
    utimesSync(to, stat.atime, stat.mtime);
    baseline.set(path, seen("file", stat, lstatSync(to)));
  }
  return false;
}

function give(path: string, owner: number | null): void {
  if (owner !== null) lchownSync(path, owner, owner);
}

function seen(kind: Seen["kind"], real: Stats, copy: Stats): Seen {
  return { kind, mode: real.mode, real: mark(real), copy: mark(copy) };
}

export function mark(stat: Stats): Mark {
  return { size: stat.size, inode: stat.ino, changed: stat.ctimeMs };
}

/** Between the working folder and each root in it, the entries beside the way become links. */
function linkSiblings(wants: StageWants, base: string): void {
  const { cwd, writes, reads } = wants;
  mkdirSync(join(base, cwd), { recursive: true, mode: 0o700 });
  const levels = new Set<string>();
  for (const root of writes) {
    if (root === cwd || !within(root, cwd)) continue;
    let at = cwd;
    for (const part of relative(cwd, root).split(sep)) {
      levels.add(at);
      at = join(at, part);
    }
  }
  for (const level of levels) {
    for (const name of readdirNames(level)) {
      const path = join(level, name);
      const covered = reads.some((read) => within(path, read) || within(read, path));
      const staged = join(base, path);
      if (covered && lstatSync(staged, { throwIfNoEntry: false }) === undefined) {
        symlinkSync(path, staged);
      }
    }
  }
}

function readdirNames(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, LIMITS.stageFiles);
  } catch {
    return [];
  }
}
