import * as fs from "node:fs";
import { join } from "node:path";
import { codeOf, NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import { LIMITS } from "../std/limits.ts";
import { plainText } from "../std/text.ts";

/** One file as it was read: what is hashed is what is parsed. */
export interface TreeFile {
  /** Relative to the root, with `/`, after the prefix when one was given. */
  readonly path: string;
  /** Absolute. */
  readonly abs: string;
  readonly content: Buffer;
  /** SHA-256 of the content. */
  readonly hash: string;
}

/** Something that is there and is not read: a link, a device, a name that could deceive. */
export interface Refused {
  readonly path: string;
  readonly why: string;
}

export interface Tree {
  /** Sorted by path. */
  readonly files: readonly TreeFile[];
  readonly refused: readonly Refused[];
}

export interface TreeOptions {
  /** True for a path (relative, with `/`) that is not looked at. */
  readonly skip?: (path: string) => boolean;
  /** Put before every path. */
  readonly prefix?: string;
}

/**
 * Reads a folder: regular files only, links never followed. A missing folder is an empty tree.
 *
 * @throws NanosError `home.too_large` beyond the limits on files, bytes or depth.
 */
export function readTree(root: string, options: TreeOptions = {}): Tree {
  const files: TreeFile[] = [];
  let bytes = 0;
  const refused = walk(root, options, (abs, shown) => {
    const file = readTreeFile(abs, shown);
    if (file === null) return;
    bytes += file.content.length;
    files.push(file);
    if (bytes > LIMITS.treeBytes) throw tooLarge(root, `holds more than ${LIMITS.treeBytes} bytes`);
  });
  return { files: files.toSorted(byPath), refused };
}

/** The mark of every regular file of a folder, by its path. Names are read, and no content. */
export function markTree(root: string, options: TreeOptions = {}): ReadonlyMap<string, string> {
  const marks = new Map<string, string>();
  walk(root, options, (abs, shown) => marks.set(shown, markOf(abs)));
  return marks;
}

/** Tells one content of a file from the next, unread; a file put in its place is another one. */
export function markOf(file: string): string {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

/** Goes through a folder's regular files. Gives what is there and is none. */
function walk(
  root: string,
  options: TreeOptions,
  take: (abs: string, shown: string) => void,
): readonly Refused[] {
  const refused: Refused[] = [];
  let count = 0;
  const visit = (folder: string, relative: string, depth: number): void => {
    if (depth > LIMITS.treeDepth) throw tooLarge(root, `is nested deeper than ${LIMITS.treeDepth}`);
    for (const entry of entriesOf(folder)) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (options.skip?.(path)) continue;
      const shown = (options.prefix ?? "") + path;
      const why = refusalOf(entry);
      if (why !== null) {
        refused.push({ path: plainText(shown), why });
      } else if (entry.isDirectory()) {
        visit(join(folder, entry.name), path, depth + 1);
      } else {
        take(join(folder, entry.name), shown);
        count += 1;
        if (count > LIMITS.treeFiles)
          throw tooLarge(root, `holds more than ${LIMITS.treeFiles} files`);
      }
    }
  };
  visit(root, "", 0);
  return refused;
}

/** One file of a tree, or null when it is not there or is not a regular file. */
export function readTreeFile(abs: string, path: string): TreeFile | null {
  const content = readPlain(abs, LIMITS.treeBytes);
  return content === null ? null : { path, abs, content, hash: sha256(content) };
}

/** SHA-256 over the sorted paths and contents: equal exactly when every file is. */
export function treeHash(files: readonly TreeFile[]): string {
  return sha256(
    files
      .toSorted(byPath)
      .map((file) => `${JSON.stringify(file.path)} ${file.hash}\n`)
      .join(""),
  );
}

/**
 * Content of a regular file, or null when there is none. The link itself is never followed and
 * opening never blocks, whatever lies there.
 *
 * @throws NanosError `home.too_large` above `limit` bytes, `home.unreadable` without permission.
 */
export function readPlain(path: string, limit: number): Buffer | null {
  // Files inside the compiled binary can be read by name only.
  if (path.startsWith(EMBEDDED)) return fs.readFileSync(path);
  let fd: number;
  try {
    fd = fs.openSync(path, READ_FLAGS);
  } catch (error) {
    const code = codeOf(error);
    if (["ENOENT", "ENOTDIR", "ELOOP", "EMLINK", "ENXIO"].includes(code)) return null;
    throw new NanosError(
      "home.unreadable",
      `${plainText(path)} cannot be read (${code}).`,
      `Make it readable for you: chmod u+r ${plainText(path)}`,
      error,
    );
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return null;
    if (stat.size > limit) throw tooLarge(path, `is larger than ${limit} bytes`);
    const content = fs.readFileSync(fd);
    // It may have grown since it was measured.
    if (content.length > limit) throw tooLarge(path, `is larger than ${limit} bytes`);
    return content;
  } finally {
    fs.closeSync(fd);
  }
}

/** Text of a file, or null when its bytes are not UTF-8. A byte order mark is dropped. */
export function utf8(content: Uint8Array): string | null {
  try {
    return DECODER.decode(content);
  } catch {
    return null;
  }
}

const DECODER = new TextDecoder("utf-8", { fatal: true });

/** What a file says to whoever looks for something in it. */
export interface Readings {
  /** Each as it may be read: without what is no text, and as UTF-16 where it looks like that. */
  readonly texts: readonly string[];
  /** Whether it is text at all. */
  readonly isText: boolean;
}

/** Bytes of nothing are dropped, as they are where a text is shown. */
export function readingsOf(content: Uint8Array): Readings {
  const own = utf8(content);
  const wide = wideIn(content);
  const first = (own ?? new TextDecoder().decode(content)).replaceAll("\0", "");
  const texts = wide === null ? [first] : [first, new TextDecoder(wide).decode(content)];
  return { texts, isText: own !== null || wide !== null };
}

/** By its mark, or by where its bytes of nothing are: every other one, as in any text of letters. */
function wideIn(content: Uint8Array): "utf-16le" | "utf-16be" | null {
  const [first, second] = content;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const start = content.subarray(0, WIDE_BYTES);
  const nothing = (from: 0 | 1): number =>
    start.filter((byte, at) => byte === 0 && at % 2 === from).length;
  const [even, odd] = [nothing(0), nothing(1)];
  const most = start.length / 5;
  if (odd > most && even < odd / 8) return "utf-16le";
  return even > most && odd < even / 8 ? "utf-16be" : null;
}

const WIDE_BYTES = 4_096;
/** Where files inside the compiled binary lie. */
export const EMBEDDED = "/$bunfs/";
const READ_FLAGS =
  fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new NanosError(
      "home.unreadable",
      `The folder ${plainText(folder)} cannot be read (${code}).`,
      `Make it readable for you: chmod u+rx ${plainText(folder)}`,
      error,
    );
  }
}

function refusalOf(entry: fs.Dirent): string | null {
  if (entry.isSymbolicLink()) return "is a symbolic link";
  if (!entry.isFile() && !entry.isDirectory()) return "is not a regular file";
  if (plainText(entry.name) !== entry.name) return "has control characters in its name";
  return null;
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function tooLarge(path: string, what: string): NanosError {
  return new NanosError(
    "home.too_large",
    `${plainText(path)} ${what}.`,
    "Move what does not belong there out of it.",
  );
}
