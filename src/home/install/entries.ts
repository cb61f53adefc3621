import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, visibleText } from "../../std/text.ts";

/** One thing a source holds, as it is there: nothing of it has been written or run. */
export interface Entry {
  /** Relative to the source's root, with `/`; as it stands there, not checked yet. */
  readonly path: string;
  readonly kind: "file" | "link" | "special" | "setuid";
  readonly content: Uint8Array;
  /** True when its owner may run it. */
  readonly runs: boolean;
}

/** Why a source is not installed. Each is a refusal of the whole: nothing of it is written. */
export const REFUSALS = {
  // install.link: A file of it is a link, which may lead anywhere; nothing was installed. -> Put the file itself in its place.
  "install.link": "is a link, which may lead anywhere",
  // install.special: A file of it is a device, a pipe or a socket; nothing was installed. -> Take it out.
  "install.special": "is a device, a pipe or a socket",
  // install.setuid: A file of it would run as somebody else; nothing was installed. -> Take the mark away: chmod u-s,g-s FILE.
  "install.setuid": "would run as somebody else (setuid)",
  "install.path": "leads out of the skill's folder",
  "install.name": "has a name outside A-Z, a-z, 0-9, dot, -, _ and single spaces in it",
  "install.collision": "has the name of another file, to some file systems",
  "install.too_deep": `lies deeper than ${LIMITS.treeDepth} folders`,
  "install.too_many": `is one of more than ${LIMITS.treeFiles} files`,
  "install.too_large": `makes it larger than ${LIMITS.treeBytes} bytes`,
} as const;

export type Refusal = keyof typeof REFUSALS;

/** A refusal about one path of the source. */
export function refused(code: Refusal, path: string): NanosError {
  return new NanosError(
    code,
    `${clip(visibleText(path), 200)} ${REFUSALS[code]}; nothing was installed.`,
    "Look at the source before you try again; its author can leave that out.",
  );
}

/** A source that cannot be read as what it says it is. */
export function unreadable(what: string): NanosError {
  return new NanosError(
    "install.bad_archive",
    `The archive cannot be read: ${what}; nothing was installed.`,
    "Pack it anew, as .tar or .tar.gz without sparse files, or name the folder itself.",
  );
}

/**
 * Refuses what must not be installed: anything but plain files with plain names in plain folders,
 * within limits, each name once on every file system.
 *
 * @throws NanosError, one of `REFUSALS`.
 */
export function checkEntries(entries: readonly Entry[]): void {
  for (const { path, kind } of entries) {
    if (leadsOut(path)) throw refused("install.path", path);
    if (kind !== "file") throw refused(`install.${kind}`, path);
  }
  checkNames(entries.map(({ path }) => path));
  let bytes = 0;
  entries.forEach(({ path, content }, at) => {
    if (path.split("/").length - 1 > LIMITS.treeDepth) throw refused("install.too_deep", path);
    if (at >= LIMITS.treeFiles) throw refused("install.too_many", path);
    bytes += content.length;
    if (bytes > LIMITS.treeBytes) throw refused("install.too_large", path);
  });
}

/** True for a path that is not plainly below where it starts. */
export function leadsOut(path: string): boolean {
  const parts = path.split("/");
  return path.includes("\\") || path.includes("\0") || parts.some((part) => OUT.has(part));
}

const OUT = new Set(["", ".", ".."]);

/** Two names may be one: in another case, composed otherwise, a file where a folder is. */
function checkNames(paths: readonly string[]): void {
  const files = new Set<string>();
  const folders = new Map<string, string>();
  const folded = (path: string): string => path.normalize("NFC").toLowerCase();
  for (const path of paths) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join("/");
      const known = folders.get(folded(folder));
      if (known !== undefined && known !== folder) throw refused("install.collision", path);
      folders.set(folded(folder), folder);
    }
    if (files.has(folded(path))) throw refused("install.collision", path);
    files.add(folded(path));
  }
  for (const path of paths) {
    if (folders.has(folded(path))) throw refused("install.collision", path);
    if (!path.split("/").every((part) => NAME.test(part))) throw refused("install.name", path);
  }
}

/** Names people give; two spaces in a row, or one at an end, are not seen. */
const NAME = /^(?=.{1,128}$)[A-Za-z0-9._-]+(?: [A-Za-z0-9._-]+)*$/u;
