import * as fs from "node:fs";
import { join } from "node:path";
import { codeOf, messageOf, NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import { LIMITS } from "../std/limits.ts";
import { plainText } from "../std/text.ts";
import { type Memory, type Note, type Notes, SHARED } from "./memory.ts";
import { searchNotes } from "./search.ts";

/** Opens the memory in `dir`, absolute; nothing is made before the first note is written. */
export function openMemory(dir: string): Memory {
  const list = (memories: readonly string[]): Notes => {
    const all = [...new Set(memories)].map((memory) => readFolder(dir, memory));
    return {
      notes: all.flatMap(({ notes }) => notes),
      skipped: all.flatMap(({ skipped }) => skipped),
    };
  };
  return {
    dir,
    ready: () => {
      try {
        makeFolder(dir, SHARED);
      } catch {
        // Where none can be made, nothing will be written either, and that says why.
      }
    },
    list,
    search: (memories, words, most) => searchNotes(list(memories).notes, words, most),
    write: (memory, id, text) => {
      const folder = folderOf(dir, memory);
      checkId(id);
      try {
        makeFolder(dir, memory);
        writeWhole(join(folder, `${id}.md`), `${text}\n`);
      } catch (error) {
        throw unwritable(folder, error);
      }
      return noteOf(memory, id, Buffer.from(`${text}\n`));
    },
    remove: (memory, id) => {
      const folder = folderOf(dir, memory);
      checkId(id);
      if (!isRealFolder(dir, memory)) return false;
      try {
        fs.unlinkSync(join(folder, `${id}.md`));
        return true;
      } catch (error) {
        if (codeOf(error) === "ENOENT") return false;
        throw unwritable(folder, error);
      }
    },
  };
}

/** The hash a note with this text has. */
export function noteHash(text: string): string {
  return sha256(`${text}\n`);
}

const NAME = /^(?:shared|conversation|agents\/[a-z0-9][a-z0-9_-]{0,63})$/u;

function folderOf(dir: string, memory: string): string {
  if (NAME.test(memory)) return memory === SHARED ? dir : join(dir, memory);
  const message = `There is no memory ${plainText(memory)}.`;
  const next = "A memory is called shared, conversation or agents/NAME.";
  throw new NanosError("memory.bad_name", message, next);
}

/** A name that stays in its folder, and that a file system takes. */
function checkId(id: string): void {
  if (isId(id)) return;
  const message = `${plainText(id)} is no name of a note.`;
  throw new NanosError("memory.bad_name", message, "See `nanos memory list`.");
}

function isId(id: string): boolean {
  return id !== "" && id.length <= 200 && !id.startsWith(".") && !/[/\\\p{Cc}]/u.test(id);
}

/** The folders from DIR down to a memory's own. */
function levels(dir: string, memory: string): readonly string[] {
  const parts = memory === SHARED ? [] : memory.split("/");
  return [dir, ...parts.map((_, i) => join(dir, ...parts.slice(0, i + 1)))];
}

function isRealFolder(dir: string, memory: string): boolean {
  return levels(dir, memory).every((folder) => {
    const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
    return stat?.isDirectory() === true;
  });
}

function makeFolder(dir: string, memory: string): void {
  for (const folder of levels(dir, memory)) {
    const stat = fs.lstatSync(folder, QUIET);
    if (stat === undefined) fs.mkdirSync(folder, { recursive: folder === dir, mode: 0o700 });
    else if (!stat.isDirectory()) throw new Error(`${folder} is no folder`);
  }
}

function readFolder(dir: string, memory: string): Notes {
  const folder = folderOf(dir, memory);
  const skipped: string[] = [];
  const notes: Note[] = [];
  const top = levels(dir, memory).find((level) => fs.lstatSync(level, QUIET)?.isSymbolicLink());
  if (top !== undefined) return { notes, skipped: [`${top} is not read: it is a symbolic link.`] };
  const names = namesIn(folder).filter((name) => name.endsWith(".md") && !name.startsWith("."));
  for (const name of names.slice(0, LIMITS.notes)) {
    const read = readNote(join(folder, name));
    if (typeof read === "string")
      skipped.push(`${plainText(join(folder, name))} is not read: ${read}`);
    else notes.push(noteOf(memory, name.slice(0, -3), read));
  }
  const more = names.length - LIMITS.notes;
  if (more > 0) skipped.push(`${folder} holds ${more} notes more than are read.`);
  return { notes, skipped };
}

const QUIET = { throwIfNoEntry: false } as const;

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder).toSorted();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    const message = `The memory ${folder} cannot be read: ${messageOf(error)}.`;
    throw new NanosError(
      "memory.unreadable",
      message,
      "Look at the folder and who owns it.",
      error,
    );
  }
}

/** The bytes of a file that is one, or why it is left out. */
function readNote(file: string): Buffer | string {
  let fd: number;
  try {
    fd = fs.openSync(
      file,
      fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK,
    );
  } catch (error) {
    return codeOf(error) === "ELOOP" ? "it is a symbolic link." : "it cannot be opened.";
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return "it is no file.";
    // A second name may lie where others write, or be somebody's key.
    if (stat.nlink > 1) return "it has another name elsewhere.";
    if (stat.size > LIMITS.noteBytes) return `it is larger than ${LIMITS.noteBytes} bytes.`;
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function noteOf(memory: string, id: string, bytes: Buffer): Note {
  return { id, memory, text: plainText(bytes.toString("utf8")).trim(), hash: sha256(bytes) };
}

/** Written beside it and put in its place, so that nobody ever reads half of it. */
function writeWhole(file: string, text: string): void {
  const half = `${file}.new`;
  fs.rmSync(half, { force: true });
  const fd = fs.openSync(half, "wx", 0o600);
  try {
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(half, file);
}

function unwritable(folder: string, error: unknown): NanosError {
  if (error instanceof NanosError) return error;
  return new NanosError(
    "memory.unwritable",
    `The memory ${folder} cannot be written: ${messageOf(error)}.`,
    "Look at the folder, who owns it and what room is left.",
    error,
  );
}
