import { readFileSync } from "node:fs";
import type { Attack, Seen } from "./attack.ts";
import { either, claimed, reached } from "./attack.ts";

/** Everything that listens, and the parts of the kernel no tool has a use for. */
export const CONNECTIONS: readonly Attack[] = [
  {
    name: "connect to this machine",
    aim: "connect",
    moves: (g) => ["tcp", g.doors.tcp],
    verdict: reached,
  },
  {
    name: "connect over IPv6",
    aim: "connect",
    moves: (g) => ["tcp-6", g.doors.tcp6 ?? g.doors.tcp],
    verdict: reached,
  },
  {
    name: "fetch in every way",
    aim: "connect",
    moves: (g) => ["http", g.doors.tcp, g.doors.socket],
    verdict: reached,
  },
  {
    name: "send a datagram",
    aim: "connect",
    moves: (g) => ["udp", g.doors.udp],
    verdict: reached,
  },
  { name: "ask for names", aim: "connect", moves: () => ["names"], verdict: claimed },
  { name: "listen", aim: "connect", moves: () => ["listen"], verdict: claimed },
  {
    name: "connect to a socket",
    aim: "connect",
    moves: (g) => ["unix", g.doors.socket],
    verdict: reached,
  },
  {
    name: "connect to a socket it may read",
    aim: "connect",
    moves: (g) => ["unix", g.doors.socketInside],
    verdict: reached,
  },
  {
    name: "connect to a socket without a file",
    aim: "connect",
    moves: (g) => ["abstract", g.doors.abstract],
    verdict: reached,
  },
  {
    name: "open sockets of other families",
    aim: "connect",
    moves: () => ["families"],
    verdict: claimed,
  },
];

export const KERNEL: readonly Attack[] = [
  {
    name: "leave a key in the keyring",
    aim: "kernel",
    moves: (g) => ["keyring-write", g.id],
    verdict: claimed,
  },
  {
    name: "read the keyring",
    aim: "kernel",
    moves: (g) => ["keyring-read", g.id],
    verdict: claimed,
  },
  { name: "make a namespace", aim: "kernel", moves: () => ["namespaces"], verdict: claimed },
  {
    name: "enter another's namespace",
    aim: "kernel",
    moves: (g) => ["enter", g.victim.pid],
    verdict: claimed,
  },
  {
    name: "mount over a folder",
    aim: "kernel",
    moves: (g) => ["mount", g.granted],
    verdict: either(claimed, mounted),
    boxedOnly: "it would mount",
  },
  { name: "make calls by a ring", aim: "kernel", moves: () => ["ring"], verdict: claimed },
  { name: "trace the kernel", aim: "kernel", moves: () => ["tracing"], verdict: claimed },
  {
    name: "watch files change outside",
    aim: "kernel",
    moves: (g) => ["watch", g.secret],
    verdict: claimed,
  },
  {
    name: "share memory by number",
    aim: "kernel",
    moves: (g) => ["shared", keyOf(g.id)],
    verdict: either(claimed, shared),
    boxedOnly: "segments would be left",
  },
  {
    name: "type into the terminal",
    aim: "kernel",
    moves: () => ["terminal"],
    verdict: claimed,
    boxedOnly: "it has none where no person looks on",
  },
  { name: "administer the machine", aim: "kernel", moves: () => ["machine"], verdict: claimed },
];

/** A number for what is shared by number; differs each time. */
function keyOf(id: string): string {
  return String(Number.parseInt(Buffer.from(id.slice(-4)).toString("hex"), 16) & 0x7fff_ffff);
}

function shared({ ground }: Seen): string | null {
  const segments = readFileSync("/proc/sysvipc/shm", "latin1").split("\n");
  const key = keyOf(ground.id);
  return segments.some((line) => line.trim().split(/\s+/u)[0] === key) ? "It left memory." : null;
}

function mounted({ ground }: Seen): string | null {
  const mounts = readFileSync("/proc/self/mounts", "latin1");
  return mounts.includes(ground.granted) ? "It mounted over a folder of ours." : null;
}
