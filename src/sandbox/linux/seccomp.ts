import type { Arch, Syscall } from "./syscalls.ts";
import { ERRNO, NEWEST_SYSCALL, syscallNumber } from "./syscalls.ts";

/** What a filter lets through. The rest of it is the same for every box. */
export interface FilterOptions {
  readonly arch: Arch;
  /** May replace itself by another program. */
  readonly exec: boolean;
  /** May start processes. Threads are always allowed. */
  readonly fork: boolean;
  /** Sockets it may open; see `sockets`. */
  readonly net: SocketUse;
  /**
   * Set where no namespaces hold the process: the machine's Landlock version, and whether the
   * process has a user of its own, who owns nothing outside. Denies what Landlock does not
   * mediate: metadata writes, watching folders, signals (before version 6), truncation (before
   * version 3), leaving the process group.
   */
  readonly bare: { readonly abi: number; readonly ownUser: boolean } | null;
  /** Set once all that is needed is loaded: no file, folder or other process is named any more. */
  readonly sealed?: true;
}

/**
 * `none` opens no socket. `client` makes TCP connections, in a network whose only other end is the
 * relay to our proxy. `relay` is that relay: it listens there and connects to the proxy's socket.
 */
export type SocketUse = "none" | "client" | "relay";

/**
 * A seccomp program (classic BPF) in the machine's byte order, for `seccomp(2)` or bwrap's
 * `--seccomp`. It allows by default, as a runtime needs most calls, and denies by name; calls newer
 * than this file answer ENOSYS, so that libraries fall back to ones it knows. A call made through a
 * foreign architecture's table kills the process, as its numbers would mean something else.
 */
export function seccompProgram(options: FilterOptions): Filter {
  const audit = options.arch === "x64" ? 0xc000_003e : 0xc000_00b7;
  const out: Instruction[] = [
    load(OFFSET_ARCH),
    [JEQ, 1, 0, audit],
    [RET, 0, 0, KILL_PROCESS],
    load(OFFSET_NR),
    // Also catches the x32 table of x64, whose numbers start at 0x40000000.
    [JGT, 0, 1, NEWEST_SYSCALL],
    [RET, 0, 0, deny("ENOSYS")],
  ];
  for (const rule of rules(options)) {
    const nr = syscallNumber(rule.call, options.arch);
    if (nr !== null) out.push(...ruleCode(nr, rule));
  }
  out.push([RET, 0, 0, ALLOW]);
  const ownPid = out.flatMap(([, , , k], i) => (k === OWN_PID ? [i * 2 + 1] : []));
  return { program: encode(out), ownPid };
}

/** A program, and the indexes of its 32-bit words that must be set to the process's own pid. */
export interface Filter {
  readonly program: Uint8Array<ArrayBuffer>;
  readonly ownPid: readonly number[];
}

/** `call` answers `otherwise`, unless an argument decides differently; first match wins. */
interface Rule {
  readonly call: Syscall;
  readonly tests: readonly Test[];
  readonly otherwise: number;
}

/** True when the low 32 bits of argument `arg`, masked, are (or are not) one of `values`. */
interface Test {
  readonly arg: number;
  readonly mask?: number;
  readonly is: "in" | "not";
  readonly values: readonly number[];
  readonly then: number;
}

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;

function deny(errno: keyof typeof ERRNO): number {
  return 0x0005_0000 | ERRNO[errno];
}

