import * as fs from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { codeOf, NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import { LIMITS } from "../std/limits.ts";
import { plainText } from "../std/text.ts";

/** Where everything of one home lies; absolute, links resolved. Nothing of it need exist yet. */
export interface HomePaths {
  readonly home: string;
  /** Folder that relative scopes of the home's own arrangement resolve against. */
  readonly workspace: string;
  /** Machine state, 0700: never inside anything a scope may name. */
  readonly machine: string;
  readonly config: string;
  readonly trust: string;
  readonly operatorKey: string;
  readonly logKey: string;
  readonly witnessKey: string;
  readonly secrets: string;
  readonly journal: string;
  readonly vault: string;
  readonly stage: string;
  readonly cache: string;
}

/** Machine state of one workspace. */
export interface WorkspacePaths {
  readonly dir: string;
  readonly grants: string;
  readonly lock: string;
  readonly keys: string;
}

export interface HomeChoice {
  /** `--home`. */
  readonly home?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly userHome?: string | undefined;
  /** What a relative `--home` is relative to. */
  readonly cwd?: string | undefined;
}

/** `--home`, else NANOS_HOME, else `~/.nano-os`. Looks at links, creates nothing. */
export function findHome(choice: HomeChoice = {}): HomePaths {
  const userHome = choice.userHome ?? homedir();
  const named = choice.home ?? choice.env?.["NANOS_HOME"];
  const given = named === undefined || named === "" ? join(userHome, PROJECT) : named;
  const path = resolve(choice.cwd ?? process.cwd(), expand(given, userHome));
  const home = realOrSame(path);
  // The name as given decides: a link `~/.nano-os` still makes `~` the workspace.
  const parent = realOrSame(dirname(path));
  const machine = join(home, "machine");
  return {
    home,
    workspace: basename(path) === PROJECT ? parent : join(home, "workspace"),
    machine,
    config: join(machine, "config.yaml"),
    trust: join(machine, "trust.json"),
    operatorKey: join(machine, "operator.key"),
    logKey: join(machine, "log.key"),
    witnessKey: join(machine, "witness.key"),
    secrets: join(machine, "secrets.json"),
    journal: join(machine, "journal"),
    vault: join(machine, "vault"),
    stage: join(machine, "stage"),
    cache: join(machine, "cache"),
  };
}

/** Grants and locks belong to a workspace, told apart by the hash of its path. */
export function workspacePaths(paths: HomePaths, workspace: string): WorkspacePaths {
  const dir = join(paths.machine, "workspaces", sha256(workspace).slice(0, 16));
  const [grants = "", lock = "", keys = ""] = ["grants", "lock", "keys"].map((name) =>
    join(dir, `${name}.json`),
  );
  return { dir, grants, lock, keys };
}

/** What agents that are programs keep in a workspace, a folder each. */
export function homesOf(paths: HomePaths, workspace: string): string {
  return join(workspacePaths(paths, workspace).dir, "agents");
}

/** Name of the folder that makes its parent a project. */
export const PROJECT = ".nano-os";

/** A project's arrangement above the current folder, and what was passed over on the way. */
export interface ProjectSearch {
  /** The `.nano-os` folder, absolute; null when there is none. */
  readonly dir: string | null;
  readonly notes: readonly string[];
}

/**
 * The nearest `.nano-os` upward from `cwd`, on the same file system. Passed over, and said: a
 * link, a folder of somebody else, one that anybody may write to, another home, and one without
 * an arrangement. The home itself is passed over silently.
 */
export function findProject(cwd: string, paths: HomePaths): ProjectSearch {
  const notes: string[] = [];
  let folder = realOrSame(resolve(cwd));
  let device: number | undefined;
  for (let level = 0; level < LIMITS.searchLevels; level++) {
    const dir = join(folder, PROJECT);
    const stat = lookAt(dir);
    if (stat !== null && !isHome(dir, paths)) {
      const why = whyNotProject(dir, stat);
      if (why === null) return { dir, notes };
      notes.push(`${plainText(dir)} is not used: ${why}`);
    }
    const parent = dirname(folder);
    if (parent === folder) break;
    // The folder itself may be gone; what counts is the first that is there.
    device ??= lookAt(folder)?.dev;
    if (device !== undefined && lookAt(parent)?.dev !== device) break;
    folder = parent;
  }
  return { dir: null, notes };
}

/** What lies at a path, or null when nothing does or it is not for us to see. */
function lookAt(path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function isHome(dir: string, paths: HomePaths): boolean {
  return realOrSame(dir) === paths.home;
}

function whyNotProject(dir: string, stat: fs.Stats): string | null {
  if (stat.isSymbolicLink()) return "it is a symbolic link.";
  if (!stat.isDirectory()) return "it is not a folder.";
  const owner = whyNotOurs(stat);
  if (owner !== null) return `it ${owner}.`;
  if (fs.existsSync(join(dir, "machine"))) return "it is a home, not a project's folder.";
  if (!fs.existsSync(join(dir, "arrangement.yaml"))) return "it has no arrangement.yaml.";
  return null;
}

/** Whose it is and who may write to it; null when it is the user's alone. */
function whyNotOurs(stat: fs.Stats): string | null {
  if (isSomebodyElses(stat)) return "belongs to another user";
  const open = process.getuid !== undefined && (stat.mode & 0o002) !== 0;
  return open ? "may be written to by anybody" : null;
}

function isSomebodyElses(stat: fs.Stats): boolean {
  return process.getuid !== undefined && stat.uid !== process.getuid();
}

/**
 * Makes the home and its machine folder, or says why that cannot be.
 *
 * @throws NanosError `home.not_a_folder`, `home.not_yours`, `home.missing_parent`,
 *   `home.read_only`, `home.linked`.
 */
export function prepareHome(paths: HomePaths): void {
  makeFolder(paths.home, "The home");
  const stat = fs.statSync(paths.home);
  if (!stat.isDirectory()) throw notAFolder(paths.home);
  const why = whyNotOurs(stat);
  if (why !== null) throw notYours(paths.home, `The home ${paths.home} ${why}.`);
  makeFolder(paths.machine, "The machine folder");
  const machine = fs.lstatSync(paths.machine);
  if (machine.isSymbolicLink()) {
    throw new NanosError(
      "home.linked",
      `${paths.machine} is a symbolic link; keys and journal must lie in the home itself.`,
      "Remove the link, or name the folder it leads to with --home.",
    );
  }
  if (!machine.isDirectory()) throw notAFolder(paths.machine);
  if (isSomebodyElses(machine)) {
    throw notYours(paths.machine, `${paths.machine} belongs to another user.`);
  }
  if ((machine.mode & 0o077) !== 0) fs.chmodSync(paths.machine, 0o700);
  try {
    fs.accessSync(paths.machine, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw readOnly(paths.machine, error);
  }
}

function makeFolder(path: string, what: string): void {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new NanosError(
        "home.missing_parent",
        `${what} ${plainText(path)} cannot be made: ${plainText(dirname(path))} is not a folder.`,
        `Make that folder first, or choose another home: nanos --home DIR`,
        error,
      );
    }
    throw readOnly(path, error);
  }
}

function readOnly(path: string, cause: unknown): NanosError {
  return new NanosError(
    "home.read_only",
    `${plainText(path)} cannot be written (${codeOf(cause)}).`,
    "Make it writable for you, or choose another home: nanos --home DIR",
    cause,
  );
}

function notAFolder(path: string): NanosError {
  return new NanosError(
    "home.not_a_folder",
    `${plainText(path)} is not a folder.`,
    "Move that file away, or choose another home: nanos --home DIR",
  );
}

function notYours(path: string, message: string): NanosError {
  return new NanosError(
    "home.not_yours",
    plainText(message),
    `Take it over (chown, chmod go-w ${plainText(path)}), or choose another home: nanos --home DIR`,
  );
}

function expand(path: string, userHome: string): string {
  if (path === "~") return userHome;
  return path.startsWith("~/") && isAbsolute(userHome) ? join(userHome, path.slice(2)) : path;
}

/** The path with links resolved as far as it exists. */
export function realOrSame(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realOrSame(parent), basename(path));
  }
}
