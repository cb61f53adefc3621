import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { FilterOptions } from "./seccomp.ts";
import { seccompProgram } from "./seccomp.ts";
import type { Arch, Syscall } from "./syscalls.ts";
import { ERRNO, NEWEST_SYSCALL, SYSCALLS, syscallNumber } from "./syscalls.ts";

const AUDIT = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const PID = 4_242;

/** A classic BPF machine: what the kernel would answer. */
function decide(
  options: FilterOptions,
  nr: number,
  args: readonly number[] = [],
  audit: number = AUDIT[options.arch],
): string {
  const { program, ownPid } = seccompProgram(options);
  const words = new Uint32Array(program.slice().buffer);
  for (const at of ownPid) words[at] = PID;
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, nr >>> 0, true);
  data.setUint32(4, audit, true);
  args.forEach((arg, i) => data.setBigInt64(16 + 8 * i, BigInt(arg), true));
  let value = 0;
  for (let at = 0, steps = 0; steps < 4_096; steps++, at++) {
    const head = words[at * 2] ?? 0;
    const k = words[at * 2 + 1] ?? 0;
    const code = head & 0xffff;
    const jump = (taken: boolean): number => (taken ? (head >>> 16) & 0xff : head >>> 24);
    if (code === 0x20) value = data.getUint32(k, true);
    else if (code === 0x54) value = (value & k) >>> 0;
    else if (code === 0x15) at += jump(value === k);
    else if (code === 0x25) at += jump(value > k);
    else if (code === 0x06) return answer(k);
    else throw new Error(`unknown instruction ${code} at ${at}`);
  }
  throw new Error("the program has no end");
}

function answer(k: number): string {
  if (k === 0x7fff_0000) return "allow";
  if (k === 0x8000_0000) return "kill";
  const errno = Object.entries(ERRNO).find(([, number]) => number === (k & 0xffff));
  return errno?.[0] ?? String(k);
}

const HOST: FilterOptions = {
  arch: "x64",
  exec: false,
  fork: false,
  net: "none",
  bare: { abi: 7, ownUser: false },
};
const OWN: FilterOptions = { ...HOST, bare: { abi: 7, ownUser: true } };
const WALLED: FilterOptions = { arch: "x64", exec: true, fork: true, net: "none", bare: null };
const CLIENT: FilterOptions = { ...WALLED, net: "client" };
const RELAY: FilterOptions = { ...HOST, net: "relay", bare: null };

function check(options: FilterOptions, call: Syscall, args: readonly number[], want: string): void {
  for (const arch of ["x64", "arm64"] as const) {
    const nr = syscallNumber(call, arch);
    if (nr === null) continue;
    expect(`${call} ${decide({ ...options, arch }, nr, args)}`).toBe(`${call} ${want}`);
  }
}

const THREAD = 0x1_0000 | 0x100 | 0x200;
const NEWUSER = 0x1000_0000;

