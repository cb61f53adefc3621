import { dlopen, ptr, read } from "bun:ffi";

/** The calls a process makes to lock itself, as `[x64, arm64]`. Source: the kernel's headers. */
const NUMBERS = {
  capset: [126, 91],
  close: [3, 57],
  close_range: [436, 436],
  execve: [59, 221],
  fcntl: [72, 25],
  landlock_add_rule: [445, 445],
  landlock_create_ruleset: [444, 444],
  landlock_restrict_self: [446, 446],
  openat: [257, 56],
  prctl: [157, 167],
  prlimit64: [302, 261],
  read: [0, 63],
  rt_sigaction: [13, 134],
  seccomp: [317, 277],
  setgroups: [116, 159],
  setresgid: [119, 149],
  setresuid: [117, 147],
} as const;

type Call = keyof typeof NUMBERS;

/**
 * The kernel, asked directly. Only for processes that lock themselves; needs Bun. File names go
 * this way too, as loading `node:fs` would cost a locked process a third of its start.
 */
export interface Kernel {
  /** The call's result; a failure is minus the errno. Buffers are passed by address. */
  readonly try: Ask;
  /** As `try`, but a failure throws: half a lock is no lock. */
  readonly must: Ask;
  /** A file named without being opened; null when it does not exist or may not be named. */
  openPath(path: string): number | null;
  /** Opens a file or folder for reading: a descriptor, or minus the errno. */
  tryOpen(path: string): number;
  /** The first 64 KiB of a file of the kernel's, such as `/proc/self/status`. */
  readText(path: string): string;
  /** Where a buffer lies, for a struct that points to it. The caller keeps the buffer. */
  address(bytes: Uint8Array): bigint;
}

type Ask = (call: Call, a?: Arg, b?: Arg, c?: Arg, d?: Arg, e?: Arg) => number;
type Arg = number | bigint | Uint8Array | Uint32Array | BigUint64Array;

const AT_FDCWD = -100;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

let kernel: Kernel | null = null;

/** @throws Error when the C library or the call's number on this architecture is missing. */
export function openKernel(): Kernel {
  kernel ??= makeKernel();
  return kernel;
}

/** Addresses of NUL-terminated strings, themselves NULL-terminated: an argv or envp. */
export function cStrings(items: readonly string[]): { table: BigUint64Array; keep: Uint8Array[] } {
  const keep = items.map(cString);
  const table = new BigUint64Array(items.length + 1);
  keep.forEach((bytes, i) => {
    table[i] = BigInt(ptr(bytes));
  });
  return { table, keep };
}

export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

function makeKernel(): Kernel {
  const arch = process.arch === "x64" ? 0 : 1;
  if (arch === 1 && process.arch !== "arm64") throw new Error(`${process.arch} is not supported`);
  const libc = openLibc();
  // Spelled out, as these run before anything is compiled: a rest parameter doubles the time.
  function attempt(call: Call, a: Arg = 0, b: Arg = 0, c: Arg = 0, d: Arg = 0, e: Arg = 0): number {
    const nr = NUMBERS[call][arch];
    const result = Number(libc.syscall(nr, word(a), word(b), word(c), word(d), word(e)));
    return result === -1 ? -libc.errno() : result;
  }
  function must(call: Call, a: Arg = 0, b: Arg = 0, c: Arg = 0, d: Arg = 0, e: Arg = 0): number {
    const result = attempt(call, a, b, c, d, e);
    if (result < 0) throw new Error(`${call} failed with errno ${-result}`);
    return result;
  }
  const O_NOFOLLOW = arch === 0 ? 0o400000 : 0o100000;
  return {
    try: attempt,
    must,
    openPath: (path) => {
      const fd = attempt("openat", AT_FDCWD, cString(path), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
      return fd < 0 ? null : fd;
    },
    tryOpen: (path) => attempt("openat", AT_FDCWD, cString(path), O_CLOEXEC, 0),
    readText: (path) => {
      const fd = must("openat", AT_FDCWD, cString(path), O_CLOEXEC, 0);
      const buffer = new Uint8Array(64 * 1024);
      let length = 0;
      for (;;) {
        const count = must("read", fd, buffer.subarray(length), buffer.length - length);
        length += count;
        if (count === 0 || length === buffer.length) break;
      }
      must("close", fd);
      return new TextDecoder().decode(buffer.subarray(0, length));
    },
    address: (bytes) => BigInt(ptr(bytes)),
  };
}

function word(arg: Arg): Word {
  return typeof arg === "number" || typeof arg === "bigint" ? arg : ptr(arg);
}

type Word = number | bigint;

interface Libc {
  syscall(nr: number, a: Word, b: Word, c: Word, d: Word, e: Word): bigint;
  errno(): number;
}

function openLibc(): Libc {
  const symbols = {
    syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
    __errno_location: { args: [], returns: "ptr" },
  } as const;
  const musl = `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
  let failure: unknown;
  for (const name of ["libc.so.6", musl]) {
    try {
      const { symbols: found } = dlopen(name, symbols);
      return {
        syscall: found.syscall,
        errno: () => read.i32(found.__errno_location() ?? 0),
      };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
