import * as fs from "node:fs";
import { join } from "node:path";
import type { Failure } from "../../contracts/outcome.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { DEFAULT_PATH, type Env, findProgram } from "../box.ts";
import { isFailure } from "../failures.ts";

/** What git is started with. */
export interface GitParts {
  readonly sandbox: Sandbox;
  readonly env: Env;
}

/** One start of git. All paths absolute. */
export interface GitRun {
  readonly args: readonly string[];
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  /** Variables beside its own. */
  readonly set?: Readonly<Record<string, string>>;
  /** Folder of what it writes; null when that is nothing. It is not taken away afterwards. */
  readonly stage: string | null;
  /** A folder that may hold its settings. */
  readonly dir: string;
  /** The socket of the proxy it reaches the network by. */
  readonly socket?: string | null;
  readonly signal?: AbortSignal;
}

/** What git printed, or that it failed, in its own last words. */
export type GitRan =
  | { readonly ok: true; readonly out: string }
  | { readonly ok: false; readonly why: string; readonly next?: string; readonly flooded?: true };

/**
 * Starts git in the sandbox, with settings of our own: no hooks, no filters, no monitors, and
 * nothing the machine or the person has set counts.
 */
export async function runGit({ sandbox, env }: GitParts, run: GitRun): Promise<GitRan> {
  const git = findProgram("git", "/", env);
  if (git === null) return { ok: false, why: "git is not installed here", next: "Install git." };
  const config = join(run.dir, "gitconfig");
  fs.mkdirSync(run.dir, { recursive: true, mode: 0o700 });
  fs.writeFileSync(config, CONFIG);
  const { args, reads = [], writes = [], set = {}, stage, socket = null } = run;
  const boxed = await sandbox.start({
    run: { kind: "program", argv: [git, ...args] },
    cwd: "/",
    box: {
      reads: [config, ...reads],
      writes,
      net: socket === null ? { kind: "none" } : { kind: "proxy", socket },
      exec: [git, "/bin/sh"],
      env: { ...ENV, ...set, PATH: env["PATH"] ?? DEFAULT_PATH, GIT_CONFIG_GLOBAL: config },
      limits: BOX,
    },
    stage,
  });
  if (isFailure(boxed)) return said(boxed);
  const stop = (): void => void boxed.stop();
  if (run.signal?.aborted) stop();
  run.signal?.addEventListener("abort", stop, { once: true });
  boxed.endInput();
  const chunks: Uint8Array[] = [];
  for await (const chunk of boxed.stdout) chunks.push(chunk);
  const ended = await boxed.ended;
  run.signal?.removeEventListener("abort", stop);
  if (ended.kind === "exited" && ended.code === 0) {
    return { ok: true, out: Buffer.concat(chunks).toString("utf8") };
  }
  if (ended.kind === "stopped") {
    const why = `git was stopped: ${ended.by}`;
    return { ok: false, why, ...(ended.by === "output" && { flooded: true }) };
  }
  const words = boxed.stderr().trim().split("\n").at(-1) ?? "";
  return {
    ok: false,
    why: words === "" ? "git ended without a word" : clip(plainText(words), 200),
  };
}

function said({ message, next }: Failure): GitRan {
  return { ok: false, why: message, ...(next === undefined ? {} : { next }) };
}

/** The commit that is checked out, as the repository itself says; null where there is none. */
export function commitIn(gitDir: string): string | null {
  const head = readText(join(gitDir, "HEAD"));
  const branch = /^ref: (refs\/heads\/[\w./-]{1,200})$/u.exec(head)?.[1];
  const commit = branch === undefined ? head : readText(join(gitDir, branch));
  return /^[0-9a-f]{40,64}$/u.test(commit) ? commit : null;
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}

const BOX = {
  ms: LIMITS.cloneMs,
  memoryBytes: LIMITS.toolMemoryBytes,
  processes: LIMITS.toolProcesses,
  cpuSeconds: LIMITS.toolCpuSeconds,
  outputBytes: 2 * LIMITS.patchBytes,
  stageBytes: LIMITS.cloneBytes,
};

/** Settings in place of the machine's and the person's, for git and all it starts. */
const CONFIG = `[safe]
	directory = *
[core]
	hooksPath = /dev/null
	fsmonitor = false
[protocol]
	allow = never
[protocol "file"]
	allow = always
[protocol "https"]
	allow = always
[http]
	followRedirects = false
[filter "lfs"]
	smudge =
	process =
	required = false
[submodule]
	recurse = false
`;

const ENV = {
  HOME: "/nonexistent",
  LANG: "C.UTF-8",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_LFS_SKIP_SMUDGE: "1",
};
