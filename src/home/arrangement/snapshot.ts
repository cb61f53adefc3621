import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import {
  markOf,
  markTree,
  readTree,
  readTreeFile,
  type Refused,
  treeHash,
  type TreeFile,
} from "../files.ts";

/**
 * Everything an arrangement is made of, read once: what is hashed, shown, trusted and parsed are
 * the same bytes. Paths are relative to the arrangement's folder; what lies beside a project's
 * `.nano-os` begins with `../`.
 */
export interface Snapshot {
  readonly dir: string;
  readonly workspace: string;
  /** Over every path and content. */
  readonly hash: string;
  readonly files: readonly TreeFile[];
  readonly byPath: ReadonlyMap<string, TreeFile>;
  /** What lies in the arrangement's own folder and may not. */
  readonly refused: readonly Refused[];
  readonly warnings: readonly string[];
  /** Names of the files directly in a folder. */
  children(folder: string): readonly string[];
  /** Names of the folders directly in a folder. */
  folders(folder: string): readonly string[];
  absolute(path: string): string;
  relative(absolute: string): string;
}

/** Reads the arrangement in `dir` and, for a project, what other programs keep beside it. */
export function snapshot(dir: string, workspace: string, project: boolean): Snapshot {
  const root = realFolder(dir);
  const own = readTree(root, { skip: (path) => isElsewhere(path, project) });
  const beside = project ? readBeside(workspace) : { files: [], refused: [] };
  const warnings = [
    ...beside.refused.map(({ path, why }) => `${path}: left out, it ${why}`),
    ...strangers(root),
  ];
  const found = { refused: own.refused, warnings };
  return assembled(root, workspace, { ...found, files: [...own.files, ...beside.files] });
}

/** The mark of every file an arrangement is made of; equal while nobody touched one. Reads none. */
export function marksIn(
  dir: string,
  workspace: string,
  project: boolean,
): ReadonlyMap<string, string> {
  const own = markTree(dir, { skip: (path) => isElsewhere(path, project) });
  if (!project) return own;
  const files = BESIDE_FILES.map((name) => [`../${name}`, markOf(join(workspace, name))] as const);
  const folders = BESIDE_FOLDERS.flatMap((folder) => [
    ...markTree(join(workspace, folder), { prefix: `../${folder}/` }),
  ]);
  return new Map([...own, ...files.filter(([, mark]) => mark !== ""), ...folders]);
}

/**
 * The same with some files changed, as it will be once they are written; null takes one away. Notes
 * are no part of it.
 */
export function withEdits(
  before: Snapshot,
  edits: ReadonlyMap<string, Uint8Array | null>,
): Snapshot {
  const { dir, workspace, refused, warnings } = before;
  const kept = before.files.filter(({ path }) => !edits.has(path));
  const made = [...edits].flatMap(([path, content]): TreeFile[] => {
    if (content === null || path.startsWith("memory/")) return [];
    const bytes = Buffer.from(content);
    return [{ path, abs: join(dir, path), content: bytes, hash: sha256(bytes) }];
  });
  return assembled(dir, workspace, { refused, warnings, files: [...kept, ...made] });
}

/** Files as a snapshot, wherever they were read from. */
export function assembled(
  root: string,
  workspace: string,
  { files, refused, warnings }: Pick<Snapshot, "files" | "refused" | "warnings">,
): Snapshot {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const absolute = (path: string): string =>
    path.startsWith("../") ? join(workspace, path.slice(3)) : join(root, path);
  return {
    dir: root,
    workspace,
    hash: treeHash(files),
    files,
    byPath,
    refused,
    warnings,
    children: (folder) => [...new Set(below(files, folder).filter((rest) => !rest.includes("/")))],
    folders: (folder) => [
      ...new Set(
        below(files, folder)
          .filter((rest) => rest.includes("/"))
          .map((rest) => rest.slice(0, rest.indexOf("/"))),
      ),
    ],
    absolute,
    relative: (path) => relative(root, path).replaceAll(sep, "/"),
  };
}

/** What an arrangement is loaded from. */
const READ = [
  "arrangement.yaml",
  "agents",
  "skills",
  "tools",
  "mcp.json",
  "rules.yaml",
  "routes.yaml",
  "models",
  "plans",
  "evals",
];

function isElsewhere(path: string, project: boolean): boolean {
  // A project is shown whole before it is trusted; only notes, which carry labels of their own,
  // and version control stay out. The home's own folder holds much else, and is the operator's.
  if (path === "memory" || path === ".gitignore" || /(?:^|\/)\.git$/u.test(path)) return true;
  return !project && !path.includes("/") && !READ.includes(path);
}

/** Names at the top that nothing reads, when they look like a slip. */
function strangers(root: string): string[] {
  return readdirSync(root).flatMap((name) => {
    const top = plainText(name);
    if (READ.includes(top) || ELSEWHERE.has(top)) return [];
    const near = nearest(top, READ);
    return near === undefined ? [] : [`${top}: nothing reads this; did you mean ${near}?`];
  });
}

const ELSEWHERE = new Set(["machine", "workspace", "memory", "seed"]);

const BESIDE_FOLDERS = [".claude/agents", ".claude/skills", ".agents/skills"];
const BESIDE_FILES = ["AGENTS.md", ".mcp.json"];

function readBeside(workspace: string): { files: TreeFile[]; refused: Refused[] } {
  const files: TreeFile[] = [];
  const refused: Refused[] = [];
  for (const name of BESIDE_FILES) {
    const file = readTreeFile(join(workspace, name), `../${name}`);
    if (file !== null) files.push(file);
    else if (lstatSync(join(workspace, name), { throwIfNoEntry: false })?.isSymbolicLink()) {
      refused.push({ path: `../${name}`, why: "is a symbolic link" });
    }
  }
  for (const folder of BESIDE_FOLDERS) {
    const path = join(workspace, folder);
    const real = realOf(path);
    if (real === null) continue;
    if (real !== path) {
      refused.push({ path: `../${folder}`, why: "is a symbolic link" });
      continue;
    }
    const tree = readTree(path, { prefix: `../${folder}/` });
    files.push(...tree.files);
    refused.push(...tree.refused);
  }
  return { files, refused };
}

function below(files: readonly TreeFile[], folder: string): string[] {
  const start = `${folder}/`;
  return files.flatMap((file) =>
    file.path.startsWith(start) ? [file.path.slice(start.length)] : [],
  );
}

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function realFolder(dir: string): string {
  // Folders inside the compiled binary have no real path; they are where they say they are.
  const real = realOf(dir) ?? dir;
  if (statSync(real, { throwIfNoEntry: false })?.isDirectory()) return real;
  throw new NanosError(
    "arrangement.missing",
    `There is no folder ${plainText(dir)}.`,
    "Make an arrangement: nanos init",
  );
}
