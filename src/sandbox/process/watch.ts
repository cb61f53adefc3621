import { readdirSync, readFileSync, lstatSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../std/clock.ts";
import { runBriefly } from "./child.ts";

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

/** Everything in /proc, read once for all who look at about the same time. */
export interface Census {
  /** `fresh` reads it now. */
  all(fresh: boolean): readonly Member[];
}

const CENSUS_MS = 25;

export function openCensus(clock: Clock): Census {
  let last: readonly Member[] = [];
  let at = -Infinity;
  return {
    all: (fresh) => {
      if (fresh || clock.elapsed() - at > CENSUS_MS) {
        last = everyProcess();
        at = clock.elapsed();
      }
      return last;
    },
  };
}

/** Every process that belongs to the box of `leader`: its process group and all descendants. */
export function membersOf(leader: number, all: readonly Member[] = everyProcess()): Member[] {
  const inside = new Set([leader]);
  for (let before = 0; before !== inside.size;) {
    before = inside.size;
    for (const { pid, parent, group } of all) {
      if (group === leader || inside.has(parent)) inside.add(pid);
    }
  }
  return all.filter(({ pid }) => inside.has(pid));
}

/**
 * The same where nothing inside can start processes: the leader, and the chain of helpers below it
 * that namespaces need. Reads a few files instead of all of /proc.
 */
export function chainOf(leader: number): Member[] {
  const found: Member[] = [];
  for (let pid = leader; pid > 0 && found.length < CHAIN;) {
    const member = memberAt(pid);
    if (member === null) break;
    found.push(member);
    pid = member.threads === 1 ? onlyChild(pid) : 0;
  }
  return found;
}

/** bwrap outside, bwrap inside, the process; one more, should there be another helper. */
const CHAIN = 4;

function onlyChild(pid: number): number {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1"), 10) || 0;
  } catch {
    return 0;
  }
}

function everyProcess(): Member[] {
  // Where there is no /proc, only the group is known, by its number.
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((name) => {
    const member = /^\d/u.test(name) ? memberAt(Number(name)) : null;
    return member ? [member] : [];
  });
}

/** One process, or null when it is gone or has ended and waits to be collected. */
export function memberAt(pid: number): Member | null {
  return process.platform === "linux" ? memberInProc(pid) : memberByPs(pid);
}

/** As `ps` tells, where there is no /proc: of its threads and of the tenths of a second nothing. */
export function memberByPs(pid: number): Member | null {
  const argv = ["/bin/ps", "-o", "ppid=,pgid=,stat=,rss=,time=,lstart=", "-p", String(pid)];
  const done = runBriefly(argv, PS_MS, { env: { LC_ALL: "C" } });
  const fields = done?.code === 0 ? done.out.trim().split(/\s+/u) : [];
  const [parent = "", group = "", state = "Z", kilobytes = "", time = "", ...start] = fields;
  if (state.startsWith("Z")) return null;
  return {
    ...{ pid, parent: Number(parent), group: Number(group), threads: 1 },
    startTicks: Date.parse(start.join(" ")),
    cpuTicks: Number(time.replaceAll(/\D/gu, "")),
    residentBytes: Number(kilobytes) * 1024,
  };
}

const PS_MS = 1_000;

function memberInProc(pid: number): Member | null {
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
