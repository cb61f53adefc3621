import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../std/clock.ts";
import { codeOf, NanosError } from "../std/error.ts";
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
 * Runs `act` while no other process holds the lock of `file`. The lock is a file that names its
 * holder; one whose holder is gone is taken away by whoever holds the lock's own lock.
 *
 * @throws NanosError `home.locked` when another process holds it for too long.
 */
export async function withLock<T>(file: string, clock: Clock, act: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  makeParent(file);
  const start = clock.elapsed();
  for (let pause = 1; !take(lock); pause = Math.min(pause * 2, 50)) {
    removeDead(lock);
    if (clock.elapsed() - start > LIMITS.homeLockMs) throw lockedError(lock);
    await clock.sleep(pause);
  }
  try {
    return await act();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function lockedError(lock: string): NanosError {
  return new NanosError(
    "home.locked",
    `Another process (${holderOf(lock)?.pid ?? "unknown"}) has been changing ${lock.slice(0, -5)} for too long.`,
    `Wait for it; if no nanos is running, remove ${lock}`,
  );
}

/** A link appears with its content or not at all, unlike a file that is created and then written. */
function take(lock: string): boolean {
  const own = `${lock}.${process.pid}.${serial++}`;
  try {
    fs.rmSync(own, { force: true });
    fs.writeFileSync(own, `${process.pid} ${startOf(process.pid)}`, { flag: "wx", mode: 0o600 });
    fs.linkSync(own, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw writeError(lock, error);
  } finally {
    removeQuietly(own);
  }
}

function removeDead(lock: string): void {
  if (isAlive(holderOf(lock))) return;
  const guard = `${lock}.break`;
  if (!take(guard)) return;
  try {
    // Only the holder of the guard removes, and looks again first: a lock taken since is alive.
    const holder = holderOf(lock);
    if (holder !== null && !isAlive(holder)) fs.rmSync(lock, { force: true });
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  readonly start: string;
}

function holderOf(lock: string): Holder | null {
  try {
    const [pid = "", start = ""] = fs.readFileSync(lock, "utf8").split(" ");
    return { pid: Number(pid), start };
  } catch {
    return null;
  }
}

function isAlive(holder: Holder | null): boolean {
  if (holder === null) return true;
  if (!Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return startOf(holder.pid) === holder.start;
}

/** When a process started, so that a number used again is not taken for its former owner. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
