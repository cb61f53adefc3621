import * as fs from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { LockFile } from "../contracts/config.ts";
import type { InitResult, StarterLine } from "../contracts/nanos.ts";
import { codeOf, NanosError } from "../std/error.ts";
import { nearest } from "../std/nearest.ts";
import { plainText } from "../std/text.ts";
import { type ArrangementChecks, loadArrangement } from "./arrangement/load.ts";
import { assetsDir } from "./assets.ts";
import { readTree, treeHash, type TreeFile, utf8 } from "./files.ts";
import { PROJECT, realOrSame } from "./places.ts";

/** An arrangement to begin from: one that comes with nanos, or any folder. */
export interface Starter {
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  readonly builtIn: boolean;
}

/** The starters that come with nanos, by name, each with its one line. */
export async function starterList(): Promise<readonly StarterLine[]> {
  const { parseDocument } = await import("yaml");
  return starterNames().map((name) => {
    const text = fs.readFileSync(join(assetsDir(), "starters", name, "arrangement.yaml"), "utf8");
    const description: unknown = parseDocument(text).get("description");
    return { name, description: typeof description === "string" ? description : "" };
  });
}

/** The skills of those starters: what each is for, and its folder. */
export async function starterSkills(): Promise<
  readonly { name: string; description: string; dir: string; from: string }[]
> {
  const { SkillHead } = await import("../contracts/skill.ts");
  const { parseManifest } = await import("./arrangement/manifest.ts");
  const folders = starterNames().flatMap((name) => {
    const folder = join(assetsDir(), "starters", name, "skills");
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return names.map((skill) => ({ dir: join(folder, skill), from: name }));
  });
  const heads = folders.map(async ({ dir, from }) => {
    const file = join(dir, "SKILL.md");
    const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    const read = await parseManifest(file, text, SkillHead, "markdown");
    return read.ok ? [{ ...read.value, dir, from }] : [];
  });
  const found = (await Promise.all(heads)).flat();
  return found.map(({ name, description, dir, from }) => ({ name, description, dir, from }));
}

/** @throws NanosError `starter.unknown`. */
export function findStarter(from: string, cwd: string): Starter {
  const names = starterNames();
  if (names.includes(from)) {
    return { name: from, dir: join(assetsDir(), "starters", from), builtIn: true };
  }
  for (const dir of [resolve(cwd, from), resolve(cwd, from, PROJECT)]) {
    if (fs.existsSync(join(dir, "arrangement.yaml"))) {
      return { name: from, dir: fs.realpathSync(dir), builtIn: false };
    }
  }
  const near = nearest(from, names);
  throw new NanosError(
    "starter.unknown",
    `There is no starter '${plainText(from)}' and no folder of that name with an arrangement.yaml.`,
    near === undefined
      ? `Choose one of ${names.join(", ")}, or name a folder: nanos init --from NAME`
      : `Did you mean '${near}'? nanos init --from ${near}`,
  );
}

function starterNames(): string[] {
  const folder = join(assetsDir(), "starters");
  return fs
    .readdirSync(folder)
    .filter((name) => fs.existsSync(join(folder, name, "arrangement.yaml")))
    .toSorted();
}

export interface ApplyTarget {
  /** Where the arrangement goes, absolute. */
  readonly dir: string;
  readonly workspace: string;
  /** True when `dir` is a project's folder: it then gets its ignore file. */
  readonly project: boolean;
}

export interface Applied extends InitResult {
  readonly kept: readonly string[];
  /** Skills that are now exactly what the starter holds, for the lock. */
  readonly skills: LockFile["skills"];
}

/**
 * Copies a starter: its `seed/` into the workspace, the rest into the arrangement. Nothing that
 * is there is ever overwritten; what differs is listed in `kept`. The starter is checked whole
 * before the first file is written, and `arrangement.yaml`, which makes the rest count, is last.
 *
 // starter.unsafe: A file of the starter is a link or has a name that could lead elsewhere. -> Use a starter of plain files and folders with plain names.
 * @throws NanosError `starter.unsafe`, `manifest.invalid`, `init.exists`, `home.read_only`.
 */
export async function applyStarter(
  starter: Starter,
  target: ApplyTarget,
  today: string,
  now: number,
  checks?: ArrangementChecks,
): Promise<Applied> {
  const own = readTree(starter.dir, { skip: (path) => NOT_COPIED.has(path) });
  const borrowed = await borrowedBy(starter);
  const tree = { ...own, files: [...own.files, ...borrowed] };
  const unsafe = tree.refused[0] ?? whyUnsafe(tree.files);
  if (unsafe !== null) {
    throw new NanosError(
      "starter.unsafe",
      `${starter.name}: ${plainText(unsafe.path)} ${unsafe.why}.`,
      "Use a starter of plain files and folders with plain names.",
    );
  }
  const arrangement = await loadArrangement(starter.dir, target.workspace, {
    ...(checks === undefined ? {} : { checks }),
    beside: new Map(borrowed.map(({ path, content }) => [path, content])),
  });
  refuseOther(starter, target, tree.files);
  const plan = planOf(tree.files, target, today);
  if (target.project) refuseLinks(plan, target.workspace);
  fs.mkdirSync(target.workspace, { recursive: true });
  const results = plan.map((step) => ({
    path: step.path,
    result: create(step.path, step.content),
  }));
  const skills: Record<string, LockFile["skills"][string]> = {};
  for (const skill of arrangement.skills.values()) {
    const copy = join(target.dir, relative(arrangement.dir, skill.dir));
    if (treeHash(readTree(copy).files) !== skill.hash) continue;
    skills[skill.head.name] = { hash: skill.hash, at: now, from: starter.name };
  }
  const pathsWith = (wanted: string): string[] =>
    results.filter(({ result }) => result === wanted).map(({ path }) => path);
  return {
    dir: target.dir,
    workspace: target.workspace,
    files: pathsWith("written"),
    kept: pathsWith("kept"),
    skills,
  };
}

