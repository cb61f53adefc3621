import * as fs from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { codeOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { within } from "../../sandbox/stage/copy.ts";
import type { Failure, Touched } from "../../contracts/outcome.ts";
import { CLONE } from "./clone.ts";
import { copyPlain } from "./plain.ts";
import { commitIn, type GitParts, type GitRan, runGit } from "./git.ts";

/**
 * Copies of repositories that runs work in, so that the person's own files stay as they are:
 *
 *     DIR/RUN/tree   what was committed, or the files of a folder that is none; with a repository of its own; the run's workspace
 *     DIR/RUN/git    that repository again, which nothing in the run can reach: what the patch is made against
 *
 * What a copy is worth is the patch that is made of it. A copy whose run is no longer carried and does
 * not wait is swept away.
 *
 * Contract:
 * - The repository is read, and never written. Nothing of it is run.
 * - `patch` is what a run made of its copy, whatever the run did to the repository in it.
 * - A failure is a value; nothing is thrown for what a repository or the machine is like.
 */
export interface Trees {
  /** The folder a run of this name works in. */
  placeOf(run: string): string;
  /** Makes the copy; gives the commit it is of. */
  open(run: string, of: Source, signal: AbortSignal): Promise<{ commit: string } | Failure>;
  /** What changed in it against what was committed, what git ignores left out. */
  patch(run: string): Promise<Patch | Failure>;
  close(run: string): void;
  /** Takes away the copies of runs that are not to be kept. */
  sweep(isKept: (run: string) => boolean): void;
}

/** What a copy is of: a repository, absolute, and a branch or tag where it is not what is checked out. */
interface Source {
  readonly from: string;
  readonly branch?: string | undefined;
}

/** What a run made of its copy. */
export interface Patch {
  /** As `git apply` takes it; empty where nothing was changed. */
  readonly text: string;
  /** By path in the repository. */
  readonly files: readonly Touched[];
  /** The commit it is made against. */
  readonly commit: string;
}

/**
 * Copies below `dir`, which is this home's own and may lie in a folder everybody writes to. `hidden`,
 * absolute, is copied from no folder that is no repository.
 */
export function openTrees(git: GitParts, dir: string, hidden: string | null = null): Trees {
  const at = (run: string, part: string): string => join(dir, run, part);
  return {
    placeOf: (run) => at(run, "tree"),
    open: (run, of, signal) => open({ git, dir, hidden, run, ...of, signal }),
    async patch(run) {
      if (!fs.existsSync(at(run, "git"))) return GONE;
      try {
        return await patchOf(git, join(dir, run));
      } finally {
        fs.rmSync(at(run, "stage"), { recursive: true, force: true });
      }
    },
    close: (run) => fs.rmSync(join(dir, run), { recursive: true, force: true }),
    sweep(isKept) {
      for (const run of entriesOf(dir)) {
        if (!isKept(run)) fs.rmSync(join(dir, run), { recursive: true, force: true });
      }
      removeEmpty(dir);
    },
  };
}

const GONE: Failure = {
  code: "tree.gone",
  message: "The copy this run worked in is gone, and what it did there with it.",
  next: "Nothing of yours was changed. Ask for it again.",
};

interface Opening extends Source {
  readonly git: GitParts;
  readonly dir: string;
  readonly hidden: string | null;
  readonly run: string;
  readonly signal: AbortSignal;
}

async function open({
  git,
  dir,
  hidden,
  run,
  from,
  branch,
  signal,
}: Opening): Promise<{ commit: string } | Failure> {
  const isPlain = !fs.existsSync(join(from, ".git"));
  const refused = again(() => refusal(dir, run, from));
  if (refused) return refused;
  if (isPlain && branch !== undefined) return noBranch(from, branch);
  const own = join(dir, run);
  const [copy, stage, tree] = [join(own, "copy"), join(own, "stage"), join(own, "tree")];
  fs.rmSync(own, { recursive: true, force: true });
  again(() => fs.mkdirSync(copy, { recursive: true, mode: 0o700 }));
  if (isPlain) {
    const plain = copyPlain(from, tree, hidden);
    if ("code" in plain) fs.rmSync(own, { recursive: true, force: true });
    else keepApart(own);
    return plain;
  }
  const target = join(stage, "root", copy, "tree");
  const which = branch === undefined ? [] : ["--branch", branch];
  const args = [...CLONE, ...which, "--", pathToFileURL(from).href, target];
  const ran = await runGit(git, { args, reads: [from], writes: [copy], stage, dir: own, signal });
  const commit = ran.ok ? commitIn(join(target, ".git")) : null;
  if (!ran.ok || commit === null) {
    fs.rmSync(own, { recursive: true, force: true });
    return ran.ok ? NO_COMMIT : failed(ran);
  }
  fs.renameSync(target, tree);
  fs.rmSync(copy, { recursive: true, force: true });
  fs.rmSync(stage, { recursive: true, force: true });
  keepApart(own);
  return { commit };
}

/** Last: a copy is open once what its patch is made against is there. */
function keepApart(own: string): void {
  fs.cpSync(join(own, "tree", ".git"), join(own, "making"), { recursive: true });
  fs.renameSync(join(own, "making"), join(own, "git"));
}

const NO_COMMIT: Failure = {
  code: "tree.no_commit",
  message: "Nothing is committed in this repository yet, so there is nothing to work on.",
  next: 'Commit what is there: git add . && git commit -m "First"',
};

function noBranch(from: string, branch: string): Failure {
  const message = `${from} is no git repository, so it has no branch ${branch}.`;
  return { code: "tree.branch", message, next: "Name no branch, or the repository it is in." };
}

/** Why no copy can be made, as far as that shows before git is asked. */
function refusal(dir: string, run: string, from: string): Failure | null {
  if (within(dir, from)) {
    const message = `Copies are made in ${dir}, which lies in the repository itself.`;
    return { code: "tree.inside", message, next: "Set TMPDIR to another folder." };
  }
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stat = fs.lstatSync(dir);
  const isOurs = stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o77) === 0;
  if (!isOurs) {
    return {
      code: "tree.not_ours",
      message: `${dir} belongs to somebody else, or others may look into it.`,
      next: "Remove it, or set TMPDIR to a folder of your own.",
    };
  }
  const others = entriesOf(dir).filter((name) => name !== run);
  if (others.length < LIMITS.trees) return null;
  return {
    code: "tree.too_many",
    message: `${LIMITS.trees} runs already work in copies of repositories.`,
    next: "Wait until one of them ends, or cancel one: nanos trace list",
  };
}

