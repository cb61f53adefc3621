import { attempt, call, text } from "./native.ts";

const KEYRING = { session: -3, user: -4 } as const;

/** The parts of the kernel no tool has a use for. */
export const KERNEL = {
  "keyring-write": (name: string) => {
    for (const [where, ring] of Object.entries(KEYRING)) {
      attempt(where, () => call("add_key", text("user"), text(name), text("escaped"), 7, ring));
    }
  },
  "keyring-read": (name: string) => {
    attempt("request", () => readKey(call("request_key", text("user"), text(name), 0, 0)));
    const [SEARCH, GET_KEYRING_ID] = [10, 0];
    for (const [where, ring] of Object.entries(KEYRING)) {
      attempt(`search ${where}`, () =>
        readKey(call("keyctl", SEARCH, ring, text("user"), text(name), 0)),
      );
      attempt(`join ${where}`, () => call("keyctl", GET_KEYRING_ID, ring, 1));
    }
  },
  namespaces: async () => {
    const FLAGS = { user: 0x1000_0000, mount: 0x2_0000, pid: 0x2000_0000, net: 0x4000_0000 };
    for (const [name, flag] of Object.entries(FLAGS)) {
      attempt(`unshare ${name}`, () => call("unshare", flag) || "made");
      attempt(`clone ${name}`, () => {
        const pid = call("clone", flag | 17);
        return pid === 0 ? call("exit_group", 0) : pid;
      });
    }
    attempt("both", () => call("unshare", FLAGS.user | FLAGS.mount) || "made");
  },
  enter: (...pids: string[]) => {
    const fs = process.getBuiltinModule("node:fs");
    for (const pid of ["1", ...pids]) {
      for (const name of ["mnt", "net", "user", "pid"]) {
        attempt(`${name} of ${pid}`, () =>
          call("setns", fs.openSync(`/proc/${pid}/ns/${name}`, "r"), 0),
        );
      }
      attempt(`all of ${pid}`, () => call("setns", call("pidfd_open", Number(pid), 0), 0x2_0000));
    }
  },
  mount: (over: string) => {
    attempt("mount", () => call("mount", text("none"), text(over), text("tmpfs"), 0, 0));
    attempt("bind", () => call("mount", text("/"), text(over), 0, 4_096, 0));
    attempt("new mount", () => call("fsopen", text("tmpfs"), 0));
    attempt("open tree", () => call("open_tree", -100, text("/"), 1));
    attempt("unmount", () => call("umount2", text(over), 0));
    attempt("chroot", () => call("chroot", text(over)) || "done");
    attempt("pivot", () => call("pivot_root", text(over), text(over)));
  },
  ring: () => {
    const parameters = new Uint8Array(120);
    attempt("set up", () => call("io_uring_setup", 4, parameters));
    attempt("enter", () => call("io_uring_enter", 0, 0, 0, 0, 0));
    attempt("register", () => call("io_uring_register", -1, 13, 0, 0));
  },
  tracing: () => {
    attempt("bpf", () => call("bpf", 0, new Uint8Array(72).fill(1, 0, 1), 72));
    const counter = new Uint32Array(30);
    counter.set([1, 112, 1]);
    attempt("perf", () => call("perf_event_open", counter, 0, -1, -1, 0));
    const USER_MODE_ONLY = 1;
    attempt("userfaultfd", () => call("userfaultfd", USER_MODE_ONLY));
    attempt("fanotify", () => call("fanotify_init", 0x200, 0));
    attempt("log", () => call("syslog", 3, new Uint8Array(64), 64));
    attempt("compare", () => call("kcmp", process.pid, process.pid, 0, 0, 1) || "equal");
  },
  watch: (path: string) => {
    attempt("inotify", () => {
      const fs = process.getBuiltinModule("node:fs");
      fs.watch(path, () => undefined).close();
      return "watching";
    });
  },
  shared: (key: string) => {
    const CREATE = 0o1600;
    attempt("segment", () => call("shmget", Number(key), 4_096, CREATE));
    attempt("queue", () => call("msgget", Number(key), CREATE));
    attempt("semaphore", () => call("semget", Number(key), 1, CREATE));
    attempt("named queue", () => call("mq_open", text(`nanos-${key}`), 0o102, 0o600, 0));
    attempt("secret memory", () => call("memfd_secret", 0));
    attempt("file in memory", () => call("memfd_create", text("nanos"), 0));
  },
  terminal: () => {
    const fs = process.getBuiltinModule("node:fs");
    const [TIOCSTI, TIOCLINUX, TIOCSCTTY] = [0x5412, 0x541c, 0x540e];
    attempt("open", () => fs.openSync("/dev/tty", "r+"));
    for (const fd of [0, 1, 2]) {
      attempt(`type into ${fd}`, () => call("ioctl", fd, TIOCSTI, text("x")));
      attempt(`paste into ${fd}`, () => call("ioctl", fd, TIOCLINUX, text("\u0003")));
      attempt(`take ${fd}`, () => call("ioctl", fd, TIOCSCTTY, 0));
    }
  },
  machine: () => {
    // With arguments that mean nothing: it counts how far they get, not what they would do.
    reach("clock", () => call("clock_settime", 0, 0));
    reach("clock's speed", () => call("adjtimex", 0));
    reach("host name", () => call("sethostname", 0, 7));
    reach("module", () => call("init_module", 0, 4, 0));
    reach("module by file", () => call("finit_module", -1, 0, 0));
    reach("swap", () => call("swapoff", 0));
    reach("accounting", () => call("acct", text("/nowhere")));
    reach("quota", () => call("quotactl", 0x8000_0700, 0, 0, 0));
    reach("another kernel", () => call("kexec_load", 0, 1, 0, 0xffff));
    reach("segments", () => call("modify_ldt", 7, 0, 0));
    if (process.arch === "x64") reach("ports", () => call("iopl", 3) || "open");
    reach("personality", () => call("personality", 0x4_0000) || "changed");
  },
  "host-name": () => {
    attempt("hostname", () => process.getBuiltinModule("node:os").hostname());
  },
} as const;

function readKey(id: number): string {
  const READ = 11;
  const buffer = new Uint8Array(256);
  return Buffer.from(
    buffer.subarray(0, call("keyctl", READ, id, buffer, buffer.length)),
  ).toString();
}

/** Refused at the door is refused; an answer from further in is not. */
function reach(what: string, work: () => unknown): void {
  const DOORS = [1, 13, 38].map((errno) => `errno ${errno}`);
  attempt(what, () => {
    try {
      return work();
    } catch (error) {
      if (DOORS.includes((error as Error).message)) throw error;
      return `answered ${(error as Error).message}`;
    }
  });
}
