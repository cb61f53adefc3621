import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Scope } from "../../contracts/scope-parts.ts";
import { isInside } from "../../gate/scopes.ts";

/**
 * What a program needs of its own: where its code lies, as far as no program may read it by itself,
 * and the programs its package brings, as many start one of those.
 */
export function codeOf(file: string, workspace: string): readonly Scope[] {
  const real = realpathSync(file);
  const own = packageOf(real);
  const folder = own === null ? (real === file ? null : dirname(real)) : own.read;
  const seen = folder === null || SYSTEM.test(folder) || isInside(workspace, folder);
  const programs = own === null ? [] : foldersWith(own, real);
  return [
    ...(seen ? [] : [`read:${folder}` as const]),
    ...programs.map((path) => `exec:${path}/` as const),
  ];
}

const SYSTEM = /^\/(?:usr|lib|lib64|nix\/store)\//u;

interface Package {
  readonly folder: string;
  /** What it needs lies in it, or beside it where npm has put it there. */
  readonly read: string;
  /** Packages that hold what is made for this machine. */
  readonly optional: readonly string[];
}

function packageOf(file: string): Package | null {
  const parts = file.split("/");
  const at = parts.lastIndexOf("node_modules");
  if (at < 0) return null;
  const deep = parts[at + 1]?.startsWith("@") ? 3 : 2;
  const folder = join("/", ...parts.slice(0, at + deep));
  const [needs, optional] = needsOf(folder);
  const isBeside = needs.length + optional.length > 0 && !existsSync(join(folder, "node_modules"));
  const beside = join("/", ...parts.slice(0, at + 1));
  const places = [join(folder, "node_modules"), beside];
  return {
    folder,
    read: isBeside ? beside : folder,
    optional: optional.flatMap(
      (name) => places.map((place) => join(place, name)).find(existsSync) ?? [],
    ),
  };
}

function needsOf(folder: string): readonly [string[], string[]] {
  const file = join(folder, "package.json");
  try {
    const made: unknown = JSON.parse(readFileSync(file, "utf8"));
    const names = (field: string): string[] => {
      const value = isObject(made) ? made[field] : undefined;
      return isObject(value) ? Object.keys(value).filter((name) => NAME.test(name)) : [];
    };
    return [names("dependencies"), names("optionalDependencies")];
  } catch {
    return [[], []];
  }
}

const NAME = /^(?:@[\w.-]+\/)?[\w-][\w.-]*$/u;

/** What of a package and of those for this machine holds programs of the machine's own kind. */
function foldersWith({ folder, optional }: Package, itself: string): readonly string[] {
  const known = new Set([idOf(statSync(itself))]);
  return [folder, ...optional].filter((one) => holdsPrograms(one, known));
}

/** `known` are those that are there under another name already. */
function holdsPrograms(folder: string, known: ReadonlySet<string>): boolean {
  const folders = [folder];
  let looked = 0;
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const name of readdirSync(at)) {
      const path = join(at, name);
      const stat = lstatSync(path);
      if (++looked > LIMITS.packageEntries) return false;
      if (stat.isDirectory() && name !== "node_modules") folders.push(path);
      const isOne = stat.isFile() && (stat.mode & 0o111) !== 0 && !LIBRARY.test(name);
      if (isOne && !known.has(idOf(stat)) && isNative(path)) return true;
    }
  }
  return false;
}

function idOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

const LIBRARY = /\.(?:so(?:\.\d+)*|node|dylib)$/u;

/** By its first bytes: ELF, or what a Mac starts. */
function isNative(path: string): boolean {
  const head = Buffer.alloc(4);
  const file = openSync(path, "r");
  try {
    return readSync(file, head) === 4 && NATIVE.has(head.toString("hex"));
  } finally {
    closeSync(file);
  }
}

const NATIVE: ReadonlySet<string> = new Set(["7f454c46", "cffaedfe", "cafebabe"]);
