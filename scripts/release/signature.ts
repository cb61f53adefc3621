import { createHash } from "node:crypto";

/**
 * The signature a program for macOS carries in itself: every page of its file by its SHA-256. The
 * system ends a program with a page that is another, so one that was built elsewhere is looked at
 * before it is given away. Layouts: Apple's `mach-o/loader.h` and `kern/cs_blobs.h`.
 */

const MAGIC_64 = 0xfeedfacf;
const LC_CODE_SIGNATURE = 0x1d;
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const SHA_256 = 2;

export interface PageReport {
  /** Pages the signature names. */
  readonly pages: number;
  /** Of those the ones that are not what it says. */
  readonly bad: number;
}

/** Holds a program against the signature it carries. @throws Error where it carries none. */
export function checkPages(program: Buffer): PageReport {
  const directory = directoryOf(program);
  const word = (at: number): number => directory.readUInt32BE(at);
  const [hashes, pages, limit] = [word(16), word(28), word(32)];
  const [size, type] = [directory.readUInt8(36), directory.readUInt8(37)];
  if (type !== SHA_256) throw new Error(`its pages are not told by SHA-256 but by kind ${type}`);
  const page = 2 ** directory.readUInt8(39);
  let bad = 0;
  for (let i = 0; i < pages; i += 1) {
    const bytes = program.subarray(i * page, Math.min((i + 1) * page, limit));
    const told = directory.subarray(hashes + i * size, hashes + (i + 1) * size);
    if (!createHash("sha256").update(bytes).digest().equals(told)) bad += 1;
  }
  return { pages, bad };
}

/** The part of a signature that names the pages. */
function directoryOf(program: Buffer): Buffer {
  const blob = signatureOf(program);
  if (blob.readUInt32BE(0) !== SUPER_BLOB) throw new Error("its signature cannot be read");
  const count = blob.readUInt32BE(8);
  for (let i = 0; i < count; i += 1) {
    const at = blob.readUInt32BE(12 + i * 8 + 4);
    if (blob.readUInt32BE(at) === CODE_DIRECTORY) return blob.subarray(at);
  }
  throw new Error("its signature names no pages");
}

function signatureOf(program: Buffer): Buffer {
  if (program.readUInt32LE(0) !== MAGIC_64) throw new Error("this is no program for macOS");
  const commands = program.readUInt32LE(16);
  for (let i = 0, at = 32; i < commands; i += 1, at += program.readUInt32LE(at + 4)) {
    if (program.readUInt32LE(at) !== LC_CODE_SIGNATURE) continue;
    const begin = program.readUInt32LE(at + 8);
    return program.subarray(begin, begin + program.readUInt32LE(at + 12));
  }
  throw new Error("it carries no signature");
}
