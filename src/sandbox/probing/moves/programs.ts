import * as fs from "node:fs";
import { AT_FDCWD, attempt, attemptSoon, call, forked, O, table, text } from "./native.ts";

/** Starting what was not named, or becoming more than one is. Judged by what was made. */
export const PROGRAMS = {
  spawn: async (program: string, ...args: string[]) => {
    const argv = [program, ...args];
    attempt("Bun.spawnSync", () => worked(Bun.spawnSync(argv).exitCode));
    await attemptSoon("Bun.spawn", async () => worked(await Bun.spawn(argv).exited));
    const { spawnSync } = await import("node:child_process");
    attempt("spawnSync", () => {
      const { error, status } = spawnSync(program, args);
      if (error) throw error;
      return worked(status);
    });
    attempt("vfork and execve", () => forked(() => execute(program, args)));
    await Bun.sleep(100);
  },
  fork: () => {
    attempt("fork", () => forked(() => undefined));
    attempt("clone", () => {
      const [CLONE_UNTRACED, SIGCHLD] = [0x80_0000, 17];
      const pid = call("clone", CLONE_UNTRACED | SIGCHLD);
      return pid === 0 ? call("exit_group", 0) : pid;
    });
    attempt("clone3", () => {
      const args = new BigUint64Array(11);
      args[4] = 17n;
      const pid = call("clone3", args, args.byteLength);
      return pid === 0 ? call("exit_group", 0) : pid;
    });
  },
  become: (program: string, ...args: string[]) => {
    attempt("execve", () => execute(program, args));
  },
  "by-loader": (program: string, ...args: string[]) => {
    // The loader is a program that starts programs, and everything linked needs it.
    for (const loader of LOADERS) attempt(loader, () => execute(loader, [program, ...args]));
  },
  "by-memory": (program: string, ...args: string[]) => {
    attempt("memfd", () => {
      const CLOSE_ON_EXEC = 1;
      const fd = call("memfd_create", text("nanos"), CLOSE_ON_EXEC);
      fs.writeFileSync(fd, fs.readFileSync(program));
      return executeFile(fd, program, args);
    });
    attempt("file without a name", () => {
      const fd = call("openat", AT_FDCWD, text("/tmp"), O.tmpfile | O.rdwr, 0o700);
      fs.writeFileSync(fd, fs.readFileSync(program));
      return executeFile(fd, program, args);
    });
    attempt("opened", () => executeFile(fs.openSync(program, "r"), program, args));
    attempt("by the process's own folder", () => {
      const fd = fs.openSync(program, "r");
      return execute(`/proc/self/fd/${fd}`, args);
    });
  },
  "by-copy": (folder: string, program: string, ...args: string[]) => {
    attempt("copy", () => {
      fs.writeFileSync(`${folder}/copy`, fs.readFileSync(program), { mode: 0o755 });
      return execute(`${folder}/copy`, args);
    });
    attempt("script", () => {
      fs.writeFileSync(`${folder}/script`, `#!${program} ${args.join(" ")}\n`, { mode: 0o755 });
      return execute(`${folder}/script`, []);
    });
  },
  "become-root": () => {
    attempt("setresuid", () => call("setresuid", 0, 0, 0));
    attempt("setgroups", () => call("setgroups", 0, 0));
    const [CAPABILITIES, ALL] = [new Uint32Array([0x2008_0522, 0]), 0xffff_ffff];
    attempt("capset", () => call("capset", CAPABILITIES, new Uint32Array(6).fill(ALL)));
    attempt("no_new_privs off", () => call("prctl", 38, 0, 0, 0, 0));
  },
} as const;

const LOADERS = [
  "/lib64/ld-linux-x86-64.so.2",
  "/lib/ld-linux-aarch64.so.1",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
];

function execute(program: string, args: readonly string[]): number {
  const argv = table([program, ...args].map(text));
  return call("execve", text(program), argv, table([]));
}

function executeFile(fd: number, program: string, args: readonly string[]): number {
  const AT_EMPTY_PATH = 0x1000;
  const argv = [program, ...args].map(text);
  return call("execveat", fd, text(""), table(argv), table([]), AT_EMPTY_PATH);
}

function worked(code: number | null): string {
  if (code !== 0) throw new Error(`it ended with ${code}`);
  return "started";
}
