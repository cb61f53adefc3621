import * as fs from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NanosError } from "../../std/error.ts";
import { clip, plainText } from "../../std/text.ts";
import { commitIn, type GitParts, runGit } from "./git.ts";
import { newPassage, openProxy } from "../proxy/proxy.ts";

/** What a clone is made with. `dir` is a folder of machine state that is used up. */
export interface CloneParts extends GitParts {
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
  { dir, ...git }: CloneParts,
  given: string,
  act: (folder: string, commit: string) => Promise<T>,
): Promise<T> {
  const { address, ref, host } = parts(given);
  fs.rmSync(dir, { recursive: true, force: true });
  const copy = join(dir, "copy");
  const stage = join(dir, "stage");
  fs.mkdirSync(copy, { recursive: true, mode: 0o700 });
  const target = join(stage, "root", copy, "repository");
  const branch = ref === null ? [] : ["--branch", ref];
  const believed = host === null ? null : authorityIn(git.env);
  const proxy = host === null ? null : await openProxy({ scopes: [`net:${host}`], granted: [] });
  proxy?.enter(newPassage());
  try {
    const ran = await runGit(git, {
      args: [...CLONE, ...branch, "--", address.href, target],
      reads: host === null ? [fileURLToPath(address)] : believed === null ? [] : [believed],
      set: believed === null ? {} : { [AUTHORITY]: believed },
      writes: [copy],
      ...{ stage, dir, socket: proxy?.socket ?? null },
    });
    if (!ran.ok) throw refused(ran.why, ran.next ?? USUAL);
    return await act(target, commitIn(join(target, ".git")) ?? "unknown");
  } finally {
    proxy?.close();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** What git itself is told by: a file of the authorities it believes, in place of the system's. */
const AUTHORITY = "GIT_SSL_CAINFO";

function authorityIn(env: GitParts["env"]): string | null {
  const file = env[AUTHORITY] ?? "";
  if (file === "") return null;
  if (isAbsolute(file) && fs.existsSync(file)) return file;
  throw refused(
    `${AUTHORITY} names no file`,
    `Set ${AUTHORITY} to the absolute path of a file of certificates, or to nothing.`,
  );
}

const USUAL = "Check the address, or clone it yourself and name the folder.";

/** How git is told to make a copy: the newest commit and nothing that came before. */
export const CLONE = [
  "clone",
  "--quiet",
  "--depth",
  "1",
  "--no-tags",
  "--single-branch",
  "--template=",
];

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

function refused(why: string, next: string): NanosError {
  return new NanosError("install.git", `The repository was not fetched: ${why}.`, next);
}
