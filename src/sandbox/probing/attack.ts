import { dlopen, ptr } from "bun:ffi";
import * as fs from "node:fs";
import { connect } from "node:net";

/**
 * What hostile code would try, for the live check of the sandbox. Each attempt is made in every way
 * a runtime offers and straight through the C library, and says on standard output what it got.
 * Its word counts for nothing: whether it held is judged outside.
 */
const ATTACKS: Readonly<Record<string, (...args: string[]) => Promise<void> | void>> = {
  read: readFile,
  link: (path, folder) => {
    const link = `${folder}/link-${process.pid}`;
    attempt("symlink", () => fs.symlinkSync(path ?? "", link));
    return readFile(link);
  },
  write: writeFile,
  metadata: changeMetadata,
  tcp: async (port) => {
    await attemptAsync("fetch", () => fetch(`http://127.0.0.1:${port}/`).then((r) => r.text()));
    await attemptAsync("connect", () => dial({ host: "127.0.0.1", port: Number(port) }));
    rawSocket(AF_INET, SOCK_STREAM, inetAddress(Number(port)));
  },
  udp: async (port) => {
    const { createSocket } = await import("node:dgram");
    await attemptAsync("dgram", async () => {
      const socket = createSocket("udp4");
      await new Promise<void>((resolve, reject) => {
        socket.on("error", reject);
        socket.send("escaped", Number(port), "127.0.0.1", () => resolve());
      }).finally(() => socket.close());
    });
    rawSocket(AF_INET, SOCK_DGRAM, inetAddress(Number(port)));
  },
  unix: async (path) => {
    await attemptAsync("connect", () => dial({ path: path ?? "" }));
    rawSocket(AF_UNIX, SOCK_STREAM, unixAddress(path ?? ""));
    pairedSocket(path ?? "");
  },
  spawn: startPrograms,
  kill: (pid) => {
    attempt("kill", () => process.kill(Number(pid), "SIGKILL"));
    native("kill", () => libc().kill(Number(pid), 9));
    native("tgkill", () => call("tgkill", Number(pid), Number(pid), 9, 0));
  },
  trace: async (pid) => {
    native("ptrace", () => call("ptrace", PTRACE_SEIZE, Number(pid), 0, 0));
    native("memory", () => readMemory(Number(pid)));
    await Bun.sleep(300);
  },
  environment: (pid) => {
    print(JSON.stringify(process.env));
    for (const path of [`/proc/${pid}/environ`, "/proc/self/environ", "/proc/1/environ"]) {
      attempt(path, () => fs.readFileSync(path, "utf8"));
    }
  },
  processes: () => attempt("/proc", () => fs.readdirSync("/proc").join(" ")),
  keyring: () => {
    const key = Buffer.from("user\0");
    const name = Buffer.from("nanos-probe\0");
    const ring = -3;
    native("add_key", () => call("add_key", ptr(key), ptr(name), ptr(name), 5, ring));
  },
  namespaces: () => {
    native("unshare", () => call("unshare", CLONE_NEWNET));
    native("clone", () => {
      const pid = call("fork", CLONE_NEWUSER | SIGCHLD);
      if (pid === 0n) call("exit_group", 0);
      return pid;
    });
  },
  memory: () => {
    const kept: Uint8Array[] = [];
    for (;;) kept.push(new Uint8Array(16 * 1024 ** 2).fill(1));
  },
  flood: () => {
    const line = Buffer.alloc(64 * 1024, "x");
    for (;;) fs.writeSync(1, line);
  },
  hang: () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => undefined);
    for (;;);
  },
  fill: (folder) => {
    const block = new Uint8Array(8 * 1024 ** 2).fill(7);
    for (let i = 0; ; i++) fs.writeFileSync(`${folder}/fill-${i}`, block);
  },
  die: () => {
    native("abort", () => libc().kill(process.pid, 11));
  },
};

export async function attack(name: string, args: readonly string[]): Promise<void> {
  const run = ATTACKS[name];
  if (run === undefined) throw new Error(`bug: no attack ${name}`);
  await run(...args);
}