const BORROWED = "borrowed.yaml";
const NOT_COPIED = new Set([".git", "machine", "workspace", BORROWED]);

/** Skills that one of our starters has from another, so that they are there once. */
async function borrowedBy({ dir, builtIn }: Starter): Promise<readonly TreeFile[]> {
  const file = join(dir, BORROWED);
  if (!builtIn || !fs.existsSync(file)) return [];
  const { parse } = await import("yaml");
  const named = parse(fs.readFileSync(file, "utf8")) as Readonly<Record<string, readonly string[]>>;
  return Object.entries(named).flatMap(([starter, skills]) =>
    skills.flatMap((skill) => {
      const prefix = `skills/${skill}/`;
      return readTree(join(dirname(dir), starter, prefix), { prefix }).files;
    }),
  );
}

/** Two arrangements mixed into one folder would be neither of them. */
function refuseOther(starter: Starter, target: ApplyTarget, files: readonly TreeFile[]): void {
  const there = join(target.dir, "arrangement.yaml");
  const ours = files.find((file) => file.path === "arrangement.yaml");
  if (!fs.existsSync(there) || ours?.content.equals(fs.readFileSync(there))) return;
  throw new NanosError(
    "init.exists",
    `${plainText(target.dir)} already holds another arrangement than ${starter.name}.`,
    "Look at it with nanos show, or choose another folder: nanos init DIR",
  );
}

/** Somebody else's project may hold links; nothing is written through them. */
function refuseLinks(plan: readonly Step[], workspace: string): void {
  for (const { path } of plan) {
    const folder = realOrSame(dirname(path));
    if (folder === workspace || folder.startsWith(workspace + sep)) continue;
    throw new NanosError(
      "init.linked",
      `${plainText(dirname(path))} leads out of ${plainText(workspace)}.`,
      "Remove the link, or choose another folder: nanos init DIR",
    );
  }
}

interface Step {
  readonly path: string;
  readonly content: Uint8Array;
}

const SEED = "seed/";

function planOf(files: readonly TreeFile[], target: ApplyTarget, today: string): Step[] {
  const fill = (text: string): string => text.replaceAll("{{today}}", today);
  const seeds = files
    .filter((file) => file.path.startsWith(SEED))
    .map((file) => {
      const text = utf8(file.content);
      const path = join(target.workspace, fill(file.path.slice(SEED.length)));
      return { path, content: text === null ? file.content : Buffer.from(fill(text)) };
    });
  const own = files
    .filter((file) => !file.path.startsWith(SEED) && file.path !== ".gitignore")
    .map((file) => ({ path: join(target.dir, file.path), content: file.content }));
  const ignore = target.project
    ? [{ path: join(target.dir, ".gitignore"), content: Buffer.from(IGNORE) }]
    : [];
  const last = (step: Step): boolean => basename(step.path) === "arrangement.yaml";
  const steps = [...ignore, ...own, ...seeds];
  return [...steps.filter((step) => !last(step)), ...steps.filter(last)];
}

const IGNORE = `# What belongs to one machine or one person and must never be committed.
machine/
secrets/
journal/
vault/
stage/
cache/
# What git holds may be read by whoever may read the workspace, and notes are not for all.
memory/agents/
memory/conversation/
*.key
*.pem
.env
.env.*
*.local.*
`;

/** Writes a file that is not there yet, whole or not at all. */
function create(path: string, content: Uint8Array): "written" | "kept" | "same" {
  // What is there is not touched, nor anything beside it: tools of that folder may be running.
  if (fs.lstatSync(path, { throwIfNoEntry: false })) return isSame(path, content) ? "same" : "kept";
  const temporary = join(dirname(path), `.nanos-${process.pid}-${serial++}.tmp`);
  try {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(temporary, content, { flag: "wx" });
    fs.linkSync(temporary, path);
    return "written";
  } catch (error) {
    if (codeOf(error) === "EEXIST") return isSame(path, content) ? "same" : "kept";
    throw new NanosError(
      "home.read_only",
      `${plainText(path)} cannot be written (${codeOf(error) || "unknown"}).`,
      "Make its folder writable for you, or choose another one.",
      error,
    );
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

let serial = 0;

function isSame(path: string, content: Uint8Array): boolean {
  try {
    return fs.statSync(path).isFile() && fs.readFileSync(path).equals(content);
  } catch {
    return false;
  }
}

/** Names that mean the same everywhere: no spaces, no letters that only look alike. */
function whyUnsafe(files: readonly TreeFile[]): { path: string; why: string } | null {
  const seen = new Map<string, string>();
  for (const { path } of files) {
    const parts = path.replaceAll("{{today}}", "today").split("/");
    if (!parts.every((part) => NAME.test(part))) {
      return { path, why: "has a name outside A-Z, a-z, 0-9, dot, - and _" };
    }
    const folded = path.toLowerCase();
    const twin = seen.get(folded);
    if (twin !== undefined)
      return { path, why: `differs from ${twin} only in upper and lower case` };
    seen.set(folded, path);
  }
  return null;
}

const NAME = /^[A-Za-z0-9._-]{1,128}$/u;
