import { join } from "node:path";
import { readdirSync } from "node:fs";
import { LIMITS } from "../std/limits.ts";
import { within } from "./stage/copy.ts";

/**
 * Folders that no process sees, whatever it was granted: what lies there is given out by nanos alone.
 * bwrap mounts an empty folder over each. Landlock can only allow, so there a granted folder with a
 * hidden one in it becomes a grant of everything beside it; names on the way can be listed.
 */

/** The paths that lie in no hidden folder. */
export function seen(paths: readonly string[], hidden: readonly string[]): string[] {
  return paths.filter((path) => !hidden.some((folder) => within(path, folder)));
}

/** What of these paths may be read, and the folders of which no more than the names may. */
export function carve(
  paths: readonly string[],
  hidden: readonly string[],
): { readonly reads: readonly string[]; readonly lists: readonly string[] } {
  const reads: string[] = [];
  const lists: string[] = [];
  const open = seen(paths, hidden);
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const folder = path;
    if (!hidden.some((one) => within(one, folder))) {
      reads.push(folder);
      continue;
    }
    lists.push(folder);
    open.push(...seen(entriesOf(folder), hidden));
  }
  return { reads, lists };
}

function entriesOf(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).slice(0, LIMITS.stageFiles);
    // What a link leads to is granted where it lies, or not at all.
    const own = entries.filter((entry) => !entry.isSymbolicLink());
    return own.map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}
