import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Needs } from "../../contracts/portable.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import { readTree, readTreeFile, type TreeFile } from "../files.ts";
import { snapshot, type Snapshot } from "../arrangement/snapshot.ts";
import { LOCK } from "../install/place.ts";
import { declaredIn } from "../trust-words.ts";

/** What of an arrangement travels, and what stays where it is. */
export interface Contents {
  /** By path in the arrangement, sorted. */
  readonly files: readonly TreeFile[];
  readonly left: readonly { readonly what: string; readonly why: string }[];
}

/** Reads what of the arrangement in `dir` travels. Shared notes do where `memory` is true. */
export function contentsOf(files: Snapshot, options: { readonly memory: boolean }): Contents {
  const { dir } = files;
  const all = files.files.map((file) => ({ file, why: whyLeft(file.path) }));
  const kept = readTree(join(dir, "memory"), { prefix: "memory/" }).files;
  const notes = kept.filter(({ path }) => path.endsWith(".md"));
  const seeds = options.memory ? notes.filter(({ path }) => SEED.test(path)) : [];
  const lock = readTreeFile(join(dir, LOCK), LOCK);
  const travels = all.flatMap(({ file, why }) =>
    why === null && file.path !== LOCK ? [file] : [],
  );
  return {
    files: [...travels, ...(lock === null ? [] : [lock]), ...seeds].toSorted(byPath),
    left: [
      ...all.flatMap(({ file, why }) => (why === null ? [] : [{ what: file.path, why }])),
      ...leftNotes(notes.length, seeds.length),
    ],
  };
}

function byPath(a: TreeFile, b: TreeFile): number {
  return a.path < b.path ? -1 : 1;
}

/** Notes at the top of the memory: what all agents may be given. */
const SEED = /^memory\/[^/]+\.md$/u;

function leftNotes(all: number, taken: number): Contents["left"] {
  if (all === taken) return [];
  const why =
    taken > 0
      ? "they are one agent's, or of one conversation"
      : "--memory takes those that are shared";
  return [{ what: `memory: ${all - taken} of ${all} notes`, why }];
}

const PARTS =
  /^(?:arrangement\.yaml|mcp\.json|rules\.yaml|routes\.yaml|nanos\.lock|(?:agents|skills|tools|models|plans|evals|seed)\/.+)$/u;
/** What belongs to one machine or one person, wherever it lies. */
const PRIVATE = /(?:^|\/)(?:\.env(?:\..*)?|[^/]*\.(?:key|pem)|[^/]*\.local\.[^/]*)$/u;

function whyLeft(path: string): string | null {
  if (path.startsWith("../")) return "it is the project's, and lies beside the arrangement";
  if (PRIVATE.test(path)) return "it belongs to one machine or person";
  return PARTS.test(path) ? null : "it is no part of an arrangement";
}

/** The arrangement in `dir` as one that travels: as it is there, whoever made it. */
export function offeredIn(dir: string): Snapshot {
  return snapshot(dir, dir, false);
}

/** Whether there is anything to overwrite in a folder. */
export function isEmpty(dir: string): boolean {
  return !existsSync(dir) || readdirSync(dir).length === 0;
}

/** The secrets and variables that files ask for by name. */
export async function needsOf(files: readonly TreeFile[]): Promise<Needs> {
  const scopes = (await declaredIn(files)).map(scopeParts);
  const named = (kind: string): string[] =>
    scopes.flatMap((scope) => (scope.kind === kind ? [scope.value] : []));
  const texts = files.filter(({ path }) => path === "arrangement.yaml");
  const field = (name: string): string[] =>
    texts.flatMap(({ content }) =>
      [
        ...content
          .toString("utf8")
          .matchAll(new RegExp(`\\b${name}:\\s{0,8}["']?([\\w-]{1,128})`, "gu")),
      ].map(([, value = ""]) => value),
    );
  const handles = files.flatMap(({ content }) =>
    [...content.toString("utf8").matchAll(/\{secret:([\w-]{1,128})\}/gu)].map(
      ([, name = ""]) => name,
    ),
  );
  const unique = (names: readonly string[]): string[] => [...new Set(names)].toSorted();
  return {
    secrets: unique([...named("secret"), ...field("keySecret"), ...handles]),
    env: unique([...named("env"), ...field("keyEnv")]),
  };
}
