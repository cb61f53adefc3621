import * as fs from "node:fs";
import { attempt, call, print } from "./native.ts";

const MEBIBYTE = 1024 ** 2;

/**
 * Using up what all share. Each stops by itself far above what a box allows and below what would
 * hurt a machine, should no limit stop it before.
 */
export const BOMBS = {
  memory: async () => {
    const kept: Uint8Array[] = [];
    while (kept.length < 64) kept.push(new Uint8Array(16 * MEBIBYTE).fill(1));
    // Whoever watches may look seldom, on a busy machine: it keeps what it has until then.
    await Bun.sleep(LONG_MS);
    print(`${kept.length} parts`);
  },
  "memory-native": () => {
    const [READ_WRITE, PRIVATE_ANONYMOUS_POPULATED] = [3, 0x8022];
    for (let i = 0; i < 64; i++) {
      call("mmap", 0, 16 * MEBIBYTE, READ_WRITE, PRIVATE_ANONYMOUS_POPULATED, -1, 0);
    }
  },
  "memory-shared": (folder: string) => {
    const block = new Uint8Array(8 * MEBIBYTE).fill(7);
    attempt("write", () => {
      for (let i = 0; i < 64; i++) fs.writeFileSync(`${folder}/block-${i}`, block);
      return "all of it";
    });
  },
  flood: () => flood(1),
  "flood-errors": () => flood(2),
  hang: () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGXCPU"]) {
      process.on(signal, () => undefined);
    }
    for (const end = performance.now() + LONG_MS; performance.now() < end;);
  },
  rest: () => Bun.sleep(LONG_MS),
  fill: async (folder: string) => {
    const block = new Uint8Array(8 * MEBIBYTE).fill(7);
    for (let i = 0; i < 64; i++) fs.writeFileSync(`${folder}/fill-${i}`, block);
    await Bun.sleep(LONG_MS);
  },
  "one-file": (folder: string) => {
    const fd = fs.openSync(`${folder}/large`, "w");
    // Mostly a hole: takes no space, and is as large as it says to whoever copies it.
    attempt("make it large", () => fs.ftruncateSync(fd, 1024 * MEBIBYTE));
  },
  files: (folder: string, count: string) => {
    // Most are one more name of a file, which is quicker made.
    for (let i = 0; i < Number(count); i++) {
      if (i % 10 === 0) fs.writeFileSync(`${folder}/${i}`, "");
      else fs.linkSync(`${folder}/${i - (i % 10)}`, `${folder}/${i}`);
    }
  },
  open: () => {
    const opened: number[] = [];
    try {
      while (opened.length < 4_096) opened.push(fs.openSync("/dev/null", "r"));
    } finally {
      for (const fd of opened) fs.closeSync(fd);
      fs.writeSync(1, `open: ${opened.length}\n`);
    }
  },
  threads: async () => {
    const code = URL.createObjectURL(new Blob(["setInterval(() => 0, 1e3)"]));
    for (let i = 0; i < 400; i++) new Worker(code);
    await Bun.sleep(LONG_MS);
  },
  die: () => {
    const SIGSEGV = 11;
    call("kill", process.pid, SIGSEGV);
  },
} as const;

const LONG_MS = 20_000;

function flood(fd: number): void {
  const block = Buffer.alloc(64 * 1024, "x");
  for (let i = 0; i < 4_096; i++) fs.writeSync(fd, block);
}