/**
 * Everything in the copy, ignored files left out, against what was committed: taken into the index
 * of the repository nobody else reached, and read from there. That index is a staged copy as well.
 */
async function patchOf(git: GitParts, own: string): Promise<Patch | Failure> {
  const [repository, tree, stage] = [join(own, "git"), join(own, "tree"), join(own, "stage")];
  fs.rmSync(stage, { recursive: true, force: true });
  const staged = join(stage, "root", repository);
  const places = [`--git-dir=${staged}`, `--work-tree=${tree}`];
  const add = ["add", "--all", "--", tree];
  const taken = await runGit(git, {
    ...{ args: [...places, ...add], reads: [tree], writes: [repository], stage, dir: own },
  });
  if (!taken.ok) return failed(taken);
  const look = (...args: readonly string[]): Promise<GitRan> => {
    const diff = [
      "diff",
      "--cached",
      "--no-color",
      "--no-ext-diff",
      "--no-textconv",
      "--no-renames",
    ];
    const reads = [staged, tree];
    return runGit(git, {
      args: [...places, ...diff, ...args, "HEAD"],
      reads,
      stage: null,
      dir: own,
    });
  };
  const names = await look("--name-status", "-z");
  let text = await look("--binary", "--full-index");
  if (text.ok && text.out.includes("\uFFFD")) {
    // Some of it is in another encoding; as bytes it is kept whole.
    fs.mkdirSync(join(staged, "info"), { recursive: true });
    fs.writeFileSync(join(staged, "info", "attributes"), "* -diff\n");
    text = await look("--binary", "--full-index");
  }
  if (!names.ok) return failed(names);
  if (!text.ok) return failed(text);
  if (Buffer.byteLength(text.out) > LIMITS.patchBytes) return TOO_LARGE;
  const commit = commitIn(repository) ?? "unknown";
  return { text: text.out, files: touched(names.out), commit };
}

function touched(names: string): readonly Touched[] {
  const words = names.split("\0");
  const files: Touched[] = [];
  for (let i = 0; i + 1 < words.length; i += 2) {
    files.push({ path: words[i + 1] ?? "", kind: KINDS[words[i] ?? ""] ?? "modified" });
  }
  return files;
}

const KINDS: Readonly<Record<string, string>> = { A: "created", D: "deleted" };

const TOO_LARGE: Failure = {
  code: "tree.patch_too_large",
  message: `The patch is larger than the ${LIMITS.patchBytes / 1024 ** 2} MiB that are kept of one.`,
  next: "Ask for less at once, and have what is generated ignored by .gitignore.",
};

function failed({ why, next, flooded }: Extract<GitRan, { ok: false }>): Failure {
  if (flooded) return TOO_LARGE;
  return {
    // tree.git -> Try the same command in the repository: git status.
    code: "tree.git",
    message: `git could not work on the copy: ${why}.`,
    ...(next === undefined ? {} : { next }),
  };
}

/** Another process may take the empty folder of all copies away while this one makes its own in it. */
function again<T>(make: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return make();
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || tries >= LIMITS.trees) throw error;
    }
  }
}

/** Only while it is empty: another process may just be making a copy in it. */
function removeEmpty(dir: string): void {
  try {
    fs.rmdirSync(dir);
  } catch {
    // It holds copies, or is not there.
  }
}

function entriesOf(dir: string): readonly string[] {
  try {
    return fs.readdirSync(dir);
  } catch {
    return [];
  }
}
