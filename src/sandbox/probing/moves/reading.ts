import type { Pointer } from "bun:ffi";
import { CFunction, toArrayBuffer } from "bun:ffi";
import * as fs from "node:fs";
import { basename, dirname } from "node:path";
import {
  AT_FDCWD,
  attempt,
  attemptSoon,
  call,
  callNumber,
  contentOf,
  O,
  print,
  text,
} from "./native.ts";

/** Getting at what lies outside. A canary printed is a canary read. */
export const READING = {
  read: readFile,
  link: (path: string, folder: string) => {
    const link = `${folder}/link-${process.pid}`;
    attempt("symlink", () => fs.symlinkSync(path, link));
    return readFile(link);
  },
  "hard-link": (path: string, folder: string) => {
    const link = `${folder}/hard-${process.pid}`;
    attempt("link", () => fs.linkSync(path, link));
    attempt("linkat of a descriptor", () => {
      const fd = call("openat", AT_FDCWD, text(path), O.path);
      const AT_EMPTY_PATH = 0x1000;
      return call("linkat", fd, text(""), AT_FDCWD, text(link), AT_EMPTY_PATH);
    });
    return readFile(link);
  },
  climb: (path: string) => {
    attempt("chdir", () => (process.chdir(dirname(path)), "there"));
    attempt("relative", () => fs.readFileSync(basename(path), "utf8"));
    attempt("openat", () => {
      const folder = call("openat", AT_FDCWD, text(dirname(path)), O.path);
      return contentOf(call("openat", folder, text(basename(path)), 0));
    });
    attempt("list", () => fs.readdirSync(".").join(" "));
  },
  "open-path": (path: string) => {
    attempt("by the process's own folder", () => {
      const fd = call("openat", AT_FDCWD, text(path), O.path);
      return fs.readFileSync(`/proc/self/fd/${fd}`, "utf8");
    });
    attempt("by /dev/fd", () => {
      const fd = call("openat", AT_FDCWD, text(path), O.path);
      return fs.readFileSync(`/dev/fd/${fd}`, "utf8");
    });
    attempt("read at once", () => contentOf(call("openat", AT_FDCWD, text(path), O.path)));
  },
  "proc-root": (path: string, ...pids: string[]) => {
    const self = ["self", "thread-self", `self/task/${process.pid}`];
    for (const pid of [...self, "1", "2", ...pids]) {
      attempt(`root of ${pid}`, () => fs.readFileSync(`/proc/${pid}/root${path}`, "utf8"));
      const up = "../".repeat(12);
      attempt(`cwd of ${pid}`, () => fs.readFileSync(`/proc/${pid}/cwd/${up}${path}`, "utf8"));
    }
  },
  handle: (path: string, beside: string) => {
    attempt("made here", () => {
      const handle = new Uint32Array(40);
      handle[0] = 128;
      const mount = new Int32Array(2);
      call("name_to_handle_at", AT_FDCWD, text(path), handle, mount, 0);
      return openHandle(handle, beside);
    });
    attempt("guessed", () => {
      const INODE_AND_GENERATION = 1;
      const handle = new Uint32Array([8, INODE_AND_GENERATION, fs.statSync(path).ino, 0]);
      return openHandle(handle, beside);
    });
  },
  "other-table": (path: string) => {
    const x32 = 0x4000_0000;
    attempt("x32", () => contentOf(callNumber(x32 + 2, text(path), 0)));
    attempt("openat2", () =>
      contentOf(call("openat2", AT_FDCWD, text(path), new Uint8Array(24), 24)),
    );
    attempt("a call of the future", () => callNumber(463));
    if (process.arch === "x64") attempt("32-bit", () => contentOf(openAs32Bit(path)));
  },
  attribute: (path: string) => {
    attempt("getxattr", () => {
      const value = new Uint8Array(256);
      const bytes = call("getxattr", text(path), text("user.nanos"), value, value.length);
      return Buffer.from(value.subarray(0, bytes)).toString();
    });
  },
  devices: (...paths: string[]) => {
    for (const path of paths) attempt(path, () => fs.openSync(path, "r"));
  },
  descriptors: () => {
    for (let fd = 3; fd < 64; fd++) {
      attempt(`descriptor ${fd}`, () => {
        const buffer = new Uint8Array(256);
        const bytes = call("pread64", fd, buffer, buffer.length, 0);
        return Buffer.from(buffer.subarray(0, bytes)).toString();
      });
    }
  },
  environment: (...pids: string[]) => {
    print(JSON.stringify(process.env));
    for (const pid of ["self", "1", ...pids]) {
      attempt(`environ of ${pid}`, () => fs.readFileSync(`/proc/${pid}/environ`, "utf8"));
    }
  },
} as const;

async function readFile(path: string): Promise<void> {
  attempt("readFileSync", () => fs.readFileSync(path, "utf8"));
  attempt("existsSync", () => fs.existsSync(path));
  attempt("readdirSync", () => fs.readdirSync(path).join(" "));
  await attemptSoon("readFile", () => fs.promises.readFile(path, "utf8"));
  await attemptSoon("Bun.file", () => Bun.file(path).text());
  await attemptSoon("worker", () => readInWorker(path));
  attempt("open", () => contentOf(call("openat", AT_FDCWD, text(path), 0)));
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

/** `beside`: a folder of the same file system that may be opened. */
function openHandle(handle: Uint32Array, beside: string): string {
  const folder = call("openat", AT_FDCWD, text(beside), 0);
  return contentOf(call("open_by_handle_at", folder, handle, 0));
}

/** `open` through the table of 32-bit programs, by machine code of its own. */
function openAs32Bit(path: string): number {
  const [READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS_LOW] = [7, 0x62];
  const page = call("mmap", 0, 4_096, READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS_LOW, -1, 0);
  const name = page + 256;
  const bytes = new Uint8Array(toArrayBuffer(page as Pointer, 0, 4_096));
  bytes.set(text(path), 256);
  // push rbx; mov eax, 5; mov ebx, name; xor ecx, ecx; xor edx, edx; int 0x80; pop rbx; cdqe; ret
  const address = new Uint8Array(new Uint32Array([name]).buffer);
  bytes.set([0x53, 0xb8, 5, 0, 0, 0, 0xbb, ...address, 0x31, 0xc9, 0x31, 0xd2, 0xcd, 0x80]);
  bytes.set([0x5b, 0x48, 0x98, 0xc3], 17);
  const open = CFunction({ ptr: page as Pointer, args: [], returns: "i64" });
  const fd = Number(open());
  if (fd < 0) throw new Error(`errno ${-fd}`);
  return fd;
}