describe("what the filter answers", () => {
  const cases: [string, FilterOptions, Syscall, number[], string][] = [
    ["a host starts no program", HOST, "execve", [], "EPERM"],
    ["a program is started by name", WALLED, "execve", [], "allow"],
    ["but not by descriptor", WALLED, "execveat", [], "EPERM"],
    ["a host forks not", HOST, "clone", [17], "EPERM"],
    ["nor by the old calls", HOST, "fork", [], "EPERM"],
    ["nor by vfork", HOST, "vfork", [], "EPERM"],
    ["threads are free", HOST, "clone", [THREAD], "allow"],
    ["a thread with a namespace is not", HOST, "clone", [THREAD | NEWUSER], "EPERM"],
    ["what may fork forks", WALLED, "clone", [17], "allow"],
    ["but into no namespace", WALLED, "clone", [17 | NEWUSER], "EPERM"],
    ["clone3 hides its flags", WALLED, "clone3", [], "ENOSYS"],
    ["no socket", HOST, "socket", [1, 1], "EACCES"],
    ["no internet", WALLED, "socket", [2, 1], "EACCES"],
    ["a client has TCP", CLIENT, "socket", [2, 1 | 0o2000000], "allow"],
    ["of the newer kind too", CLIENT, "socket", [10, 1], "allow"],
    ["and connects", CLIENT, "connect", [], "allow"],
    ["but sends no datagrams, and so asks for no names", CLIENT, "socket", [2, 2], "EACCES"],
    ["nor anything raw", CLIENT, "socket", [2, 3], "EACCES"],
    ["nor packets of another kind", CLIENT, "socket", [17, 3], "EACCES"],
    ["nor asks the kernel for routes", CLIENT, "socket", [16, 3], "EACCES"],
    ["nor reaches sockets that lie in folders", CLIENT, "socket", [1, 1], "EACCES"],
    ["nor a virtual machine's host", CLIENT, "socket", [40, 1], "EACCES"],
    ["it listens to nobody", CLIENT, "listen", [], "EACCES"],
    ["and takes no port", CLIENT, "bind", [], "EACCES"],
    ["the relay listens", RELAY, "listen", [], "allow"],
    ["and reaches the proxy's socket", RELAY, "socket", [1, 1], "allow"],
    ["but starts nothing", RELAY, "execve", [], "EPERM"],
    ["and sends no datagrams", RELAY, "socket", [1, 2], "EACCES"],
    ["a stream pair is a pipe", HOST, "socketpair", [1, 1 | 0o2000000], "allow"],
    ["a packet pair too", HOST, "socketpair", [1, 5], "allow"],
    ["a datagram pair can be pointed elsewhere", HOST, "socketpair", [1, 2], "EACCES"],
    ["a pair of another family", HOST, "socketpair", [2, 1], "EACCES"],
    ["no typing into the terminal", WALLED, "ioctl", [0, 0x5412], "EPERM"],
    ["no pasting into it", WALLED, "ioctl", [0, 0x541c], "EPERM"],
    ["other terminal calls stay", HOST, "ioctl", [0, 0x5401], "allow"],
    ["nor saying whom a file signals", WALLED, "ioctl", [0, 0x8901], "EPERM"],
    ["no flags of files", HOST, "ioctl", [0, 0x4008_6602], "ENOTTY"],
    ["behind walls they are its copy's", WALLED, "ioctl", [0, 0x4008_6602], "allow"],
    ["no lease on a file", WALLED, "fcntl", [0, 1024], "EPERM"],
    ["no other owner of a file's signals", WALLED, "fcntl", [0, 8], "EPERM"],
    ["descriptors may be copied", HOST, "fcntl", [0, 0], "allow"],
    ["attributes are not read either", HOST, "getxattr", [], "ENOTSUP"],
    ["no watching of the file system", WALLED, "fanotify_init", [], "EPERM"],
    ["it stays tied to its parent", HOST, "prctl", [1, 0], "EPERM"],
    ["it may name its threads", HOST, "prctl", [15], "allow"],
    ["the personality may be asked", HOST, "personality", [0xffff_ffff], "allow"],
    ["but not changed", HOST, "personality", [0x4_0000], "EPERM"],
    ["no change of mode", HOST, "fchmodat", [], "EPERM"],
    ["nor by the newest call", HOST, "fchmodat2", [], "EPERM"],
    ["a user of its own changes its own files", OWN, "fchmodat", [], "allow"],
    ["but no times", OWN, "utimensat", [], "EPERM"],
    ["no memory that nobody sees", WALLED, "memfd_create", [], "ENOSYS"],
    ["nor shared by number", WALLED, "shmget", [], "EPERM"],
    ["behind walls it is the walls' matter", WALLED, "fchmodat", [], "allow"],
    ["no change of times", HOST, "utimensat", [], "EPERM"],
    ["attributes are not supported", HOST, "setxattr", [], "ENOTSUP"],
    ["no watching of folders", HOST, "inotify_add_watch", [], "EPERM"],
    ["it stays in its group", HOST, "setsid", [], "EPERM"],
    ["it limits itself", HOST, "prlimit64", [0], "allow"],
    ["also by its own pid", HOST, "prlimit64", [PID], "allow"],
    ["but nobody else", HOST, "prlimit64", [1], "EPERM"],
    ["signals are Landlock's matter", HOST, "kill", [1, 9], "allow"],
    ["no shared memory by number", HOST, "shmget", [], "EPERM"],
    ["no tracing", WALLED, "ptrace", [], "EPERM"],
    ["no keyring", WALLED, "add_key", [], "EPERM"],
    ["no ring of calls", WALLED, "io_uring_setup", [], "EPERM"],
    ["no devices", WALLED, "mknodat", [], "EPERM"],
  ];
  for (const [name, options, call, args, want] of cases) {
    test(name, () => check(options, call, args, want));
  }
});

