import * as fs from "node:fs";
import { codeOf } from "../../std/error.ts";

/**
 * A lock between processes: a file that names its holder. One whose holder is gone is taken away by
 * whoever holds the lock's own lock.
 */

/**
 * Takes the lock of this file, whose folder is there. Null while a living process holds it.
 *
 * @returns what lets it go
 * @throws the system's error where the file cannot be written.
 */
export function tryHold(lock: string): (() => void) | null {
  if (!take(lock)) {
    removeDead(lock);
    if (!take(lock)) return null;
  }
  return () => fs.rmSync(lock, { force: true });
}

interface Holder {
  readonly pid: number;
  readonly start: string;
}

/** Who holds a lock; null where nobody does. */
export function holderOf(lock: string): Holder | null {
  try {
    const [pid = "", start = ""] = fs.readFileSync(lock, "utf8").split(" ");
    return { pid: Number(pid), start };
  } catch {
    return null;
  }
}

let serial = 0;

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
    throw error;
  } finally {
    removeQuietly(own);
  }
}

/** What is left of a failure is cleared away where that is possible; the failure is what is told. */
function removeQuietly(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The first failure is the one to tell.
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
