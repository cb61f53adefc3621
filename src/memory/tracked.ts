import * as fs from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { LIMITS } from "../std/limits.ts";

/**
 * The repository that holds notes of the memory in `dir`, absolute; null where none does. What git
 * holds lies in its objects too, where whoever may read the workspace can read it.
 */
export function repositoryWith(dir: string): string | null {
  for (let at = dirname(dir), n = 0; n < LIMITS.treeDepth; at = dirname(at), n++) {
    if (fs.existsSync(join(at, ".git"))) return holds(at, dir) ? at : null;
    if (at === dirname(at)) return null;
  }
  return null;
}

/** Paths stand in git's index as they are. */
function holds(repository: string, dir: string): boolean {
  const path = `${relative(repository, dir).split(sep).join("/")}/`;
  try {
    const index = join(repository, ".git", "index");
    if (fs.statSync(index).size > LIMITS.treeBytes) return false;
    const names = fs.readFileSync(index).toString("latin1");
    return NOTES.some((end) => names.includes(Buffer.from(path + end).toString("latin1")));
  } catch {
    // None yet, or none of ours to read.
    return false;
  }
}

/** What is one agent's or one conversation's. Notes for all may travel with an arrangement. */
const NOTES = ["agents/", "conversation/"];