function rules(options: FilterOptions): Rule[] {
  const list: Rule[] = [
    ...never(NEVER, "EPERM"),
    // Memory that shows in no process: files without a name, segments without a mapping.
    ...never(["memfd_create", "memfd_secret"], "ENOSYS"),
    ...never(IPC, "EPERM"),
    // glibc and runtimes fall back to clone, whose flags a filter can read.
    ...never(["clone3", "openat2", "statmount", "listmount"], "ENOSYS"),
    ...sockets(options.net),
    { call: "clone", tests: cloneTests(options.fork), otherwise: ALLOW },
    { call: "ioctl", tests: ioctlTests(options.bare !== null), otherwise: ALLOW },
    { call: "fcntl", tests: [when(1, GUARDED_FCNTL, "EPERM")], otherwise: ALLOW },
    { call: "prctl", tests: [when(0, guardedPrctl(options.net), "EPERM")], otherwise: ALLOW },
    { call: "personality", tests: [unless(0, [0, 0xffff_ffff], "EPERM")], otherwise: ALLOW },
  ];
  if (!options.fork) list.push(...never(["fork", "vfork"], "EPERM"));
  // A descriptor is not a path: what may be started is named by path, so execveat goes always.
  list.push(...never(options.exec ? ["execveat"] : ["execveat", "execve"], "EPERM"));
  // Before the others, as the first rule of a call counts.
  if (options.sealed) list.unshift(...never(SEALED, "EACCES"));
  if (options.bare) list.push(...bareRules(options.bare));
  return list;
}

/**
 * TIOCSTI and TIOCLINUX type into the terminal; FIOSETOWN and SIOCSPGRP name whom a file signals.
 * File systems take orders by a descriptor that is open to read, and Landlock does not look: flags,
 * seals, subvolumes. So without walls only the calls of terminals and pipes are left, `0x54..`.
 */
function ioctlTests(bare: boolean): Test[] {
  const typing = when(1, [0x5412, 0x541c, 0x8901, 0x8902], "EPERM");
  const others = { ...unless(1, [0x5400], "ENOTTY"), mask: 0xffff_ff00 };
  return bare ? [typing, others] : [typing];
}

/** Calls no process of ours makes that starts others and reaches so much, whatever it asks. */
export function alwaysDenied(arch: Arch, net: SocketUse): readonly Syscall[] {
  const all = rules({ arch, exec: true, fork: true, net, bare: null });
  return all.filter(({ tests }) => tests.length === 0).map(({ call }) => call);
}

/** Flags of clone that make a namespace. */
export const NEW_NAMESPACES = 0x7e02_0000;

/** Creating a thread is clone with CLONE_THREAD; without it, it is a process. */
function cloneTests(fork: boolean): Test[] {
  const noNamespace: Test = {
    arg: 0,
    mask: NEW_NAMESPACES,
    is: "not",
    values: [0],
    then: deny("EPERM"),
  };
  const thread: Test = { arg: 0, mask: 0x1_0000, is: "in", values: [0], then: deny("EPERM") };
  return fork ? [noNamespace] : [noNamespace, thread];
}

/**
 * No socket of any family, or streams of those that are needed: nothing raw, no datagrams and with
 * them no names to look up. Connected pairs stay, as runtimes use them as pipes, but only the kinds
 * that cannot be pointed at another address afterwards.
 */
function sockets(use: SocketUse): Rule[] {
  const unix = 1;
  const inet = 2;
  const inet6 = 10;
  const stream = 1;
  const seqpacket = 5;
  const families = use === "relay" ? [unix, inet] : [inet, inet6];
  const tests = [
    unless(0, families, "EACCES"),
    // The upper bits ask for a descriptor that does not block or is closed on exec.
    { ...unless(1, [stream], "EACCES"), mask: 0xf },
  ];
  const opens: Rule[] =
    use === "none"
      ? never(["socket", "connect"], "EACCES")
      : [{ call: "socket", tests, otherwise: ALLOW }];
  return [
    ...opens,
    ...(use === "relay" ? [] : never(["bind", "listen"], "EACCES")),
    {
      call: "socketpair",
      tests: [
        unless(0, [unix], "EACCES"),
        { ...unless(1, [stream, seqpacket], "EACCES"), mask: 0xf },
      ],
      otherwise: ALLOW,
    },
  ];
}

