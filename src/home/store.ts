import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../std/clock.ts";
import { codeOf, NanosError } from "../std/error.ts";
import { holderOf, tryHold } from "../sandbox/process/hold.ts";
import { LIMITS } from "../std/limits.ts";
import { plainText } from "../std/text.ts";
import { readPlain, utf8 } from "./files.ts";

/** A small file of machine state that several processes read and change. */
export interface StoreFile<T> {
  read(): Promise<T>;
  /** Reads, changes and replaces the file as one; what another process wrote is never lost. */
  change(change: (value: T) => T | Promise<T>): Promise<T>;
}

export interface StoreSpec<T> {
  readonly file: string;
  readonly empty: T;
  /** Text to value; throws what a person reads. */
  parse(text: string): Promise<T>;
  /** Value to text; `before` is the text it replaces, empty when there was none. */
  render(value: T, before: string): Promise<string>;
}

export function openStore<T>(spec: StoreSpec<T>, clock: Clock): StoreFile<T> {
  const load = async (): Promise<{ text: string; value: T }> => {
    const text = readStored(spec.file);
    return text === null
      ? { text: "", value: spec.empty }
      : { text, value: await spec.parse(text) };
  };
  return {
    read: async () => (await load()).value,
    change: (change) =>
      withLock(spec.file, clock, async () => {
        removeLeftovers(spec.file);
        const { text, value } = await load();
        const changed = await change(value);
        const after = await spec.render(changed, text);
        if (after === text) return changed;
        // What was there stays beside it, for the day the file gets damaged.
        if (text !== "") writeAtomic(previousOf(spec.file), text, { durable: false });
        writeAtomic(spec.file, after);
        return changed;
      }),
  };
}

/** What a process left behind that died while writing; under the lock nobody else is writing. */
export function removeLeftovers(file: string): void {
  for (const name of fs.readdirSync(dirname(file))) {
    if (name.startsWith(`.${basename(file)}.`) && name.endsWith(".tmp")) {
      removeQuietly(join(dirname(file), name));
    }
  }
}

/** An error for a stored file that cannot be understood, with the way back. */
export function damaged(file: string, why: string, cause?: unknown): NanosError {
  return new NanosError(
    "home.damaged",
    `${file} is damaged: ${why}`,
    `Correct it. ${wayBack(file)}`,
    cause,
  );
}

/** How to get a stored file back, or go on without it. */
export function wayBack(file: string): string {
  const previous = previousOf(file);
  return fs.existsSync(previous)
    ? `To bring back what was there before: cp ${previous} ${file}`
    : `To start without it: mv ${file} ${file}.broken`;
}

function previousOf(file: string): string {
  return `${file}.previous`;
}

function readStored(file: string): string | null {
  const bytes = readPlain(file, LIMITS.storedBytes);
  if (bytes === null) {
    if (fs.lstatSync(file, { throwIfNoEntry: false }) === undefined) return null;
    throw damaged(file, "it is not a regular file.");
  }
  const text = utf8(bytes);
  if (text === null) throw damaged(file, "it is not UTF-8 text.");
  return text;
}

/**
 * Replaces a file as one: the new content is on disk (when `durable`) before the name points to
 * it. Mode 0600; folders on the way are made 0700.
 *
 * @throws NanosError `home.read_only`, `home.disk_full`.
 */
export function writeAtomic(
  file: string,
  text: string | Uint8Array,
  options: { durable?: boolean; mode?: number } = {},
): void {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.${serial++}.tmp`);
  try {
    makeParent(file);
    // A temporary file of this name can only be left over from a dead process of the same number.
    fs.rmSync(temporary, { force: true });
    const fd = fs.openSync(temporary, "wx", options.mode ?? 0o600);
    try {
      fs.writeFileSync(fd, text);
      if (options.durable !== false) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
    if (options.durable !== false) syncFolder(dirname(file));
  } catch (error) {
    removeQuietly(temporary);
    throw error instanceof NanosError ? error : writeError(file, error);
  }
}

function makeParent(file: string): void {
  try {
    fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeError(file, error);
  }
}

/** After a failure: what it left is cleared away where that is possible. */
function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The first failure is the one to tell.
  }
}

let serial = 0;

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(fd);
  } catch {
    // Some file systems cannot sync a folder; the content itself is safe.
  } finally {
    fs.closeSync(fd);
  }
}

function writeError(file: string, cause: unknown): NanosError {
  const code = codeOf(cause);
  const shown = plainText(file);
  return code === "ENOSPC" || code === "EDQUOT"
    ? new NanosError(
        "home.disk_full",
        `There is no room to write ${shown}.`,
        "Make room, then repeat it.",
        cause,
      )
    : new NanosError(
        "home.read_only",
        `${shown} cannot be written (${code || "unknown"}).`,
        "Make it writable for you, or choose another home: nanos --home DIR",
        cause,
      );
}

/**
 * Runs `act` while no other process holds the lock of `file`.
 *
 * @throws NanosError `home.locked` when another process holds it for too long.
 */
export async function withLock<T>(file: string, clock: Clock, act: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  makeParent(file);
  const start = clock.elapsed();
  let letGo = hold(lock);
  for (let pause = 1; letGo === null; pause = Math.min(pause * 2, 50)) {
    if (clock.elapsed() - start > LIMITS.homeLockMs) throw lockedError(lock);
    await clock.sleep(pause);
    letGo = hold(lock);
  }
  try {
    return await act();
  } finally {
    letGo();
  }
}

function hold(lock: string): (() => void) | null {
  try {
    return tryHold(lock);
  } catch (error) {
    throw writeError(lock, error);
  }
}

function lockedError(lock: string): NanosError {
  return new NanosError(
    "home.locked",
    `Another process (${holderOf(lock)?.pid ?? "unknown"}) has been changing ${lock.slice(0, -5)} for too long.`,
    `Wait for it; if no nanos is running, remove ${lock}`,
  );
}
