import { readdirSync, readFileSync, lstatSync } from "node:fs";
import { join } from "node:path";

/** One process as /proc shows it. */
export interface Member {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Tells two processes of the same pid apart. */
  readonly startTicks: number;
  readonly cpuTicks: number;
  readonly residentBytes: number;
  readonly threads: number;
}

/**
 * Every process that belongs to the box of `leader`: its process group and all descendants. Reads
 * all of /proc, so it is asked only where processes can be started.
 */
export function membersOf(leader: number): Member[] {
  const all = readdirSync("/proc").flatMap((name) => {
    const member = /^\d/u.test(name) ? memberAt(Number(name)) : null;
    return member ? [member] : [];
  });
  const inside = new Set([leader]);
  for (let before = 0; before !== inside.size; ) {
    before = inside.size;
    for (const { pid, parent, group } of all) {
      if (group === leader || inside.has(parent)) inside.add(pid);
    }
  }
  return all.filter(({ pid }) => inside.has(pid));
}

/** One process, or null when it is gone or has ended and waits to be collected. */
export function memberAt(pid: number): Member | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // The name in parentheses may hold anything, parentheses included: fields start after the last.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (position: number): number => Number(fields[position - 3]);
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return {
    pid,
    parent: field(4),
    group: field(5),
    startTicks: field(22),
    cpuTicks: field(14) + field(15),
    residentBytes: field(24) * pageBytes(),
    threads: field(20),
  };
}

let page = 0;

function pageBytes(): number {
  if (page > 0) return page;
  const text = readFileSync("/proc/self/smaps", "latin1").slice(0, 4_096);
  page = Number(/^KernelPageSize:\s*(\d+)/mu.exec(text)?.[1] ?? 4) * 1024;
  return page;
}

/** Bytes and files below a folder, given up once either is above its limit. */
export function treeSize(
  folder: string,
  limit: { readonly bytes: number; readonly files: number },
): { bytes: number; files: number } {
  const size = { bytes: 0, files: 0 };
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const name of namesIn(at)) {
      const path = join(at, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      size.files += 1;
      if (stat.isDirectory()) folders.push(path);
      else size.bytes += stat.size;
      if (size.bytes > limit.bytes || size.files > limit.files) return size;
    }
  }
  return size;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