describe("an old kernel's Landlock", () => {
  const old = (abi: number): FilterOptions => ({ ...HOST, bare: { abi, ownUser: false } });
  const RDONLY_TRUNC = 0x200;
  const cases: [string, number, Syscall, number[], string][] = [
    ["5 lets signals out, so it signals only itself", 5, "kill", [1, 9], "EPERM"],
    ["itself it may", 5, "kill", [PID, 9], "allow"],
    ["its group it may not", 5, "kill", [0, 9], "EPERM"],
    ["nor by thread", 5, "tgkill", [1, 1, 9], "EPERM"],
    ["nor by descriptor", 5, "pidfd_send_signal", [], "EPERM"],
    ["2 lets truncate out", 2, "truncate", [], "EACCES"],
    ["and truncating reads", 2, "openat", [0, 0, RDONLY_TRUNC], "EACCES"],
    ["a truncating write is a write", 2, "openat", [0, 0, RDONLY_TRUNC | 1], "allow"],
    ["3 holds them itself", 3, "truncate", [], "allow"],
  ];
  for (const [name, abi, call, args, want] of cases) {
    test(name, () => check(old(abi), call, args, want));
  }
});

test("calls nobody named here do not exist", () => {
  const later = fc.integer({ min: NEWEST_SYSCALL + 1, max: 0x7fff_ffff });
  const options = fc.constantFrom(HOST, WALLED);
  fc.assert(
    fc.property(options, later, (each, nr) => expect(decide(each, nr)).toBe("ENOSYS")),
    { numRuns: 200 },
  );
});

test("a call through another table ends the process", () => {
  const i386 = 0x4000_0003;
  expect(decide(HOST, 1, [], i386)).toBe("kill");
  const x32 = 0x4000_0000;
  expect(decide(HOST, x32 + 1)).toBe("ENOSYS");
});

test("every option allows what every runtime needs, and never loosens by narrowing", () => {
  const everyday: Record<Arch, number[]> = {
    x64: [0, 1, 3, 9, 10, 11, 12, 202, 228, 231, 257, 262, 318, 332],
    arm64: [63, 64, 57, 222, 226, 215, 98, 113, 94, 56, 79, 278, 291],
  };
  for (const options of [HOST, WALLED]) {
    for (const arch of ["x64", "arm64"] as const) {
      for (const nr of everyday[arch]) expect(decide({ ...options, arch }, nr)).toBe("allow");
    }
  }
  for (const call of Object.keys(SYSCALLS) as Syscall[]) {
    const nr = syscallNumber(call, "x64");
    if (nr === null) continue;
    const wide = decide(WALLED, nr, [1, 1, 1]);
    if (wide !== "allow") expect(decide(HOST, nr, [1, 1, 1])).not.toBe("allow");
  }
});

test("jumps stay inside the program", () => {
  for (const options of [HOST, WALLED, { ...HOST, bare: { abi: 1, ownUser: true } }]) {
    const { program } = seccompProgram(options);
    const words = new Uint32Array(program.slice().buffer);
    const count = words.length / 2;
    expect(count).toBeLessThan(4_096);
    for (let at = 0; at < count; at++) {
      const head = words[at * 2] ?? 0;
      if ((head & 0x7) !== 0x05) continue;
      expect(at + 1 + Math.max((head >>> 16) & 0xff, head >>> 24)).toBeLessThan(count);
    }
  }
});
