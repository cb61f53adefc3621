import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { isObject, type Json, type JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";

/**
 * What tools declare, kept by the hash of what declares it, so that starting up starts no process
 * when nothing changed. Safe to delete; a broken entry is a missing one.
 */
export interface ManifestCache {
  read(key: string): JsonObject | null;
  write(key: string, value: JsonObject): void;
  /** Forgets what no longer holds. */
  drop(key: string): void;
}

/** A cache in `dir`, which is made when first written to. Keys are hex hashes. */
export function manifestCache(dir: string): ManifestCache {
  const file = (key: string): string => join(dir, `${key}.json`);
  return {
    read(key) {
      try {
        const value: unknown = JSON.parse(readFileSync(file(key), "utf8"));
        return isObject(value) && value["v"] === FORMAT ? value : null;
      } catch {
        return null;
      }
    },
    write(key, value) {
      try {
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        const fresh = join(dir, `.${key}.${process.pid}`);
        writeFileSync(fresh, JSON.stringify({ ...value, v: FORMAT }), { mode: 0o600 });
        renameSync(fresh, file(key));
        prune(dir);
      } catch {
        // A full or read-only disk costs the next start some milliseconds and nothing else.
      }
    },
    drop: (key) => rmSync(file(key), { force: true }),
  };
}

/** Rises when what is kept, or how a tool is described, changes. */
const FORMAT = 1;

/** Entries beyond this many go, oldest first. */
const MAX_ENTRIES = 2 * LIMITS.arrangementItems;

function prune(dir: string): void {
  const names = readdirSync(dir);
  if (names.length <= MAX_ENTRIES) return;
  const byAge = names
    .map((name) => ({ path: join(dir, name), at: statSync(join(dir, name)).mtimeMs }))
    .toSorted((a, b) => a.at - b.at);
  for (const { path } of byAge.slice(0, names.length - MAX_ENTRIES)) rmSync(path, { force: true });
}

/** Why files could not be hashed; a person must make the folder smaller. */
export class TooLarge extends Error {}

/**
 * SHA-256 over the names and contents of files and folders, in a fixed order. Links are hashed as
 * links, never followed: what lies behind one is not the tool's.
 *
 * @throws TooLarge beyond the limits of a tree, and what reading throws.
 */
export function hashTrees(paths: readonly string[], extra: Json = null): string {
  const hash = createHash("sha256").update(JSON.stringify([FORMAT, extra]));
  const budget = { files: LIMITS.treeFiles, bytes: LIMITS.treeBytes };
  for (const path of paths) hashInto(hash, path, "", 0, budget);
  return hash.digest("hex");
}

function hashInto(
  hash: ReturnType<typeof createHash>,
  path: string,
  name: string,
  depth: number,
  budget: { files: number; bytes: number },
): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return void hash.update(`absent ${name}\n`);
  if (stat.isDirectory()) {
    if (depth > LIMITS.treeDepth) throw new TooLarge(`${path} is too deep`);
    hash.update(`dir ${name}\n`);
    for (const entry of readdirSync(path, { withFileTypes: true }).toSorted(byName)) {
      if (entry.isSymbolicLink()) hash.update(`link ${name}/${entry.name}\n`);
      else hashInto(hash, join(path, entry.name), `${name}/${entry.name}`, depth + 1, budget);
    }
    return;
  }
  if (!stat.isFile()) return void hash.update(`special ${name}\n`);
  budget.files -= 1;
  budget.bytes -= stat.size;
  if (budget.files < 0 || budget.bytes < 0) throw new TooLarge(`${path} is one file too many`);
  hash.update(`file ${name} ${stat.size}\n`).update(readFileSync(path));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
