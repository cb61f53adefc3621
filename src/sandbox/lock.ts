import { landlockAbi, restrict } from "./linux/landlock.ts";
import type { Kernel } from "./linux/native.ts";
import { cString, cStrings, openKernel } from "./linux/native.ts";

/**
 * How a process locks itself, in this order:
 *
 *   no_new_privs -> rlimits -> Landlock -> another user, no capabilities -> seccomp -> a look
 *   whether it holds
 *
 * Landlock and capabilities belong to a thread and are inherited by what it starts. So a process
 * locks itself while it has one thread; should the runtime already have others, it locks and then
 * executes itself anew, which ends them.
 *
 * Kept small and free of other modules: every sandboxed tool waits for it at start.
 */

/** What a box comes to inside the process. Sent in the variable `NANOS_BOX`, as JSON. */
export interface LockSpec {
  readonly v: 1;
  /**
   * `bwrap`: namespaces already hold paths, processes and network. `wasm`: nothing holds paths
   * until `seal` does, before any code of a stranger's runs. `seatbelt`: a profile holds it since
   * before it started. `none`: the operator marked it. In these two nothing is locked; of all the
   * rest only `env` is there.
   */
  readonly tier: "bwrap" | "landlock" | "wasm" | "seatbelt" | "none";
  /** `host` goes on to import a tool file in this process; `program` executes `argv`. */
  readonly kind: "host" | "program";
  /** Landlock version to use; 0 leaves Landlock out (only where namespaces hold). */
  readonly abi: number;
  /** Process to die with; 0 where bwrap sees to it. */
  readonly parent: number;
  /** Working folder once locked. */
  readonly cwd: string;
  readonly reads: readonly string[];
  /** Folders of which only the names may be read. */
  readonly lists?: readonly string[];
  readonly writes: readonly string[];
  readonly execs: readonly string[];
  readonly devices: readonly string[];
  /** TCP ports it may connect to or listen on. */
  readonly ports: { readonly connect: readonly number[]; readonly listen: readonly number[] };
  /**
   * As root: a user id nobody else has, so that the process owns nothing and is counted alone, and
   * the one capability it keeps, by number, to read what it was granted. Null: as it was started.
   */
  readonly user: { readonly id: number; readonly keep: number } | null;
  /** May start processes. */
  readonly fork: boolean;
  /** What the process sees as its environment. Never set before the lock, as LD_PRELOAD is one. */
  readonly env: Readonly<Record<string, string>>;
  /** `program` only. */
  readonly argv: readonly string[];
  readonly limits: {
    readonly cpuSeconds: number;
    /** Largest file it may write. */
    readonly fileBytes: number;
    readonly files: number;
    /** Address space beyond what the runtime has reserved (`host`), or in all (`program`). */
    readonly addressBytes: number;
    /** Processes and threads the kernel lets this user have; null where it is of no use. */
    readonly processes: number | null;
  };
  /** The seccomp program in base64, and which of its 32-bit words hold the process's own pid. */
  readonly filter: { readonly program: string; readonly ownPid: readonly number[] };
  /** `wasm` only: the filter that closes what is left, once all files are read. */
  readonly seal: LockSpec["filter"] | null;
  /** Set by the process itself when it executes itself anew with the lock on. */
  readonly locked?: true;
}

/** Exit code of a process that could not lock itself; nothing else ran in it. */
export const LOCK_FAILED = 70;

/**
 * What the tool host calls before it imports anything of a tool: reads the lock from the
 * environment, applies it, and leaves only the tool's own environment. Ends the process with
 * `LOCK_FAILED` when any part of the lock does not take. Once it has taken, it does nothing more.
 *
 * @returns the lock
 */
export function applyLock(): LockSpec {
  if (applied) return applied;
  try {
    const lock = readLock();
    if (lock.tier !== "none" && lock.tier !== "seatbelt") lockDown(lock);
    applied = lock;
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, lock.env);
    return lock;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`nanos: the box could not be closed: ${why}\n`);
    process.exit(LOCK_FAILED);
  }
}

let applied: LockSpec | null = null;

/**
 * Closes what the lock had to leave open until everything was loaded: after it no file can be
 * named. @throws Error when it does not take.
 */
export function seal(filter: LockSpec["filter"]): void {
  const kernel = openKernel();
  installFilter(kernel, filter);
  refuses(kernel);
}

/** @throws Error when this process was not started by the sandbox. */
export function readLock(): LockSpec {
  const text = process.env["NANOS_BOX"];
  if (text === undefined) throw new Error("this entry is started by nanos only");
  const lock = JSON.parse(text) as LockSpec;
  if (lock.v !== 1) throw new Error(`unknown lock version ${String(lock.v)}`);
  return lock;
}

/**
 * Locks the calling process. For `program` it does not return: the program takes its place.
 *
 * @throws Error when any part of it fails; the caller must then end the process.
 */
