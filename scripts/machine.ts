/** What the scripts need of the machine: programs, packages, processes, folders of their own. */
import { spawn } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");
/** The Bun that runs this script, and the flags that keep it from running what lies about. */
export const BUN = [process.execPath, "--config=/dev/null", "--no-env-file"] as const;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Passes the output on as it comes, beside returning it. */
  readonly show?: boolean;
  /** Milliseconds after which it is killed. */
  readonly ms?: number;
  readonly input?: string;
}

export interface Ran {
  /** Exit code; 1 when a signal ended it, 127 when it did not start. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams as they came. */
  readonly text: string;
}

/** Runs a program to its end. Never rejects: not starting is code 127. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...args] = argv;
  const out = { stdout: "", stderr: "", text: "" };
  const code = await new Promise<number>((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...(options.env ?? process.env) },
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.ms === undefined ? {} : { timeout: options.ms, killSignal: "SIGKILL" }),
    });
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        out[stream] += text;
        out.text += text;
        if (options.show) process[stream].write(text);
      });
    }
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      out.text += error.message;
      resolve(127);
    });
    child.on("close", (exit) => resolve(exit ?? 1));
  });
  return { code, ...out };
}

/** Absolute path of a program on PATH, or null. */
export function which(name: string, path = process.env["PATH"] ?? ""): string | null {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Calls `use` with a folder that is gone afterwards. */
export async function inTempFolder<T>(
  name: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The environment of a test: nothing of the caller's but what finds programs, and a home of its
 * own, so that no test reads or writes what belongs to the person.
 */
export function cleanEnv(home: string): Record<string, string> {
  const env: Record<string, string> = {
    HOME: home,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    TZ: "UTC",
  };
  for (const name of ["PATH", "TMPDIR", "USER", "LOGNAME", "SHELL"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}

let aptReady: Promise<boolean> | null = null;

/**
 * Makes sure a program is there, from Debian's packages where we are root.
 * @returns its path, or null when it could not be had.
 */
export async function need(program: string, debian: string): Promise<string | null> {
  const found = which(program);
  if (found !== null) return found;
  if (process.getuid?.() !== 0 || which("apt-get") === null) return null;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  aptReady ??= run(["apt-get", "update", "-qq"], { env, ms: 180_000 }).then(
    (ran) => ran.code === 0,
  );
  await aptReady;
  const install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", debian];
  await run(install, { env, ms: 300_000 });
  return which(program);
}

const NPM_MS = 600_000;

/** Packages of npm in exactly these versions, in a folder of their own. */
export interface Packages {
  readonly folder: string;
  readonly versions: Readonly<Record<string, string>>;
  /** More for npm. */
  readonly flags?: readonly string[];
}

/**
 * Makes sure they are there; running none of their install scripts.
 * @returns null when they are, else why not.
 */
export async function needPackages(
  { folder, versions, flags: more = [] }: Packages,
  install = true,
): Promise<string | null> {
  const manifest = JSON.stringify({ private: true, dependencies: versions });
  const done = join(folder, "installed.json");
  if (existsSync(done) && readFileSync(done, "utf8") === manifest) return null;
  const npm = which("npm");
  if (npm === null || !install) return npm === null ? "npm is not installed" : "not installed";
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", ...more];
  const ran = await run([npm, "install", "--prefix", folder, ...flags], {
    cwd: folder,
    ms: NPM_MS,
  });
  if (ran.code !== 0) return `npm install failed: ${ran.text.trim().split("\n", 1)[0] ?? ""}`;
  writeFileSync(done, manifest);
  return null;
}

const NODE_24 = "24.21.0";

/** A Node 24 or newer: the one on PATH, else one from npm kept beside node_modules' caches. */
export async function needNode(install = true): Promise<string | null> {
  const here = which("node");
  if (here !== null) {
    const version = (await run([here, "--version"])).stdout;
    if (Number(/^v(\d+)/u.exec(version)?.[1] ?? 0) >= 24) return here;
  }
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = join(ROOT, "node_modules/.cache/node24");
  const file = join(folder, "node_modules", name, "bin/node");
  if (existsSync(file)) return file;
  const npm = which("npm");
  if (npm === null || !install) return null;
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
  const argv = [npm, "install", "--prefix", folder, ...flags, `${name}@${NODE_24}`];
  await run(argv, { ms: 300_000, cwd: ROOT });
  return existsSync(file) ? file : null;
}
