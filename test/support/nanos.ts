import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  [Symbol.dispose](): void;
}

export interface How {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which it is killed with SIGKILL. */
  readonly killAfterMs?: number;
}

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
const FLAGS = ["--config=/dev/null", "--no-env-file", "--no-install"];

/** The command under test: the binary named by NANOS_TEST_BINARY, or the checkout. */
export function command(): readonly string[] {
  const binary = process.env["NANOS_TEST_BINARY"];
  return binary ? [binary] : [process.execPath, ...FLAGS, MAIN];
}

export function person(): Person {
  const userHome = mkdtempSync(join(tmpdir(), "nanos-person-"));
  const run = (args: readonly string[], how: How = {}): Promise<Result> => start(userHome, args, how);
  return {
    userHome,
    run,
    nanos: (...args) => run(args),
    [Symbol.dispose]: () => rmSync(userHome, { recursive: true, force: true }),
  };
}

function start(userHome: string, args: readonly string[], how: How): Promise<Result> {
  const [program, ...rest] = [...command(), ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(program as string, rest, {
      cwd: how.cwd ?? userHome,
      env: { HOME: userHome, PATH: process.env["PATH"] ?? "", ...how.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.end(how.input ?? "");
    child.stdin.on("error", () => undefined);
    const kill = how.killAfterMs === undefined ? null : setTimeout(() => child.kill("SIGKILL"), how.killAfterMs);
    child.on("error", reject);
    child.on("close", (code) => {
      if (kill) clearTimeout(kill);
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
  });
}

/** The last line of `run --json`: `run.ended` or `run.waiting`. */
export function lastLine(result: Result): { readonly [key: string]: unknown } {
  const line = result.out.trim().split("\n").at(-1) ?? "";
  return JSON.parse(line) as { readonly [key: string]: unknown };
}