function bareRules({ abi, ownUser }: NonNullable<FilterOptions["bare"]>): Rule[] {
  const own = [0, OWN_PID];
  const list: Rule[] = [
    // A user of its own can change mode and owner of its own files only, which is what is wanted.
    ...(ownUser ? [] : never(OWNER_ONLY, "EPERM")),
    ...never(TIMES, "EPERM"),
    ...never(XATTR, "ENOTSUP"),
    ...never(["inotify_add_watch"], "EPERM"),
    // Whoever stays in the process group dies with it.
    ...never(["setsid", "setpgid"], "EPERM"),
    { call: "prlimit64", tests: [unless(0, own, "EPERM")], otherwise: ALLOW },
    { call: "sched_setaffinity", tests: [unless(0, own, "EPERM")], otherwise: ALLOW },
  ];
  if (abi < 6) list.push(...signalRules());
  if (abi < 3) list.push(...truncateRules());
  return list;
}

/** Before Landlock 6 signals are not mediated: it may only signal itself. */
function signalRules(): Rule[] {
  const self: Syscall[] = ["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"];
  return [
    ...self.map((call): Rule => ({
      call,
      tests: [unless(0, [OWN_PID], "EPERM")],
      otherwise: ALLOW,
    })),
    ...never(["tkill", "pidfd_send_signal"], "EPERM"),
  ];
}

/** Before Landlock 3 a readable file could be emptied: by truncate, or opened for reading with O_TRUNC. */
function truncateRules(): Rule[] {
  const truncateReadOnly = {
    mask: 0x203,
    is: "in",
    values: [0x200],
    then: deny("EACCES"),
  } as const;
  return [
    ...never(["truncate"], "EACCES"),
    { call: "open", tests: [{ arg: 1, ...truncateReadOnly }], otherwise: ALLOW },
    { call: "openat", tests: [{ arg: 2, ...truncateReadOnly }], otherwise: ALLOW },
  ];
}

function never(calls: readonly Syscall[], errno: keyof typeof ERRNO): Rule[] {
  return calls.map((call) => ({ call, tests: [], otherwise: deny(errno) }));
}

function when(arg: number, values: readonly number[], errno: keyof typeof ERRNO): Test {
  return { arg, is: "in", values, then: deny(errno) };
}

function unless(arg: number, values: readonly number[], errno: keyof typeof ERRNO): Test {
  return { arg, is: "not", values, then: deny(errno) };
}

/** PDEATHSIG, MM, CHILD_SUBREAPER, PTRACER: what ties the process to us and hides it. */
const GUARDED_PRCTL = [1, 35, 36, 0x5961_6d61];
const DUMPABLE = 4;

/** The relay hides from the program beside it. */
function guardedPrctl(net: SocketUse): readonly number[] {
  return net === "relay" ? GUARDED_PRCTL : [...GUARDED_PRCTL, DUMPABLE];
}

/**
 * SETOWN, SETSIG, SETOWN_EX: whom a file signals, and how. SETLEASE: whoever opens it waits. NOTIFY:
 * what happens in a folder.
 */
const GUARDED_FCNTL = [8, 10, 15, 1024, 1026];

/** What only a file's owner may do. */
const OWNER_ONLY: readonly Syscall[] = [
  ...(["chmod", "fchmod", "fchmodat", "fchmodat2"] as const),
  ...(["chown", "fchown", "lchown", "fchownat"] as const),
];

/** Who may write a file may set its times to now. */
const TIMES: readonly Syscall[] = ["utime", "utimes", "futimesat", "utimensat"];

/** Reading them too: they hold text, and of any file whose path is known. */
const XATTR: readonly Syscall[] = [
  ...(["getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr"] as const),
  ...(["setxattr", "lsetxattr", "fsetxattr"] as const),
  ...(["removexattr", "lremovexattr", "fremovexattr"] as const),
];

const IPC: readonly Syscall[] = [
  ...(["shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl"] as const),
  ...(["semget", "semop", "semctl", "semtimedop", "mq_open", "mq_unlink"] as const),
];

