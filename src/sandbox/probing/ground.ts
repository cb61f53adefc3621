import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** What is around one box, to be looked at while and after it runs. */
export interface Ground {
  /** A word nobody else has, for names that must not turn up elsewhere. */
  readonly id: string;
  readonly folder: string;
  /** Granted to read; holds `given`, a socket, and a link to the secret. */
  readonly granted: string;
  readonly given: string;
  /** Where a tool's own code lies. */
  readonly toolFolder: string;
  /** Granted to write, through the stage, where it lies at `staged`. */
  readonly writable: string;
  readonly stage: string;
  readonly staged: string;
  /** Outside, with the canary in it, in the file and in an attribute of it. */
  readonly secret: string;
  /** A link outside; where it leads is the canary. */
  readonly way: string;
  /** In whatever must not be read; differs each time. */
  readonly canary: string;
  readonly victim: Victim;
  readonly doors: Doors;
  /** What differs from how it was laid out, a sentence; null when nothing does. */
  changed(): string | null;
  clear(): Promise<void>;
}

/** A process of ours, with the canary in its environment. */
export interface Victim {
  readonly process: ChildProcess;
  readonly pid: string;
  /** Where its environment lies in its memory. */
  readonly address: string;
  /** Whether the signal that only it listens for has come. */
  signalled(): boolean;
}

/** Servers of ours that nothing in a box may reach. */
export interface Doors {
  readonly tcp: string;
  /** Null on a machine without IPv6. */
  readonly tcp6: string | null;
  readonly udp: string;
  readonly socket: string;
  readonly socketInside: string;
  readonly abstract: string;
  /** Where a program with a network finds the one way out; it leads nowhere, and counts as no door. */
  readonly proxy: string;
  /** How often one of them was reached. */
  reached(): number;
}

/** Lays it out anew: attempts that get through would spoil it for the next. */
export async function prepareGround(): Promise<Ground> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-probe-")));
  const id = basename(folder);
  const canary = `canary-${id.slice(-6)}`;
  const places = await layOut(folder, canary);
  const doors = await openDoors(folder, places.granted, id);
  const victim = await startVictim(folder, canary);
  const { secret, given, granted, writable } = places;
  const watched = [secret, given, dirname(secret), granted, writable, join(writable, "kept")];
  const before = watched.map(stateOf);
  return {
    ...{ id, folder, canary, ...places, doors, victim },
    changed: () => {
      const at = watched.findIndex((path, i) => stateOf(path) !== before[i]);
      return at < 0 ? null : `${watched[at]?.slice(folder.length + 1)} is not as it was.`;
    },
    clear: async () => {
      if (victim.process.pid !== undefined) killGroup(victim.process.pid);
      doors.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function layOut(folder: string, canary: string) {
  const place = (...names: string[]): string => join(folder, ...names);
  const [granted, writable, toolFolder] = [place("granted"), place("writable"), place("tool")];
  for (const path of [granted, writable, toolFolder, place("outside")]) mkdirSync(path);
  const [secret, given, way] = [
    place("outside", "secret"),
    place("granted", "given"),
    place("outside", "way"),
  ];
  for (const file of [secret, given]) writeFileSync(file, canary, { mode: 0o644 });
  writeFileSync(join(writable, "kept"), "as it was\n");
  symlinkSync("../outside/secret", join(granted, "link"));
  symlinkSync(canary, way);
  await plantAttribute(secret, canary);
  const stage = place("stage");
  const staged = join(stage, "root", writable);
  return { granted, given, writable, toolFolder, stage, staged, secret, way };
}

/**
 * All that can be changed of a file or folder: the system notes each change of its mode, owner,
 * times, attributes and links in the time of its last change.
 */
function stateOf(path: string): string {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return "gone";
  const content = stat.isDirectory() ? readdirSync(path).join("/") : readFileSync(path, "utf8");
  const { ino, mode, uid, gid, nlink, mtimeNs, ctimeNs } = stat;
  return [ino, mode, uid, gid, nlink, mtimeNs, ctimeNs, content].join(" ");
}

async function plantAttribute(path: string, canary: string): Promise<void> {
  if (process.versions.bun === undefined) return;
  const { call, text } = await import("./moves/native.ts");
  try {
    call("setxattr", text(path), text("user.nanos"), text(canary), canary.length, 0);
  } catch {
    // A file system without attributes has none to read.
  }
}

/** It writes a file when it is signalled in a way that everybody else ignores. */
async function startVictim(folder: string, canary: string): Promise<Victim> {
  const mark = join(folder, "signalled");
  const ready = join(folder, "ready");
  const script = `trap ': > "$1"' URG; : > "$2"; while :; do sleep 600 & wait; done`;
  const child = spawn("/bin/sh", ["-c", script, "sh", mark, ready], {
    stdio: "ignore",
    detached: true,
    env: { PATH: "/usr/bin:/bin", NANOS_VICTIM: canary },
  });
  for (let i = 0; i < 400 && !existsSync(ready); i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const pid = child.pid ?? 0;
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  const START_OF_ENVIRONMENT = 50;
  return {
    process: child,
    pid: String(pid),
    address: stat[START_OF_ENVIRONMENT - 3] ?? "0",
    signalled: () => existsSync(mark),
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

async function openDoors(
  folder: string,
  granted: string,
  id: string,
): Promise<Doors & { close(): void }> {
  let count = 0;
  const hit = (): void => void (count += 1);
  const socket = join(folder, "socket");
  const socketInside = join(granted, "socket");
  const proxy = join(folder, "proxy");
  const wayOut = await listen(proxy, () => undefined);
  const servers = await Promise.all(
    ["127.0.0.1", "::1", socket, socketInside, `\0${id}`].map((at) => listen(at, hit)),
  );
  const portOf = (server: Server | null | undefined): string | null =>
    server ? String((server.address() as AddressInfo).port) : null;
  const udp = createSocket("udp4", hit);
  await new Promise<void>((resolve) => udp.bind(0, "127.0.0.1", resolve));
  return {
    ...{ socket, socketInside, abstract: id, proxy },
    tcp: portOf(servers[0]) ?? "0",
    tcp6: portOf(servers[1]),
    udp: String(udp.address().port),
    reached: () => count,
    close: () => {
      udp.close();
      for (const server of [...servers, wayOut]) server?.close();
    },
  };
}

/** At an address or the path of a socket. Null where the machine has no such thing. */
function listen(at: string, hit: () => void): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      hit();
      socket.destroy();
    });
    server.on("error", () => resolve(null));
    if (at.includes("/") || at.startsWith("\0")) server.listen(at, () => resolve(server));
    else server.listen(0, at, () => resolve(server));
  });
}
