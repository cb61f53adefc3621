import * as fs from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { readPlain } from "../files.ts";
import { type Entry, refused } from "./entries.ts";

/** Reads a folder as a source; version control is left out, and links are seen and not followed. */
export function readFolder(root: string): readonly Entry[] {
  const entries: Entry[] = [];
  let bytes = 0;
  walk(root, LIMITS.treeDepth, (path, stat) => {
    if (stat.isDirectory()) throw refused("install.too_deep", path);
    const kind = kindOf(stat);
    const content = kind === "file" ? contentOf(join(root, path), path) : new Uint8Array();
    bytes += content.length;
    if (bytes > LIMITS.treeBytes) throw refused("install.too_large", path);
    entries.push({ path, kind, content, runs: (stat.mode & 0o100) !== 0 });
    if (entries.length > LIMITS.treeFiles) throw refused("install.too_many", path);
  });
  return entries;
}

/** The folders of a source that hold a skill, relative to it, without reading more than names. */
export function skillFolders(root: string): readonly string[] {
  const found: string[] = [];
  walk(root, SEARCH_DEPTH, (path, stat) => {
    if (stat.isDirectory()) return;
    if (path === HEAD) found.push("");
    else if (path.endsWith(`/${HEAD}`)) found.push(path.slice(0, -HEAD.length - 1));
  });
  return found;
}

/** The file that makes a folder a skill. */
export const HEAD = "SKILL.md";
/** Folders a repository may keep its skills below. */
const SEARCH_DEPTH = 4;
/** Names looked at in one source. */
const MOST_NAMES = 10 * LIMITS.treeFiles;

/** Sees everything but folders, and those folders that lie too deep to be walked. */
function walk(root: string, depth: number, see: (path: string, stat: fs.Stats) => void): void {
  let names = 0;
  const visit = (relative: string, left: number): void => {
    for (const name of fs.readdirSync(join(root, relative)).toSorted()) {
      if (name === ".git") continue;
      const path = relative === "" ? name : `${relative}/${name}`;
      names += 1;
      if (names > MOST_NAMES) throw refused("install.too_many", path);
      const stat = fs.lstatSync(join(root, path));
      if (stat.isDirectory() && left > 0) visit(path, left - 1);
      else see(path, stat);
    }
  };
  visit("", depth);
}

function kindOf(stat: fs.Stats): Entry["kind"] {
  if (stat.isSymbolicLink()) return "link";
  if (!stat.isFile()) return "special";
  return (stat.mode & 0o6000) === 0 ? "file" : "setuid";
}

function contentOf(file: string, path: string): Uint8Array {
  const content = readPlain(file, LIMITS.treeBytes);
  // It was a plain file when it was looked at.
  if (content === null) throw refused("install.special", path);
  return content;
}