async function readFile(path = ""): Promise<void> {
  attempt("readFileSync", () => fs.readFileSync(path, "utf8"));
  attempt("existsSync", () => fs.existsSync(path));
  attempt("readdirSync", () => fs.readdirSync(path).join(" "));
  await attemptAsync("readFile", () => fs.promises.readFile(path, "utf8"));
  await attemptAsync("Bun.file", () => Bun.file(path).text());
  await attemptAsync("worker", () => readInWorker(path));
  native("open", () => readNative(path));
}

/** Other threads must be as locked as the first. */
function readInWorker(path: string): Promise<string> {
  const code =
    `try { postMessage(require("node:fs").readFileSync(${JSON.stringify(path)}, "utf8")) }` +
    ` catch (error) { postMessage("refused " + error.code) }`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url);
  return new Promise<string>((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<string>) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => worker.terminate());
}

async function writeFile(path = "", folder = ""): Promise<void> {
  const text = "escaped";
  attempt("writeFileSync", () => fs.writeFileSync(path, text));
  attempt("appendFileSync", () => fs.appendFileSync(path, text));
  await attemptAsync("writeFile", () => fs.promises.writeFile(path, text));
  await attemptAsync("Bun.write", () => Bun.write(path, text));
  attempt("create", () => fs.writeFileSync(`${path}.new`, text));
  attempt("mkdir", () => fs.mkdirSync(`${path}.folder`));
  attempt("truncate", () => fs.truncateSync(path, 0));
  attempt("open", () => fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_TRUNC));
  attempt("unlink", () => fs.unlinkSync(path));
  attempt("rename away", () => fs.renameSync(path, `${folder}/taken`));
  attempt("hard link", () => {
    fs.linkSync(path, `${folder}/linked`);
    fs.writeFileSync(`${folder}/linked`, text);
  });
  attempt("own link", () => {
    fs.symlinkSync(path, `${folder}/through`);
    fs.writeFileSync(`${folder}/through`, text);
  });
  attempt("rename over", () => {
    fs.writeFileSync(`${folder}/mine`, text);
    fs.renameSync(`${folder}/mine`, path);
  });
}

/** Nothing here needs the file to be opened, which is what Landlock looks at. */
function changeMetadata(path = ""): void {
  const name = Buffer.from(`${path}\0`);
  const key = Buffer.from("user.nanos\0");
  attempt("chmod", () => fs.chmodSync(path, 0o777));
  attempt("chown", () => fs.chownSync(path, 12_345, 12_345));
  attempt("lchown", () => fs.lchownSync(path, 12_345, 12_345));
  attempt("utimes", () => fs.utimesSync(path, 1, 1));
  attempt("lutimes", () => fs.lutimesSync(path, 1, 1));
  attempt("fchmod", () => fs.fchmodSync(fs.openSync(path, "r"), 0o777));
  attempt("futimes", () => fs.futimesSync(fs.openSync(path, "r"), 1, 1));
  native("setxattr", () => call("setxattr", ptr(name), ptr(key), ptr(key), 4, 0));
  native("fchmodat2", () => libc().syscall(452, AT_FDCWD, ptr(name), 0o777, 0, 0));
}

async function startPrograms(program = "", marker = ""): Promise<void> {
  const argv = [program, marker];
  attempt("Bun.spawnSync", () => Bun.spawnSync(argv).exitCode);
  await attemptAsync("Bun.spawn", () => Bun.spawn(argv).exited);
  const { spawnSync } = await import("node:child_process");
  attempt("spawnSync", () => {
    const done = spawnSync(program, [marker]);
    return done.error === undefined ? done.status : done.error.message;
  });
  native("fork", () => {
    const pid = call("fork", SIGCHLD, 0, 0, 0);
    if (pid === 0n) execute(program, marker);
    return pid;
  });
  native("execve", () => execute(program, marker));
}

function execute(program: string, argument: string): bigint {
  const file = Buffer.from(`${program}\0`);
  const text = Buffer.from(`${argument}\0`);
  const table = new BigUint64Array([BigInt(ptr(file)), BigInt(ptr(text)), 0n]);
  const none = new BigUint64Array(1);
  return call("execve", ptr(file), ptr(table), ptr(none), 0);
}

