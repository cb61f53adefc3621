import { basename, dirname, join } from "node:path";
import { lineAt, partOf, readText, type Fault, type House, type Source } from "./house.ts";

/** Files, folders and documents that are larger than the limits block says. */
export function sizes(house: House): Fault[] {
  const limit = readLimits(house);
  const faults: Fault[] = [];
  const perFolder = new Map<string, number>();
  for (const { path, lines, test } of house.sources) {
    const most = limit("file-lines", path);
    if (lines > most)
      faults.push({ path, line: most, says: `${lines} lines, the limit is ${most}` });
    if (!test) perFolder.set(dirname(path), (perFolder.get(dirname(path)) ?? 0) + 1);
  }
  for (const [path, count] of perFolder) {
    const most = limit("folder-files", path);
    const says = `${count} source files in the folder, the limit is ${most}`;
    if (count > most) faults.push({ path, line: 1, says });
  }
  for (const row of house.block("limits")) {
    const [what, path, number] = row.split(/\s+/u);
    if (what !== "doc-lines" || path === undefined) continue;
    const lines = readText(join(house.root, path)).split("\n").length - 1;
    if (lines > Number(number)) {
      faults.push({ path, line: Number(number), says: `${lines} lines, the limit is ${number}` });
    }
  }
  return faults;
}

/** `what [path] number`, the row with a path before the one without. */
function readLimits(house: House): (what: string, path: string) => number {
  const rows = house.block("limits").map((row) => row.split(/\s+/u));
  return (what, path) => {
    const own = rows.find((row) => row[0] === what && row.length === 3 && row[1] === path);
    const all = rows.find((row) => row[0] === what && row.length === 2);
    return Number((own ?? all)?.at(-1) ?? Number.POSITIVE_INFINITY);
  };
}

/**
 * Lists that miss a file of their folder, or stand for a folder that is not there. After a row's
 * folder stand the files of it that are shared and not listed.
 */
export function lists(house: House): Fault[] {
  const faults: Fault[] = [];
  for (const row of house.block("lists")) {
    const [list = "", folder = "", ...shared] = row.split(/\s+/u);
    const source = house.byPath.get(list);
    const files = house.sources.filter((file) => dirname(file.path) === folder && !file.test);
    if (source === undefined || files.length === 0) {
      const says = `the lists block names ${list} for ${folder}; one of them is not there`;
      faults.push({ path: "ARCHITECTURE.md", line: 1, says });
      continue;
    }
    const named = new Set(source.imports.map((entry) => entry.target));
    for (const name of [basename(list), ...shared]) named.add(`${folder}/${name}`);
    for (const file of files) {
      if (named.has(file.path)) continue;
      faults.push({ path: file.path, line: 1, says: `is not listed in ${list}` });
    }
  }
  return faults;
}

/** Source files nobody imports and nothing starts. */
export function orphans(house: House, entries: readonly string[]): Fault[] {
  const used = new Set(entries);
  for (const source of house.sources) {
    for (const entry of source.imports) if (entry.target !== null) used.add(entry.target);
    // Files started by path are named in a string.
    for (const [, name = ""] of source.text.matchAll(/["'`]((?:\.{1,2}\/|src\/)[\w./-]+)["'`]/gu)) {
      used.add(name.startsWith("src/") ? name : join(dirname(source.path), name));
    }
  }
  return house.sources
    .filter(({ path, test }) => path.startsWith("src/") && !test && !used.has(path))
    .map(({ path }) => ({ path, line: 1, says: "nobody imports this file" }));
}

/** Names of files and folders that say what kind of code it is instead of what it is about. */
export function names(house: House): Fault[] {
  const avoided = new Set(house.block("names").flatMap((row) => row.split(/\s+/u)));
  return house.sources
    .filter(({ path }) => path.split(/[/.]/u).some((part) => avoided.has(part)))
    .map(({ path }) => ({
      path,
      line: 1,
      says: `${basename(path)} is named after a kind of code`,
    }));
}

const EXPORTED = /^export (?:async )?(?:function\*? |class |interface )(\w+)/gmu;

/** Functions, classes and shapes that another folder uses and that have no doc comment. */
export function undocumented(house: House): Fault[] {
  const faults: Fault[] = [];
  const used = usedOutside(house);
  for (const source of house.sources) {
    if (!source.path.startsWith("src/") || source.test) continue;
    for (const match of source.code.matchAll(EXPORTED)) {
      if (!used.has(`${source.path} ${match[1]}`) || documented(source, match.index)) continue;
      const line = lineAt(source.code, match.index);
      faults.push({ path: source.path, line, says: `${match[1]} is public and has no comment` });
    }
  }
  return faults;
}

/** `file name` of everything that one part of src takes from another. */
function usedOutside(house: House): Set<string> {
  const used = new Set<string>();
  for (const { path, imports, test } of house.sources) {
    if (!path.startsWith("src/") || test) continue;
    for (const { target, names } of imports) {
      if (target === null || partOf(target) === partOf(path)) continue;
      for (const name of names) used.add(`${target} ${name}`);
    }
  }
  return used;
}

/** A comment before it, before its first overload, or (a shape) on its fields. */
function documented(source: Source, offset: number): boolean {
  const before = source.text.slice(0, offset).trimEnd();
  if (before.endsWith("*/") || /\nexport function [^{}]*;$/u.test(before)) return true;
  if (!source.code.startsWith("export interface", offset)) return false;
  const end = source.code.indexOf("\n}", offset);
  return source.comments.slice(offset, end).includes("/**");
}
