import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What one command came to. */
export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A person's machine: an empty home folder of its own, and `nanos` as a real process in it. */
export interface Person {
  readonly userHome: string;
  /** Runs `nanos ARGS` to its end. */
  nanos(...args: readonly string[]): Promise<Result>;
  /** Runs it with more: input, environment, the folder it starts in, or a time to be killed at. */
  run(args: readonly string[], how?: How): Promise<Result>;
  /** Starts it, to be looked at and signalled while it goes on. */
  begin(args: readonly string[], how?: How): Running;
  [Symbol.dispose](): void;
}

/** A command that goes on. */
export interface Running {
  readonly pid: number;
  /** What it wrote so far, standard output and error together. */
  text(): string;
  /** Waits until the words are written, and fails when it ends without them. */
  until(words: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Result>;
}

export interface How {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which it is killed with SIGKILL. */
  readonly killAfterMs?: number;
  /** A program and its arguments that starts the command in place of us: `setpriv`, `unshare`. */
  readonly under?: readonly string[];
  /** What is started in place of `command()`. */
  readonly command?: readonly string[];
}

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const FLAGS = [
  "--config=/dev/null",
  "--no-env-file",
  "--no-install",
  "--tsconfig-override=/dev/null",
];

/** The command under test: the binary named by NANOS_TEST_BINARY, or the checkout. */
export function command(): readonly string[] {
  const binary = process.env["NANOS_TEST_BINARY"];
  return binary ? [binary] : [process.execPath, ...FLAGS, MAIN];
}

/** What an installed package starts: the launcher, on Node. */
export function launcher(): readonly string[] {
  return ["node", join(import.meta.dirname, "..", "..", "launcher", "bin", "nanos.mjs")];
}

export function person(): Person {
  const userHome = mkdtempSync(join(tmpdir(), "nanos-person-"));
  const begin = (args: readonly string[], how: How = {}): Running => start(userHome, args, how);
  return {
    userHome,
    begin,
    run: (args, how) => begin(args, how).ended,
    nanos: (...args) => begin(args).ended,
    [Symbol.dispose]: () => rmSync(userHome, { recursive: true, force: true }),
  };
}

function start(userHome: string, args: readonly string[], how: How): Running {
  const [program, ...rest] = [...(how.under ?? []), ...(how.command ?? command()), ...args];
  const child = spawn(program as string, rest, {
    cwd: how.cwd ?? userHome,
    env: { HOME: userHome, PATH: process.env["PATH"] ?? "", ...how.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((listener) => listener());
  const take = (chunks: Buffer[]) => (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  };
  child.stdout.on("data", take(out));
  child.stderr.on("data", take(err));
  child.stdin.end(how.input ?? "");
  child.stdin.on("error", () => undefined);
  const kill =
    how.killAfterMs === undefined ? null : setTimeout(() => child.kill("SIGKILL"), how.killAfterMs);
  let over = false;
  const ended = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (kill) clearTimeout(kill);
      over = true;
      wake();
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
  });
  const text = (): string => Buffer.concat([...out, ...err]).toString();
  return {
    pid: child.pid ?? 0,
    text,
    until: (words) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (text().includes(words)) resolve();
          else if (over) reject(new Error(`ended without ${JSON.stringify(words)}: ${text()}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

/** The last line of `run --json`: `run.ended` or `run.waiting`. */
export function lastLine(result: Result): { readonly [key: string]: unknown } {
  const line = result.out.trim().split("\n").at(-1) ?? "";
  return JSON.parse(line) as { readonly [key: string]: unknown };
}

/** A command that is to succeed. */
export async function ok(result: Promise<Result>): Promise<Result> {
  const done = await result;
  if (done.code !== 0) throw new Error(`exit code ${done.code}: ${done.err}`);
  return done;
}

/** Files of a folder, by path in it. */
export function write(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
