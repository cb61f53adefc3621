import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Failure, FileChange } from "../../contracts/outcome.ts";
import { systemClock } from "../../std/clock.ts";
import type { PreparedStage } from "../stage/copy.ts";
import { prepareStage } from "../stage/copy.ts";
import type { StageHandle } from "../stage/handle.ts";
import { stageHandle } from "../stage/handle.ts";

export const BYTES = 1024 ** 2;

export interface Staging {
  readonly root: string;
  readonly staged: string;
  readonly undo: string;
  readonly prepared: PreparedStage;
  readonly handle: StageHandle;
}

/** A root with these files in it, staged. A value `-> x` makes a link. */
export async function stageOf(folder: string, files: Tree, bytes = BYTES): Promise<Staging> {
  const root = join(folder, "root");
  writeTree(root, files);
  const stage = join(folder, "stage");
  const wants = { stage, writes: [root], reads: [root], cwd: root, bytes, owner: null };
  const prepared = await prepareStage(wants);
  if ("code" in prepared) throw new Error(prepared.code);
  const startedAt = systemClock.now();
  const handle = stageHandle(stage, prepared.roots, bytes, startedAt);
  const staged = join(stage, "root", root);
  return { root, staged, undo: join(folder, "undo"), prepared, handle };
}

export type Tree = Readonly<Record<string, string>>;

export function writeTree(root: string, files: Tree): void {
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), file);
    else writeFileSync(file, text);
  }
}

/** The same the other way round. */
export function readTree(root: string): Tree {
  const found: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true }) as string[]) {
    const file = join(root, path);
    // A commit may be at work in it.
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) found[path] = `-> ${readlinkSync(file)}`;
    else if (stat?.isFile()) found[path] = readFileSync(file, "utf8");
  }
  return found;
}

/** @throws when there is a failure instead. */
export async function changesOf(handle: StageHandle): Promise<readonly FileChange[]> {
  const changes: readonly FileChange[] | Failure = await handle.changes();
  if ("code" in changes) throw new Error(`${changes.code}: ${changes.message}`);
  return changes;
}
