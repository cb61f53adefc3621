import { ptr } from "bun:ffi";
import * as fs from "node:fs";
import { attempt, call, text } from "./native.ts";

const SIGKILL = 9;
/** Ignored by whoever does not ask for it. */
const SIGURG = 23;

/** Other processes. Judged by how they are afterwards. */
export const OTHERS = {
  kill: (...pids: string[]) => {
    for (const pid of pids.map(Number)) {
      attempt("kill", () => process.kill(pid, "SIGKILL"));
      attempt("kill natively", () => call("kill", pid, SIGKILL));
      attempt("tgkill", () => call("tgkill", pid, pid, SIGKILL));
      attempt("tkill", () => call("tkill", pid, SIGKILL));
      attempt("pidfd", () => call("pidfd_send_signal", call("pidfd_open", pid, 0), SIGKILL, 0, 0));
      attempt("queue", () => {
        const info = new Int32Array(32);
        info.set([SIGKILL, 0, -1]);
        return call("rt_sigqueueinfo", pid, SIGKILL, info);
      });
    }
  },
  "signal-all": (...pids: string[]) => {
    attempt("everybody", () => call("kill", -1, SIGURG));
    for (const pid of pids) attempt("group", () => call("kill", -Number(pid), SIGURG));
  },
  "signal-by-file": async (...pids: string[]) => {
    // A file that becomes readable signals its owner, and who that is can be said.
    for (const pid of pids.map(Number)) {
      const pair = new Int32Array(2);
      attempt("pair", () => call("socketpair", 1, 1, 0, pair));
      const [end = -1, other = -1] = pair;
      const [F_SETOWN, F_SETSIG, F_SETFL, O_ASYNC_NONBLOCK] = [8, 10, 4, 0o24000];
      attempt("set the owner", () => call("fcntl", end, F_SETOWN, pid) || "set");
      const FIOSETOWN = 0x8901;
      attempt("set the owner by ioctl", () => call("ioctl", end, FIOSETOWN, new Int32Array([pid])));
      attempt("set the signal", () => call("fcntl", end, F_SETSIG, SIGURG) || "set");
      attempt("make it signal", () => call("fcntl", end, F_SETFL, O_ASYNC_NONBLOCK) || "set");
      attempt("write", () => call("write", other, text("x"), 1));
    }
    await Bun.sleep(100);
  },
  trace: async (pid: string, address: string) => {
    const PTRACE_SEIZE = 0x4206;
    attempt("ptrace", () => call("ptrace", PTRACE_SEIZE, Number(pid), 0, 0));
    attempt("process_vm_readv", () => {
      const buffer = new Uint8Array(512);
      const local = pairOf(buffer);
      const remote = new BigUint64Array([BigInt(address), 512n]);
      call("process_vm_readv", Number(pid), local, 1, remote, 1, 0);
      return Buffer.from(buffer).toString("latin1");
    });
    attempt("mem", () => {
      const buffer = new Uint8Array(512);
      fs.readSync(fs.openSync(`/proc/${pid}/mem`, "r"), buffer, 0, 512, BigInt(address) as never);
      return Buffer.from(buffer).toString("latin1");
    });
    attempt("its descriptors", () => call("pidfd_getfd", call("pidfd_open", Number(pid), 0), 0, 0));
    await Bun.sleep(200);
  },
  change: (pid: string) => {
    const victim = Number(pid);
    attempt("limits", () => call("prlimit64", victim, 7, new BigUint64Array([3n, 3n]), 0));
    attempt("priority", () => call("setpriority", 0, victim, 19));
    attempt("disk priority", () => call("ioprio_set", 1, victim, 0x6000));
    attempt("scheduling", () => call("sched_setscheduler", victim, 5, new Int32Array([0])));
    attempt("processors", () => call("sched_setaffinity", victim, 8, new BigUint64Array([1n])));
    attempt("first to be killed", () => fs.writeFileSync(`/proc/${pid}/oom_score_adj`, "1000"));
    attempt("its group", () => call("setpgid", victim, victim));
  },
  list: () => {
    attempt("/proc", () => fs.readdirSync("/proc").join(" "));
  },
  "ask-about": (...pids: string[]) => {
    for (const pid of pids.map(Number)) {
      // Who may not be signalled exists; who does not exist is answered differently.
      attempt("getpgid", () => call("getpgid", pid));
      attempt("pidfd", () => call("pidfd_open", pid, 0));
    }
  },
  untie: () => {
    attempt("its parent's end is its own", () => call("prctl", 1, 0, 0, 0, 0) || "undone");
    attempt("takes in orphans", () => call("prctl", 36, 1, 0, 0, 0) || "done");
    attempt("may be looked into", () => call("prctl", 4, 1, 0, 0, 0) || "done");
  },
} as const;

function pairOf(buffer: Uint8Array): BigUint64Array {
  return new BigUint64Array([BigInt(ptr(buffer)), BigInt(buffer.length)]);
}
