import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { mask, type Masked } from "./mask.ts";

/** One source file, read once. Paths are relative to the root, with forward slashes. */
export interface Source extends Masked {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** A test, or what only tests use: `testing/`, `*.fixtures.ts`. */
  readonly test: boolean;
  readonly imports: readonly Import[];
}

export interface Import {
  /** As written: `../std/hash.ts`, `zod`, `node:fs`. */
  readonly specifier: string;
  /** Path of the file it names, when relative; null for packages. */
  readonly target: string | null;
  /** Names taken from it, as they are called there; empty for a whole module. */
  readonly names: readonly string[];
  readonly line: number;
}

/** Everything the checks look at. */
export interface House {
  readonly root: string;
  readonly sources: readonly Source[];
  readonly byPath: ReadonlyMap<string, Source>;
  /** Rows of a fenced block of ARCHITECTURE.md, comments and blank lines left out. */
  block(name: string): readonly string[];
}

export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly says: string;
}

const FOLDERS = ["src", "test", "scripts", "bench", "starters", "launcher"];

/** Reads the tree below `root`. What is not there yet is left out. */
export function readHouse(root: string): House {
  const sources = FOLDERS.flatMap((folder) => sourcesIn(root, folder));
  const text = readText(join(root, "ARCHITECTURE.md"));
  return {
    root,
    sources,
    byPath: new Map(sources.map((source) => [source.path, source])),
    block: (name) => blockOf(text, name),
  };
}

/** The text of a file, empty when there is none. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Whether `path` lies in one of `places`: a file, a folder, `*` and an ending, `**` and a folder. */
export function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => {
    if (place.startsWith("**/")) return path.includes(`${place.slice(2)}/`);
    if (place.startsWith("*")) return path.endsWith(place.slice(1));
    return path === place || path.startsWith(`${place}/`);
  });
}

/** Line number, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line += 1;
  return line;
}

function blockOf(text: string, name: string): readonly string[] {
  const found = new RegExp(`^\`\`\`${name}\\n([\\s\\S]*?)^\`\`\``, "mu").exec(text);
  const rows = (found?.[1] ?? "").split("\n").map((row) => row.replace(/\s#\s.*$/u, "").trim());
  return rows.filter((row) => row !== "");
}

function sourcesIn(root: string, folder: string): Source[] {
  let names: string[] = [];
  try {
    names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
  return names
    .filter((name) => /\.m?tsx?$/u.test(name) && !/node_modules|\.peers|(^|\/)dist\//u.test(name))
    .toSorted()
    .map((name) => readSource(root, `${folder}/${name.split(sep).join("/")}`));
}

function readSource(root: string, path: string): Source {
  const text = readText(join(root, path));
  const masked = mask(text);
  return {
    path,
    text,
    ...masked,
    lines: text.split("\n").length - 1,
    test: /\.test\.tsx?$|^test\/|\/testing\/|\.fixtures\.ts$/u.test(path),
    imports: importsOf(path, text, masked.code),
  };
}

const IMPORT =
  /\b(?:import|export)\b([^;"'`]*?)\bfrom\s*["']|\bimport\s*["']|\bimport\(\s*["'`]|\bnew URL\(\s*["']|\brequire\(\s*["']/gu;

function importsOf(path: string, text: string, code: string): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const start = match.index + match[0].length;
    const specifier = /^[^"'`\n]*/u.exec(text.slice(start))?.[0] ?? "";
    const inUrl = match[0].startsWith("new URL");
    if (specifier === "" || (inUrl && !/^\.{1,2}\/.*\.m?tsx?$/u.test(specifier))) continue;
    found.push({
      specifier,
      target: specifier.startsWith(".")
        ? join(dirname(path), specifier).split(sep).join("/")
        : null,
      names: namesIn(match[1] ?? ""),
      line: lineAt(text, match.index),
    });
  }
  return found;
}

/** `{ a, type B as C }` gives a and B. */
function namesIn(clause: string): string[] {
  const list = /\{([^}]*)\}/u.exec(clause)?.[1] ?? "";
  const names = list.split(",").map((item) => item.trim().replace(/^type\s+/u, ""));
  return names.map((name) => name.split(/\s/u)[0] ?? "").filter((name) => name !== "");
}

/** The part of src a file belongs to: its first folder, or the file itself. */
export function partOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(".test.ts", ".ts");
}
