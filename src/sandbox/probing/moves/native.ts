import { dlopen, ptr, read } from "bun:ffi";
import { writeSync } from "node:fs";
import { SYSCALLS } from "../../linux/syscalls.ts";

/**
 * The kernel as hostile code asks it, past the runtime; and how an attempt says what came of it:
 * one line each, `NAME: refused WHY` or `NAME: WHAT IT GOT`.
 */

/** Calls nothing else here needs, as `[x64, arm64]`. Source: the kernel's unistd headers. */
const MORE = {
  capset: [126, 91],
  copy_file_range: [326, 285],
  exit_group: [231, 94],
  fallocate: [285, 47],
  flock: [73, 32],
  lseek: [8, 62],
  mmap: [9, 222],
  nanosleep: [35, 101],
  pread64: [17, 67],
  read: [0, 63],
  setgroups: [116, 159],
  setresuid: [117, 147],
  write: [1, 64],
} as const;

const NUMBERS = { ...SYSCALLS, ...MORE };
type Name = keyof typeof NUMBERS;
type Arg = number | bigint | NodeJS.TypedArray;

/** Asks the kernel. Buffers go by address. @throws Error `errno N` when it refuses. */
export function call(name: Name, ...args: readonly Arg[]): number {
  // Without a fork of its own, arm64 forks by clone with no flags but the signal.
  const number = NUMBERS[name][process.arch === "arm64" ? 1 : 0];
  if (number === null) throw new Error("errno 38");
  return callNumber(number, ...args);
}

/** The same by number: what no table here names. */
export function callNumber(number: number, ...args: readonly Arg[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args.map(word);
  const { syscall, __errno_location } = libc();
  const result = Number(syscall(number, a, b, c, d, e, f));
  if (result === -1) throw new Error(`errno ${read.i32(__errno_location() ?? 0)}`);
  return result;
}

function word(arg: Arg): number | bigint {
  return typeof arg === "number" || typeof arg === "bigint" ? arg : ptr(arg);
}

/** A NUL-terminated string; the caller keeps it as long as the kernel needs it. */
export function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

/** Addresses of strings, ended by a null: an argv. */
export function table(items: readonly Uint8Array[]): BigUint64Array {
  return new BigUint64Array([...items.map((item) => BigInt(ptr(item))), 0n]);
}

/** Runs `work` in a process forked past the runtime, which then ends. @returns its pid. */
export function forked(work: () => void): number {
  const SIGCHLD = 17;
  const pid = process.arch === "arm64" ? call("clone", SIGCHLD) : call("fork");
  if (pid !== 0) return pid;
  try {
    work();
  } catch {
    // The attempt was refused there.
  }
  return call("exit_group", 0);
}

/** What a descriptor holds, its first 4 KiB. */
export function contentOf(fd: number): string {
  const buffer = new Uint8Array(4_096);
  return Buffer.from(buffer.subarray(0, call("read", fd, buffer, buffer.length))).toString();
}

let opened: ReturnType<typeof openLibc> | null = null;

function libc(): ReturnType<typeof openLibc> {
  return (opened ??= openLibc());
}

function openLibc() {
  const i64 = "i64";
  const symbols = {
    syscall: { args: [i64, i64, i64, i64, i64, i64, i64], returns: i64 },
    __errno_location: { args: [], returns: "ptr" },
  } as const;
  const musl = `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
  try {
    return dlopen("libc.so.6", symbols).symbols;
  } catch {
    return dlopen(musl, symbols).symbols;
  }
}

export function print(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Makes one attempt and says what came of it. */
export function attempt(what: string, work: () => unknown): void {
  try {
    print(`${what}: ${String(work())}`);
  } catch (error) {
    print(`${what}: refused ${whyOf(error)}`);
  }
}

/** The same for one that takes time, of which it gets half a second. */
export async function attemptSoon(what: string, work: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((_, reject) => {
    timer = setTimeout(reject, 500, new Error("no answer"));
  });
  try {
    print(`${what}: ${String(await Promise.race([work(), enough]))}`);
  } catch (error) {
    print(`${what}: refused ${whyOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function whyOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return String(code ?? message ?? error).replaceAll(/\s+/gu, " ");
}

export const AT_FDCWD = -100;
export const O = {
  rdwr: 2,
  wronly: 1,
  creat: 0o100,
  path: 0o10000000,
  tmpfile: 0o20000000 | (process.arch === "arm64" ? 0o40000 : 0o200000),
} as const;
