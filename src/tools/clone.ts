import * as fs from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { clip, plainText } from "../std/text.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { DEFAULT_PATH, type Env, findProgram } from "./box.ts";
import { isFailure } from "./failures.ts";
import { newPassage, openProxy } from "./proxy/proxy.ts";

/** What a clone is made with. `dir` is a folder of machine state that is used up. */
export interface CloneParts {
  readonly sandbox: Sandbox;
  readonly env: Env;
  readonly dir: string;
}

/**
 * Gets a git repository in the sandbox and gives `act` its files and commit; both are gone
 * afterwards. git reads the repository, or reaches the one host it is on through the proxy, and
 * writes its copy. Nothing of the repository is run: no hooks, no filters, no submodules, and no
 * settings of this machine count. The address may end in `#REF`.
 *
 * @throws NanosError `install.git`.
 */
export async function cloneRepository<T>(
  { sandbox, env, dir }: CloneParts,
  given: string,
  act: (folder: string, commit: string) => Promise<T>,
): Promise<T> {
  const { address, ref, host } = parts(given);
  const git = findProgram("git", "/", env);
  if (git === null) throw refused("git is not installed here", "Install git, or name a folder.");
  fs.rmSync(dir, { recursive: true, force: true });
  const copy = join(dir, "copy");
  const stage = join(dir, "stage");
  const config = join(dir, "gitconfig");
  fs.mkdirSync(copy, { recursive: true, mode: 0o700 });
  fs.writeFileSync(config, CONFIG);
  const target = join(stage, "root", copy, "repository");
  const branch = ref === null ? [] : ["--branch", ref];
  const proxy = host === null ? null : await openProxy({ scopes: [`net:${host}`], granted: [] });
  proxy?.enter(newPassage());
  const boxed = await sandbox.start({
    run: { kind: "program", argv: [git, ...CLONE, ...branch, "--", address.href, target] },
    cwd: "/",
    box: {
      reads: [config, ...(host === null ? [fileURLToPath(address)] : [])],
      writes: [copy],
      net: proxy === null ? { kind: "none" } : { kind: "proxy", socket: proxy.socket },
      exec: [git, "/bin/sh"],
      env: { ...ENV, PATH: env["PATH"] ?? DEFAULT_PATH, GIT_CONFIG_GLOBAL: config },
      limits: { ...BOX, stageBytes: LIMITS.cloneBytes },
    },
    stage,
  });
  try {
    if (isFailure(boxed)) throw refused(boxed.message, boxed.next ?? "Name a folder in its place.");
    boxed.endInput();
    for await (const _ of boxed.stdout) continue;
    const ended = await boxed.ended;
    if (ended.kind !== "exited" || ended.code !== 0) throw failed(boxed.stderr());
    return await act(target, commitIn(target));
  } finally {
    proxy?.close();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

const CLONE = ["clone", "--quiet", "--depth", "1", "--no-tags", "--single-branch", "--template="];

const BOX = {
  ms: LIMITS.cloneMs,
  memoryBytes: LIMITS.toolMemoryBytes,
  processes: LIMITS.toolProcesses,
  cpuSeconds: LIMITS.toolCpuSeconds,
  outputBytes: LIMITS.toolOutputBytes,
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

/** An address that git in a sandbox can reach: a folder here, or one host by https. */
function parts(given: string): {
  readonly address: URL;
  readonly ref: string | null;
  /** `host:port`; null for a folder. */
  readonly host: string | null;
} {
  const url = URL.canParse(given) ? new URL(given) : null;
  const isFolder = url?.protocol === "file:" && url.host === "";
  const isSite = url?.protocol === "https:" && url.username === "" && url.password === "";
  if (url === null || (!isFolder && !isSite)) {
    throw refused(
      "that is no address that can be reached without a key",
      "Write it as https://HOST/PATH, or clone it yourself and name the folder.",
    );
  }
  const ref = url.hash === "" ? null : decodeURIComponent(url.hash.slice(1));
  if (ref !== null && !/^[A-Za-z0-9][\w./-]{0,200}$/u.test(ref)) {
    throw refused(`${clip(plainText(ref), 80)} is no branch or tag`, "Write it as ADDRESS#BRANCH.");
  }
  url.hash = "";
  return { address: url, ref, host: isFolder ? null : `${url.hostname}:${url.port || "443"}` };
}

/** The commit that was checked out, as the copy itself says; its files are what is hashed. */
function commitIn(folder: string): string {
  const head = readText(join(folder, ".git", "HEAD"));
  const branch = /^ref: (refs\/heads\/[\w./-]{1,200})$/u.exec(head)?.[1];
  const commit = branch === undefined ? head : readText(join(folder, ".git", branch));
  return /^[0-9a-f]{40,64}$/u.test(commit) ? commit : "unknown";
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}

function failed(stderr: string): NanosError {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  const why = said === "" ? "git ended without a word" : clip(plainText(said), 200);
  return refused(why, "Check the address, or clone it yourself and name the folder.");
}

function refused(why: string, next: string): NanosError {
  return new NanosError("install.git", `The repository was not fetched: ${why}.`, next);
}