/** By what the rest of the machine is named. */
const SEALED: readonly Syscall[] = [
  ...(["open", "openat", "creat", "truncate", "unlink", "unlinkat", "rename", "renameat"] as const),
  ...(["renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat"] as const),
  ...(["rmdir", "readlink", "readlinkat", "access", "faccessat", "faccessat2"] as const),
  ...(["chdir", "fchdir", "statfs", "getpgid", "getsid", "pidfd_open"] as const),
];

/** What no tool has a use for, in any tier. */
const NEVER: readonly Syscall[] = [
  ...(["ptrace", "process_vm_readv", "process_vm_writev", "process_madvise"] as const),
  ...(["process_mrelease", "kcmp", "pidfd_getfd", "migrate_pages", "move_pages"] as const),
  ...(["setpriority", "ioprio_set", "sched_setscheduler", "sched_setparam"] as const),
  ...(["sched_setattr", "mknod", "mknodat"] as const),
  ...(["keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd"] as const),
  ...(["io_uring_setup", "io_uring_enter", "io_uring_register"] as const),
  ...(["mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "fsopen"] as const),
  ...(["fsconfig", "fsmount", "fspick", "move_mount", "open_tree", "mount_setattr"] as const),
  ...(["name_to_handle_at", "open_by_handle_at", "kexec_load", "kexec_file_load"] as const),
  ...(["reboot", "swapon", "swapoff", "sethostname", "setdomainname", "settimeofday"] as const),
  ...(["clock_settime", "adjtimex", "clock_adjtime", "init_module", "finit_module"] as const),
  ...(["delete_module", "acct", "quotactl", "quotactl_fd", "syslog", "iopl", "ioperm"] as const),
  ...(["vhangup", "modify_ldt", "uselib", "ustat", "sysfs", "lookup_dcookie"] as const),
  ...(["nfsservctl", "lsm_set_self_attr", "fanotify_init", "fanotify_mark"] as const),
];

/** Stands for the pid of the process that installs the filter. No pid is this high. */
const OWN_PID = 0x7fff_fff0;

/** One BPF instruction: code, jump if true, jump if false, constant. */
type Instruction = readonly [code: number, jt: number, jf: number, k: number];

const LOAD = 0x20;
const AND = 0x54;
const JEQ = 0x15;
const JGT = 0x25;
const RET = 0x06;
const OFFSET_NR = 0;
const OFFSET_ARCH = 4;

function load(offset: number): Instruction {
  return [LOAD, 0, 0, offset];
}

/** Leaves the call's number in the accumulator for the next rule when it is another call. */
function ruleCode(nr: number, rule: Rule): Instruction[] {
  const body: Instruction[] = [];
  for (const test of rule.tests) {
    body.push(load(16 + 8 * test.arg));
    if (test.mask !== undefined) body.push([AND, 0, 0, test.mask]);
    body.push(...testCode(test));
  }
  body.push([RET, 0, 0, rule.otherwise]);
  return [[JEQ, 0, body.length, nr], ...body];
}

function testCode(test: Test): Instruction[] {
  const last = test.values.length - 1;
  const compare = test.values.map((value, i): Instruction => {
    // A match jumps onto the answer (`in`) or over it (`not`); a miss tries the next value, and
    // the last miss goes over it (`in`) or onto it (`not`).
    if (test.is === "not") return [JEQ, last - i + 1, 0, value];
    return [JEQ, last - i, i === last ? 1 : 0, value];
  });
  return [...compare, [RET, 0, 0, test.then]];
}

function encode(program: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, jt, jf, k], i) => {
    bytes.setUint16(i * 8, code, true);
    bytes.setUint8(i * 8 + 2, jt);
    bytes.setUint8(i * 8 + 3, jf);
    bytes.setUint32(i * 8 + 4, k >>> 0, true);
  });
  return new Uint8Array(bytes.buffer);
}
