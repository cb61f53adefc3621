import { gunzipSync } from "node:zlib";
import { codeOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { utf8 } from "../files.ts";
import { type Entry, leadsOut, refused, unreadable } from "./entries.ts";

/**
 * Reads a `.tar` or `.tar.gz` in memory: ustar, GNU long names and pax headers. What it cannot
 * read for certain it refuses, and it never writes.
 *
 * @throws NanosError `install.bad_archive`, `install.path`, `install.too_large`, `install.too_many`.
 */
export function readTar(bytes: Uint8Array): readonly Entry[] {
  const data = unpacked(bytes);
  const entries: Entry[] = [];
  let next: Named = {};
  let ended = false;
  for (let at = 0; at + BLOCK <= data.length;) {
    const block = data.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) {
      ended = true;
      break;
    }
    const header = headerOf(block, next);
    const body = data.subarray(at + BLOCK, at + BLOCK + header.size);
    if (body.length < header.size) throw unreadable("it ends in the middle of a file");
    at += BLOCK + Math.ceil(header.size / BLOCK) * BLOCK;
    const named = namedBy(header.type, body, next);
    if (named !== null) {
      next = named;
      continue;
    }
    next = {};
    const entry = entryOf(header, body);
    if (entry !== null) entries.push(entry);
    if (entries.length > LIMITS.treeFiles) throw refused("install.too_many", header.path);
  }
  if (!ended) throw unreadable("its end is missing");
  return entries;
}

const BLOCK = 512;
/** Headers and padding beside the files' own bytes. */
const MOST_BYTES = LIMITS.treeBytes + LIMITS.treeFiles * 4 * BLOCK;

function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MOST_BYTES) throw refused("install.too_large", "The archive");
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_BYTES });
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw refused("install.too_large", "The archive");
    throw unreadable("it is not gzip throughout");
  }
}

/** What a header before says of the entry that follows it. */
interface Named {
  readonly path?: string;
  readonly size?: number;
}

interface Header {
  readonly path: string;
  readonly size: number;
  readonly type: string;
  readonly mode: number;
}

function headerOf(block: Uint8Array, named: Named): Header {
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (numberIn(block, 148, 8) !== sum) throw unreadable("a checksum does not fit");
  const ustar = textIn(block, 257, 6) === "ustar" && block[263] === 0x30;
  const prefix = ustar ? textIn(block, 345, 155) : "";
  const own = textIn(block, 0, 100);
  const type = String.fromCharCode(block[156] ?? 0);
  const size = HAS_NO_BODY.has(type) ? 0 : (named.size ?? numberIn(block, 124, 12));
  const path = named.path ?? (prefix === "" ? own : `${prefix}/${own}`);
  return { path, size, type, mode: numberIn(block, 100, 8) };
}

const HAS_NO_BODY = new Set(["1", "2", "3", "4", "5", "6"]);

function textIn(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  const text = utf8(end === -1 ? field : field.subarray(0, end));
  if (text === null) throw unreadable("a name is not UTF-8");
  return text;
}

/** A number in octal, or in the base of 256 that GNU uses for large ones. */
function numberIn(block: Uint8Array, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.reduce((total, byte, i) => total * 256 + (i === 0 ? byte & 0x7f : byte), 0);
    if (!Number.isSafeInteger(value)) throw unreadable("a number is too large");
    return value;
  }
  const text = Buffer.from(field).toString("latin1").replaceAll("\0", " ").trim();
  if (!/^[0-7]*$/u.test(text)) throw unreadable("a number is not octal");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** Headers that speak of the next entry: null for an entry of its own. */
function namedBy(type: string, body: Uint8Array, before: Named): Named | null {
  switch (type) {
    case "L":
      return { ...before, path: textIn(body, 0, body.length) };
    case "x":
      return { ...before, ...readPax(body) };
    // What a long link leads to is of no matter, as links are refused; global headers hold notes.
    case "K":
      return before;
    case "g":
      if (readPax(body).path !== undefined) throw unreadable("one name is given to all its files");
      return before;
    default:
      return null;
  }
}

/** `LENGTH KEY=VALUE\n`, the length counting all of it in bytes. */
function readPax(body: Uint8Array): Named {
  let named: Named = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(textIn(body, at, Math.max(0, space - at)));
    const bad = space === -1 || !Number.isInteger(length) || length < space - at + 3;
    if (bad || at + length > body.length || body[at + length - 1] !== 0x0a) {
      throw unreadable("an extended header is broken");
    }
    const record = utf8(body.subarray(space + 1, at + length - 1));
    if (record === null) throw unreadable("an extended header is not UTF-8");
    named = { ...named, ...fieldOf(record) };
    at += length;
  }
  return named;
}

function fieldOf(record: string): Named {
  const equals = record.indexOf("=");
  const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
  if (key.startsWith("GNU.sparse")) throw unreadable("it holds a sparse file");
  if (key === "path") return { path: value };
  if (key !== "size") return {};
  if (!/^\d{1,15}$/u.test(value)) throw unreadable("an extended header is broken");
  return { size: Number(value) };
}

function entryOf({ path: given, type, mode }: Header, body: Uint8Array): Entry | null {
  const path = given.replace(/^(?:\.\/)+/u, "");
  const folder = type === "5" || (FILES.has(type) && path.endsWith("/"));
  if (folder && leadsOut(path.replace(/\/$/u, "")) && path !== "" && path !== ".") {
    throw refused("install.path", given);
  }
  if (folder) return null;
  if (!FILES.has(type) && !"12346".includes(type)) throw unreadable("it holds an unknown kind");
  // A path that climbs is refused wherever it stands, also outside the skill that is taken.
  if (leadsOut(path)) throw refused("install.path", given);
  const kind = "12".includes(type) ? "link" : FILES.has(type) ? "file" : "special";
  const setuid = kind === "file" && (mode & 0o6000) !== 0;
  // Copied out of the archive, which is let go.
  const content = Uint8Array.from(body);
  return { path, kind: setuid ? "setuid" : kind, content, runs: (mode & 0o100) !== 0 };
}

const FILES = new Set(["0", "\0", "7"]);
