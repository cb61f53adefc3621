import * as fs from "node:fs";
import { dirname, join, relative } from "node:path";
import { tryHold } from "../sandbox/process/hold.ts";
import { LIMITS } from "../std/limits.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { ProcessSpec } from "../sandbox/sandbox.ts";
import { treeSize } from "../sandbox/process/watch.ts";
import { failure } from "./failures.ts";

/**
 * Folders that agents which are programs keep: each is the `HOME` of one agent, apart from the
 * operator's and from every other agent's. Two requests of one agent at once get a folder each, as
 * what one does in its folder is not the other's to see half done.
 */
export interface Homes {
  /** A folder nobody else works in, until it is released. */
  take(agent: string): HomeTaken | Failure;
}

export interface HomeTaken {
  readonly keeps: NonNullable<ProcessSpec["keeps"]>;
  /**
   * Has files of the operator's own that the agent was granted be found in the folder where they lie
   * in theirs: a link each, and none of those that were granted before.
   */
  link(places: readonly HomeLink[]): void;
  release(): void;
}

/** A path in the folder, and what it leads to. */
export interface HomeLink {
  readonly path: string;
  readonly to: string;
}

const SIZE = { bytes: LIMITS.agentHomeBytes, files: LIMITS.agentHomeFiles };

export function openHomes(dir: string): Homes {
  return {
    take(agent) {
      const own = join(dir, agent);
      fs.mkdirSync(own, { recursive: true, mode: 0o700 });
      for (let at = 1; at <= LIMITS.agentHomes; at++) {
        const release = tryHold(join(own, `${at}.lock`));
        if (release === null) continue;
        const folder = join(own, String(at));
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        const size = treeSize(folder, SIZE);
        if (size.bytes <= SIZE.bytes && size.files <= SIZE.files) {
          const keeps = { folder, ...SIZE };
          return { keeps, link: (places) => link(`${folder}.links`, folder, places), release };
        }
        release();
        const message = `The folder ${agent} keeps holds more than it may.`;
        return failure("tool.home_full", message, `Empty it: nanos agent clear ${agent}`);
      }
      const message = `${agent} is at work ${LIMITS.agentHomes} times already.`;
      return failure("tool.home_busy", message);
    },
  };
}

/** Bytes an agent keeps in all, as far as they are counted. */
export function homeBytes(dir: string, agent: string): number {
  return treeSize(join(dir, agent), { bytes: Number.MAX_SAFE_INTEGER, files: SIZE.files * 2 })
    .bytes;
}

/** Empties what an agent keeps. False where it is at work. */
export function emptyHome(dir: string, agent: string): boolean {
  const own = join(dir, agent);
  if (!fs.existsSync(own)) return true;
  const held: (() => void)[] = [];
  try {
    for (let at = 1; at <= LIMITS.agentHomes; at++) {
      const release = tryHold(join(own, `${at}.lock`));
      if (release === null) return false;
      held.push(release);
    }
    fs.rmSync(own, { recursive: true, force: true });
    return true;
  } finally {
    for (const release of held) release();
  }
}

function link(record: string, folder: string, places: readonly HomeLink[]): void {
  for (const path of linked(record)) {
    const at = join(folder, path);
    if (isInOwn(folder, path) && kindOf(at) === "link") fs.rmSync(at);
  }
  // Written first: what is in it and not there does no harm.
  fs.writeFileSync(record, JSON.stringify(places.map(({ path }) => path)), { mode: 0o600 });
  for (const { path, to } of places) {
    const at = join(folder, path);
    if (!makeFolders(folder, dirname(path))) continue;
    // What the agent has there itself is kept beside it.
    if (kindOf(at) !== null) fs.renameSync(at, `${at}.own`);
    fs.symlinkSync(to, at);
  }
}

function linked(record: string): readonly string[] {
  try {
    return JSON.parse(fs.readFileSync(record, "utf8")) as readonly string[];
  } catch {
    return [];
  }
}

/** Folders on the way, none of which may be a link: the agent may have put one there. */
function makeFolders(folder: string, way: string): boolean {
  if (way === ".") return true;
  if (!makeFolders(folder, dirname(way))) return false;
  const at = join(folder, way);
  const kind = kindOf(at);
  if (kind === null) fs.mkdirSync(at, { mode: 0o700 });
  return kind === null || kind === "folder";
}

function isInOwn(folder: string, path: string): boolean {
  const way = dirname(path);
  return (
    !relative(folder, join(folder, path)).startsWith("..") &&
    (way === "." || (isInOwn(folder, way) && kindOf(join(folder, way)) === "folder"))
  );
}

function kindOf(path: string): "link" | "folder" | "file" | null {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  return stat.isSymbolicLink() ? "link" : stat.isDirectory() ? "folder" : "file";
}
