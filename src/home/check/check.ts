import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import type { CheckReport } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import { type ArrangementChecks, findFaults } from "../arrangement/load.ts";
import { type Loading, startLoading } from "../arrangement/loading.ts";
import { assembled, snapshot, type Snapshot } from "../arrangement/snapshot.ts";
import { loadSkill } from "../arrangement/skills.ts";
import { readPlain, readTree, readTreeFile, utf8 } from "../files.ts";
import { PROJECT } from "../places.ts";
import { FILE_KINDS, type FileKind } from "./kinds.ts";

/**
 * Checks a manifest of any kind, a skill's folder or a whole arrangement by the same readers that
 * load them. Nothing is run, and nothing needs to be trusted, set up or reached.
 *
 * @throws NanosError `check.missing`, `check.unknown` for what is none of our files.
 */
export async function checkPath(path: string, checks?: ArrangementChecks): Promise<CheckReport> {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return checkFolder(path, checks);
  if (stat?.isFile()) return checkFile(path, checks);
  throw new NanosError(
    "check.missing",
    `There is no file or folder ${plainText(path)}.`,
    "Name a manifest, a skill's folder or an arrangement: nanos check .nano-os",
  );
}

async function checkFolder(path: string, checks?: ArrangementChecks): Promise<CheckReport> {
  const inside = join(path, PROJECT);
  const holds = (folder: string, file: string): boolean => fs.existsSync(join(folder, file));
  if (holds(path, "arrangement.yaml")) {
    const project = basename(path) === PROJECT && !holds(path, "machine");
    return checkArrangement(snapshot(path, project ? dirname(path) : path, project), checks);
  }
  if (holds(path, "SKILL.md")) return checkSkill(path);
  if (holds(inside, "arrangement.yaml")) {
    return checkArrangement(snapshot(inside, path, !holds(inside, "machine")), checks);
  }
  throw new NanosError(
    "check.unknown",
    `${plainText(path)} holds no arrangement.yaml and no SKILL.md.`,
    "Name an arrangement's folder, a skill's, or one file.",
  );
}

async function checkArrangement(files: Snapshot, checks?: ArrangementChecks): Promise<CheckReport> {
  return reportOf(files.dir, "arrangement", await findFaults(files, checks));
}

async function checkSkill(path: string): Promise<CheckReport> {
  const name = basename(path);
  const { files, refused } = readTree(path, { prefix: `${name}/`, skip: isGit });
  const loading = startLoading(assembled(dirname(path), path, { files, refused, warnings: [] }));
  await loadSkill(loading, name, name);
  return reportOf(path, "skill", loading);
}

function isGit(path: string): boolean {
  return /(?:^|\/)\.git$/u.test(path);
}

async function checkFile(path: string, checks?: ArrangementChecks): Promise<CheckReport> {
  const name = basename(path);
  if (name === "SKILL.md") return checkSkill(dirname(path));
  const kind = FILE_KINDS.find(({ named }) => named.test(path)) ?? (await kindInside(path));
  if (kind === null) throw unknownFile(name);
  const file = readTreeFile(fs.realpathSync(path), name);
  const files = file === null ? [] : [file];
  const dir = dirname(path);
  const loading = startLoading(assembled(dir, dir, { files, refused: [], warnings: [] }));
  await kind.check(loading, name, checks);
  return reportOf(path, kind.kind, loading);
}

/** By what it holds, for a file of a name of its own. */
async function kindInside(path: string): Promise<FileKind | null> {
  if (!/\.(?:ya?ml|json)$/u.test(path)) return null;
  const text = utf8(readPlain(fs.realpathSync(path), LIMITS.storedBytes) ?? new Uint8Array());
  if (text === null || text.length > LIMITS.manifestBytes) return null;
  const { parseDocument } = await import("yaml");
  const data: unknown = read(() =>
    parseDocument(text, { logLevel: "error" }).toJS({ maxAliasCount: LIMITS.yamlAliases }),
  );
  if (!isObject(data)) return null;
  if (["command", "http", "container"].some((field) => field in data) && "name" in data) {
    return FILE_KINDS.find((one) => one.kind === "tool-file") ?? null;
  }
  return FILE_KINDS.find(({ field }) => field !== undefined && field in data) ?? null;
}

function read(make: () => unknown): unknown {
  try {
    return make();
  } catch {
    return null;
  }
}

function unknownFile(name: string): NanosError {
  const near = nearest(name, NAMES);
  return new NanosError(
    "check.unknown",
    `${plainText(name)} is none of the files that are checked.`,
    near === undefined
      ? `These are: ${NAMES.join(", ")}. What tools of code declare, nanos tool list shows.`
      : `Did you mean ${near}?`,
  );
}

const NAMES = [
  "arrangement.yaml",
  "agents/NAME.md",
  "SKILL.md",
  "nanos.yaml",
  "tools/NAME.yaml",
  "mcp.json",
  "rules.yaml",
  "routes.yaml",
  "plans/NAME.yaml",
  "cases.yaml",
  "config.yaml",
  "grants.json",
  "nanos.lock",
  "trust.json",
  "RUN.jsonl",
];

function reportOf(
  path: string,
  kind: string,
  { problems, warnings }: Pick<Loading, "problems" | "warnings">,
): CheckReport {
  const sorted = problems.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line,
  );
  return { path, kind, ok: sorted.length === 0, problems: sorted, warnings };
}
