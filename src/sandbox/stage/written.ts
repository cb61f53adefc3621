import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { LIMITS } from "../../std/limits.ts";

/** What a file is to become; null where it is not, or is no more. */
export interface Written {
  /** The real file, absolute. */
  readonly path: string;
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

/** What lies at a path, to be shown. A link is not followed, and nothing is read that nobody could look through. */
export function contentAt(path: string): Uint8Array {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) return Buffer.from(`a link to ${readlinkSync(path)}`);
  const isSmall = stat?.isFile() === true && stat.size <= LIMITS.seenFileBytes;
  return isSmall ? readFileSync(path) : NO_TEXT;
}

/** Stands for content that is not shown: it is no text in UTF-8. */
const NO_TEXT = new Uint8Array([0xff]);
