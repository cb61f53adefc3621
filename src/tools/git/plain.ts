import * as fs from "node:fs";
import { join, relative } from "node:path";
import { messageOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { type Kept, makeRepository } from "./made.ts";

/**
 * The copy of a folder that is no repository: its files, within bounds, as the one commit of a
 * repository of the copy's own, so that a patch can be made against them. Links and what is no file are
 * left out, and what is no work: dependencies, and files by whose name a secret is kept in them; and one
 * folder that nobody may reach, wherever it lies.
 */
export function copyPlain(
  from: string,
  tree: string,
  hidden: string | null,
): { commit: string } | Failure {
  try {
    const isHere = hidden !== null && fs.existsSync(hidden);
    const kept = isHere ? relative(fs.realpathSync(from), fs.realpathSync(hidden)) : null;
    const files = filesIn(from, kept);
    if (files === null) return tooLarge(from);
    for (const [path, { content, executable }] of files) {
      const file = join(tree, path);
      fs.mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
      fs.writeFileSync(file, content, { mode: executable ? 0o700 : 0o600 });
    }
    fs.mkdirSync(tree, { recursive: true, mode: 0o700 });
    return { commit: makeRepository(tree, Object.fromEntries(files)) };
  } catch (error) {
    const message = `${from} could not be copied: ${messageOf(error)}.`;
    return { code: "tree.no_repository", message, next: NEXT };
  }
}

/** Null where they are too many, too large or too deep. */
function filesIn(root: string, hidden: string | null): ReadonlyMap<string, Kept> | null {
  const files = new Map<string, Kept>();
  let bytes = 0;
  const visit = (folder: string, depth: number): boolean =>
    depth <= LIMITS.treeDepth &&
    fs.readdirSync(join(root, folder), { withFileTypes: true }).every((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (isNoWork(entry.name) || path === hidden) return true;
      if (entry.isDirectory()) return visit(path, depth + 1);
      if (!entry.isFile()) return true;
      const kept = read(join(root, path), LIMITS.treeBytes - bytes);
      if (kept === null) return false;
      bytes += kept.content.length;
      files.set(path, kept);
      return files.size <= LIMITS.treeFiles;
    });
  return visit("", 0) ? files : null;
}

/** Null for one that is larger than what is left; a link put in its place meanwhile is not followed. */
function read(path: string, most: number): Kept | null {
  const file = fs.openSync(
    path,
    fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK,
  );
  try {
    const { size, mode } = fs.fstatSync(file);
    if (size > most) return null;
    const content = fs.readFileSync(file);
    return content.length > most ? null : { content, executable: (mode & 0o100) !== 0 };
  } finally {
    fs.closeSync(file);
  }
}

/** Whether what has this name is left out of a copy, whatever is in it. */
export function isNoWork(name: string): boolean {
  return NO_WORK.test(name);
}

const NO_WORK =
  /^(?:\.git|\.nano-os|node_modules|\.env(?:\..*)?|\.ssh|\.gnupg|\.aws|\.netrc|\.npmrc|.*\.(?:pem|key|p12|kdbx))$/iu;

const NEXT = "Make it one (git init), or take `isolation` out of the agent's file.";

function tooLarge(from: string): Failure {
  const most = `${LIMITS.treeFiles} files or ${Math.floor(LIMITS.treeBytes / 1024 ** 2)} MiB`;
  const message = `${from} is no git repository, and holds more than ${most}, too much to copy.`;
  return { code: "tree.no_repository", message, next: NEXT };
}
