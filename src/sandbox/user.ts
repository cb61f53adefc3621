import { readdirSync, readFileSync } from "node:fs";

/** Threads that count as one process: a runtime starts several for itself. */
export const THREADS_EACH = 4;

/** Which user a box runs as. Its own is what lets the kernel count its processes apart. */
export type BoxUser =
  /** Root can give every box a user id of its own, keeping one capability to read by. */
  | { readonly kind: "own"; readonly keep: number }
  /** An ordinary user's boxes are his; the kernel counts all his processes together. */
  | { readonly kind: "same" }
  /** Root that may not change user: the kernel counts nothing for it, so nothing may fork. */
  | { readonly kind: "uncounted" };

let known: BoxUser | null = null;

/** What this process can do for its boxes. Asked of the system once. */
export function boxUser(): BoxUser {
  return (known ??= findBoxUser());
}

function findBoxUser(): BoxUser {
  if (process.getuid?.() !== 0) return { kind: "same" };
  const [first = "", outside = "", count = ""] = readFields("/proc/self/uid_map");
  // In a user namespace root is somebody else outside, and is counted.
  if (outside !== "0") return { kind: "same" };
  const held = BigInt(`0x${statusField("CapEff")}`);
  const has = (capability: number): boolean => (held & (1n << BigInt(capability))) !== 0n;
  const keep = [CAP.dacReadSearch, CAP.dacOverride].find(has);
  const changes = [CAP.setuid, CAP.setgid, CAP.chown, CAP.setpcap].every(has);
  const mapped = first === "0" && Number(count) > LAST_ID;
  return keep !== undefined && changes && mapped ? { kind: "own", keep } : { kind: "uncounted" };
}

let next = 0;

/**
 * A user id that nobody else has: in a range no system hands out, apart for every nanos by its
 * process id, and in it for every box.
 */
export function ownId(): number {
  next = (next + 1) % BOXES;
  return FIRST_ID + (((process.pid % PROCESSES) * BOXES + next) % (LAST_ID - FIRST_ID));
}

/** True for the id of some box, of this nanos or an earlier one. */
export function isBoxId(id: number): boolean {
  return id >= FIRST_ID && id < LAST_ID;
}

/** Threads of this user alive now, everywhere. */
export function threadsOfUser(): number {
  const uid = process.getuid?.() ?? 0;
  let count = 0;
  for (const name of readdirSync("/proc")) {
    if (!/^\d/u.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "latin1");
      if (Number(/^Uid:\s*(\d+)/mu.exec(status)?.[1]) !== uid) continue;
      count += Number(/^Threads:\s*(\d+)/mu.exec(status)?.[1] ?? 1);
    } catch {
      // It ended between the list and the look.
    }
  }
  return count;
}

const FIRST_ID = 0x7000_0000;
const LAST_ID = 0x7fff_0000;
const BOXES = 1024;
const PROCESSES = 256 * 1024;
const CAP = { chown: 0, dacOverride: 1, dacReadSearch: 2, setgid: 6, setuid: 7, setpcap: 8 };

function readFields(path: string): string[] {
  return readFileSync(path, "latin1").trim().split(/\s+/u);
}

function statusField(name: string): string {
  const status = readFileSync("/proc/self/status", "latin1");
  return new RegExp(`^${name}:\\s*(\\S+)`, "mu").exec(status)?.[1] ?? "0";
}
