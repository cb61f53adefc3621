import * as fs from "node:fs";
import { join } from "node:path";
import { NanosError } from "../std/error.ts";
import { privateDir, syncDir } from "./database.ts";

/**
 * Bodies too large for a row: files named by their event's `seq`, written and synced inside the
 * append's transaction, so that a committed event always finds its body and a file without an
 * event can only be left by a crash.
 */
export interface BodyFiles {
  /** Writes a body; `settle` makes it stay, `undo` takes it back. */
  write(seq: number, text: string): void;
  /** Text of a body, or null when there is no such file. */
  read(seq: number): string | null;
  remove(seq: number): void;
  /** Before the commit: puts the names of what was written on disk. */
  settle(): void;
  /** After a rollback: removes what was written. */
  undo(): void;
  /** The `seq` of every file. */
  list(): readonly number[];
}

/** The files of one journal, in `dir`, at most `maxBytes` of them together. */
export function bodyFiles(dir: string, maxBytes: number): BodyFiles {
  let written: number[] = [];
  let total: number | null = null;
  const path = (seq: number): string => join(dir, String(seq));
  return {
    write(seq, text) {
      total ??= sizeOf(dir);
      const bytes = Buffer.from(text, "utf8");
      if (total + bytes.length > maxBytes) throw full(dir, maxBytes);
      if (total === 0) privateDir(dir);
      written.push(seq);
      writeSynced(path(seq), bytes);
      total += bytes.length;
    },
    read(seq) {
      try {
        return fs.readFileSync(path(seq), "utf8");
      } catch {
        return null;
      }
    },
    remove(seq) {
      fs.rmSync(path(seq), { force: true });
      total = null;
    },
    settle() {
      if (written.length > 0) syncDir(dir);
      written = [];
    },
    undo() {
      for (const seq of written) fs.rmSync(path(seq), { force: true });
      written = [];
      total = null;
    },
    list: () => namesIn(dir).map(Number).filter(Number.isSafeInteger),
  };
}

/** Names in the folder; none when there is no folder. */
export function namesIn(dir: string): readonly string[] {
  try {
    return fs.readdirSync(dir);
  } catch {
    return [];
  }
}

function writeSynced(file: string, bytes: Uint8Array): void {
  const fd = fs.openSync(file, "w", 0o600);
  try {
    fs.writeFileSync(fd, bytes);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function sizeOf(dir: string): number {
  let total = 0;
  for (const name of namesIn(dir)) {
    total += fs.statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return total;
}

function full(dir: string, maxBytes: number): NanosError {
  return new NanosError(
    "journal.full",
    `The large bodies in ${dir} have reached their limit of ${maxBytes} bytes.`,
    "Go on with a new home: --home DIR",
  );
}