export function lockDown(lock: LockSpec): void {
  const kernel = openKernel();
  if (lock.locked) {
    installFilter(kernel, lock.filter);
    return verify(kernel, lock);
  }
  closeInherited(kernel);
  kernel.must("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const status = kernel.readText("/proc/self/status");
  const threads = statusNumber(status, "Threads");
  const anew = lock.kind === "host" && lock.tier === "landlock" && threads > 1;
  setLimits(kernel, lock, statusNumber(status, "VmSize") * 1024);
  // What is read of /proc is read now: after the next line it is out of reach.
  const command = anew ? kernel.readText("/proc/self/cmdline").split("\0").slice(0, -1) : [];
  // What listens is ours: the program beside it, of the same user, may not look into it.
  if (lock.ports.listen.length > 0) kernel.must("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (lock.abi > 0) restrict(kernel, lock.abi, reach(kernel, lock, anew));
  becomeNobody(kernel, lock.user);
  // After the change of user, which takes this back.
  dieWithParent(kernel, lock.parent);
  process.chdir(lock.cwd);
  if (anew) executeAnew(kernel, lock, command);
  installFilter(kernel, lock.filter);
  if (lock.kind === "host") return verify(kernel, lock);
  execute(kernel, lock.argv, lock.env, lock.limits.addressBytes);
}

/**
 * The version the kernel offers, asked from inside; for `nanos` under a runtime without FFI.
 *
 * @public loaded by `require`, so that no thread starts before the lock
 */
export function askLandlockAbi(): number {
  return landlockAbi(openKernel());
}

/** `struct sock_fprog { unsigned short len; struct sock_filter *filter; }`, for all threads. */
function installFilter(kernel: Kernel, filter: LockSpec["filter"]): void {
  const program = ownFilter(filter);
  const prog = new BigUint64Array([BigInt(program.byteLength / 8), kernel.address(program)]);
  const SET_MODE_FILTER = 1;
  const TSYNC = 1;
  const result = kernel.must("seccomp", SET_MODE_FILTER, TSYNC, prog);
  if (result !== 0) throw new Error(`thread ${result} could not take the system call filter`);
}

/** The filter with this process's pid at the places that are marked for it. */
function ownFilter(filter: LockSpec["filter"]): Uint8Array {
  const program = Uint8Array.fromBase64(filter.program);
  const words = new Uint32Array(program.buffer);
  for (const at of filter.ownPid) words[at] = process.pid;
  return program;
}

/** Closes what a careless parent left open: runtimes open their own descriptors close-on-exec. */
function closeInherited(kernel: Kernel): void {
  const own = 32;
  for (let fd = 3; fd < own; fd++) {
    const flags = kernel.try("fcntl", fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) === 0) kernel.must("close", fd);
  }
  kernel.try("close_range", own, 0xffff_ffff, 0);
}

/** The kernel ends this process when the thread that started it ends. */
function dieWithParent(kernel: Kernel, parent: number): void {
  if (parent === 0) return;
  const SIGKILL = 9;
  kernel.must("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (process.ppid !== parent) throw new Error("nanos was gone before the box was closed");
}

/** `reserved`: address space the runtime has taken by now; most of it is never touched. */
function setLimits(kernel: Kernel, lock: LockSpec, reserved: number): void {
  const { limits } = lock;
  const set = (resource: number, value: number, hard = value): void => {
    kernel.must("prlimit64", 0, resource, limitPair(value, hard), 0);
  };
  // The program gets a signal at the limit; a second later the kernel ends it.
  set(RLIMIT.cpu, limits.cpuSeconds, limits.cpuSeconds + 1);
  set(RLIMIT.fileSize, limits.fileBytes);
  set(RLIMIT.core, 0);
  set(RLIMIT.openFiles, limits.files);
  if (limits.processes !== null) set(RLIMIT.processes, limits.processes);
  if (lock.kind === "host") set(RLIMIT.addressSpace, reserved + limits.addressBytes);
}

/** `struct rlimit64`. As 64-bit numbers: a 32-bit one that turns negative means no limit at all. */
function limitPair(soft: number, hard: number): BigUint64Array {
  return new BigUint64Array([BigInt(soft), BigInt(hard)]);
}

function statusNumber(status: string, name: string): number {
  const value = Number.parseInt(status.split(`\n${name}:`, 2)[1] ?? "", 10);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} of this process is not known`);
  return value;
}

/** Root's privileges go, all but one where there is a user to become; an ordinary user has none. */
function becomeNobody(kernel: Kernel, user: LockSpec["user"]): void {
  const AMBIENT_CLEAR_ALL = 4;
  kernel.try("prctl", PR_CAP_AMBIENT, AMBIENT_CLEAR_ALL, 0, 0);
  for (let capability = 0; capability < 64; capability++) {
    // What is kept must stay in the bounding set until it is inheritable.
    if (capability === user?.keep) continue;
    // EINVAL is past the last one; EPERM is an ordinary user.
    if (kernel.try("prctl", PR_CAPBSET_DROP, capability, 0, 0) < 0) break;
  }
  if (user !== null) {
    // What it keeps must count for access(2) too, by which programs ask whether a file is there.
    kernel.must("prctl", PR_SET_SECUREBITS, SECBITS_NO_ROOT_NO_FIXUP, 0, 0);
    kernel.must("setgroups", 0, 0);
    kernel.must("setresgid", user.id, user.id, user.id);
    kernel.must("setresuid", user.id, user.id, user.id);
  }
  const kept = user === null ? 0 : 2 ** user.keep;
  const header = new Uint32Array([CAPABILITY_VERSION_3, 0]);
  // Effective, permitted and inheritable, of the first 32 capabilities and of the next.
  kernel.must("capset", header, new Uint32Array([kept, kept, kept, 0, 0, 0]));
  // What is executed keeps it too.
  if (user !== null) kernel.must("prctl", PR_CAP_AMBIENT, AMBIENT_RAISE, user.keep, 0, 0);
}

/** Trusts nothing: the lock counts once the system has refused what it must refuse. */
function verify(kernel: Kernel, lock: LockSpec): void {
  if (lock.abi === 0) return;
  refuses(kernel);
}

function refuses(kernel: Kernel): void {
  const result = kernel.tryOpen("/");
  if (result !== -EACCES) throw new Error(`opening the root folder gave ${result}, not a refusal`);
}

/** Locked, with threads that are not: executing the same program again ends those. */
function executeAnew(kernel: Kernel, lock: LockSpec, argv: readonly string[]): never {
  const env = { ...process.env, NANOS_BOX: JSON.stringify({ ...lock, locked: true }) };
  return execute(kernel, [process.execPath, ...argv.slice(1)], env, null);
}

/**
 * What executes starts over: it reads its own process folder to find its stack. When that is this
 * very runtime, it also needs its own file and libraries again.
 */
function reach(kernel: Kernel, lock: LockSpec, anew: boolean): LockSpec {
  if (lock.kind === "host" && !anew) return lock;
  const reads = [...lock.reads, `/proc/${process.pid}`, "/etc/ld.so.cache"];
  if (!anew) return { ...lock, reads };
  const libraries = kernel.readText("/proc/self/maps").match(/\/\S+\.so[.\d]*$/gmu) ?? [];
  return { ...lock, reads, execs: [...lock.execs, process.execPath, ...new Set(libraries)] };
}

/** Replaces this process. What the runtime ignored must not stay ignored in the program. */
function execute(
  kernel: Kernel,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  addressBytes: number | null,
): never {
  const file = argv[0];
  if (file === undefined) throw new Error("no program was named");
  resetSignals(kernel);
  closeOnExecute(kernel);
  const args = cStrings(argv);
  const pairs = cStrings(Object.entries(env).map(([name, value]) => `${name}=${value ?? ""}`));
  const path = cString(file);
  const limit = addressBytes === null ? null : limitPair(addressBytes, addressBytes);
  // The runtime has reserved more than the program may: from here on it must not allocate.
  if (limit) kernel.must("prlimit64", 0, RLIMIT.addressSpace, limit, 0);
  kernel.must("execve", path, args.table, pairs.table);
  throw new Error(`bug: execve returned, ${args.keep.length + pairs.keep.length}`);
}

function resetSignals(kernel: Kernel): void {
  const defaultAction = new Uint8Array(32);
  const maskBytes = 8;
  for (let signal = 1; signal <= 64; signal++) {
    kernel.try("rt_sigaction", signal, defaultAction, 0, maskBytes);
  }
}

function closeOnExecute(kernel: Kernel): void {
  const CLOSE_RANGE_CLOEXEC = 4;
  const result = kernel.try("close_range", 3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC);
  // Before Linux 5.11 the flag is unknown; what was inherited is closed by then.
  if (result < 0 && result !== -EINVAL && result !== -ENOSYS) {
    throw new Error(`close_range failed with errno ${-result}`);
  }
}

const EACCES = 13;
const EINVAL = 22;
const ENOSYS = 38;
const F_GETFD = 1;
const FD_CLOEXEC = 1;
const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const PR_CAPBSET_DROP = 24;
const PR_SET_SECUREBITS = 28;
const SECBITS_NO_ROOT_NO_FIXUP = 0b1111;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const AMBIENT_RAISE = 2;
const CAPABILITY_VERSION_3 = 0x2008_0522;
const RLIMIT = {
  cpu: 0,
  fileSize: 1,
  core: 4,
  processes: 6,
  openFiles: 7,
  addressSpace: 9,
} as const;