function dial(to: { host: string; port: number } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(to, () => {
      socket.end("escaped");
      resolve("connected");
    });
    socket.on("error", reject);
  });
}

function rawSocket(family: number, kind: number, address: Uint8Array): void {
  native("socket", () => {
    const fd = libc().socket(family, kind, 0);
    if (fd < 0) return fd;
    const connected = libc().connect(fd, ptr(address), address.length);
    const text = Buffer.from("escaped");
    if (connected === 0) libc().write(fd, ptr(text), text.length);
    return connected;
  });
}

/** A pair of datagram sockets could be pointed at any other socket. */
function pairedSocket(path: string): void {
  native("socketpair", () => {
    const pair = new Int32Array(2);
    const made = libc().socketpair(AF_UNIX, SOCK_DGRAM, 0, ptr(pair));
    if (made !== 0) return made;
    const address = unixAddress(path);
    return libc().connect(pair[0] ?? -1, ptr(address), address.length);
  });
}

function inetAddress(port: number): Uint8Array {
  return new Uint8Array([AF_INET, 0, port >> 8, port & 255, 127, 0, 0, 1, ...new Uint8Array(8)]);
}

function unixAddress(path: string): Uint8Array {
  return new Uint8Array([AF_UNIX, 0, ...Buffer.from(path), 0]);
}

function readNative(path: string): string {
  const name = Buffer.from(`${path}\0`);
  const fd = libc().open(ptr(name), 0);
  if (fd < 0) throw new Error(`refused ${fd}`);
  const buffer = new Uint8Array(4_096);
  return Buffer.from(buffer.subarray(0, Number(libc().read(fd, ptr(buffer), 4_096)))).toString();
}

function readMemory(pid: number): bigint {
  const buffer = new Uint8Array(8);
  const local = new BigUint64Array([BigInt(ptr(buffer)), 8n]);
  const remote = new BigUint64Array([0x10000n, 8n]);
  return call("process_vm_readv", pid, ptr(local), 1, ptr(remote), 1);
}

function print(text: string): void {
  fs.writeSync(1, `${text}\n`);
}

function attempt(what: string, work: () => unknown): void {
  try {
    print(`${what}: ${String(work())}`);
  } catch (error) {
    print(`${what}: refused ${String((error as NodeJS.ErrnoException).code ?? error)}`);
  }
}

async function attemptAsync(what: string, work: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, 500, "no answer");
  });
  try {
    print(
      `${what}: ${String(await Promise.race([work(), enough]).finally(() => clearTimeout(timer)))}`,
    );
  } catch (error) {
    print(`${what}: refused ${String((error as NodeJS.ErrnoException).code ?? error)}`);
  }
}

function native(what: string, work: () => unknown): void {
  attempt(`native ${what}`, work);
}

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SIGCHLD = 17;
const AT_FDCWD = -100;
const CLONE_NEWUSER = 0x1000_0000;
const CLONE_NEWNET = 0x4000_0000;
const PTRACE_SEIZE = 0x4206;

/** As `[x64, arm64]`. Without a fork of its own, arm64 forks by clone with no flags but the signal. */
const NUMBERS = {
  add_key: [248, 217],
  execve: [59, 221],
  exit_group: [231, 94],
  fork: [56, 220],
  process_vm_readv: [310, 270],
  ptrace: [101, 117],
  setxattr: [188, 5],
  tgkill: [234, 131],
  unshare: [272, 97],
} as const;

function call(name: keyof typeof NUMBERS, ...args: number[]): bigint {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
  return libc().syscall(NUMBERS[name][process.arch === "arm64" ? 1 : 0], a, b, c, d, e);
}

function libc() {
  return dlopen("libc.so.6", {
    syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
    open: { args: ["u64", "i32"], returns: "i32" },
    read: { args: ["i32", "u64", "u64"], returns: "i64" },
    write: { args: ["i32", "u64", "u64"], returns: "i64" },
    kill: { args: ["i32", "i32"], returns: "i32" },
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    socketpair: { args: ["i32", "i32", "i32", "u64"], returns: "i32" },
    connect: { args: ["i32", "u64", "u32"], returns: "i32" },
  }).symbols;
}
