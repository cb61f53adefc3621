import type { Skill, SkillHead, SkillManifest } from "../../contracts/skill.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { treeHash, type TreeFile, utf8 } from "../files.ts";
import { atTop, isForeign, limitItems, type Loading, type Read } from "./loading.ts";
import { scriptsOf } from "./scripts.ts";
import { loadToolFolder } from "./tools.ts";

/**
 * Loads `skills/*`, then those a project keeps for other programs. A folder with nothing but a
 * SKILL.md is a whole skill.
 */
export async function loadSkills(loading: Loading): Promise<Skill[]> {
  const skills = new Map<string, Skill>();
  for (const folder of ["skills", "../.agents/skills", "../.claude/skills"]) {
    for (const name of loading.files.folders(folder)) {
      const path = `${folder}/${name}`;
      const read = await loadSkill(loading, path, name);
      if (read === null) continue;
      const { skill, head } = read;
      const first = skills.get(skill.head.name);
      if (first === undefined) skills.set(skill.head.name, skill);
      else reportTwice(loading, path, head, loading.files.relative(first.dir));
    }
  }
  limitItems(loading, "skills", skills.size);
  return [...skills.values()];
}

/** Reads one skill's folder; null where it has no head that can be read. */
export async function loadSkill(
  loading: Loading,
  path: string,
  name: string,
): Promise<{ readonly skill: Skill; readonly head: Read<SkillHead> } | null> {
  const head = await readHead(loading, path, name);
  return head && { head, skill: await skillOf(loading, path, head) };
}

async function readHead(
  loading: Loading,
  path: string,
  name: string,
): Promise<Read<SkillHead> | null> {
  const file = `${path}/SKILL.md`;
  if (!loading.files.byPath.has(file)) {
    if (!isForeign(path)) loading.problems.push(atTop(path, "a skill needs a SKILL.md"));
    return null;
  }
  const { SkillHead } = await import("../../contracts/skill.ts");
  const head = await loading.read(file, SkillHead, "markdown", { defaults: { name } });
  if (head !== null && head.value.name !== name) {
    const line = head.at(["name"]).line;
    loading.warnings.push(
      `${file}:${line}: the name '${head.value.name}' is not its folder's name`,
    );
  }
  return head;
}

async function skillOf(loading: Loading, path: string, head: Read<SkillHead>): Promise<Skill> {
  const dir = loading.files.absolute(path);
  // Another program's skill may have a folder `tools` of its own kind.
  const ours = !isForeign(path) || loading.files.byPath.has(`${path}/nanos.yaml`);
  const files = filesOf(loading, path);
  const manifest = await readManifest(loading, `${path}/nanos.yaml`);
  reportLost(loading, path, files);
  const rest = files.filter((file) => file.path !== "SKILL.md" && file.path !== "nanos.yaml");
  return {
    head: head.value,
    manifest,
    instructions: head.body,
    dir,
    hash: treeHash(files),
    toolFiles: ours ? await loadToolFolder(loading, `${path}/tools`) : [],
    mcpFile: await checkServers(loading, `${path}/mcp.json`),
    files: Object.fromEntries(rest.map((file) => [file.path, file.hash])),
    scripts: scriptsOf(head.value, rest),
  };
}

async function readManifest(loading: Loading, file: string): Promise<SkillManifest> {
  if (!loading.files.byPath.has(file)) return { scopes: [] };
  const { SkillManifest } = await import("../../contracts/skill.ts");
  const read = await loading.read(file, SkillManifest, "yaml");
  if (read === null) return { scopes: [] };
  const { commands = {}, events = [] } = read.value;
  for (const [i, { run }] of events.entries()) {
    const name = run.startsWith("command:") ? run.slice("command:".length) : null;
    if (name === null || Object.hasOwn(commands, name)) continue;
    const text = `there is no command '${name}' in this file`;
    loading.problems.push({ file, ...read.at(["events", i, "run"]), text });
  }
  return read.value;
}

/** Links of its text to files it does not have: a model that follows one finds nothing. */
function reportLost(loading: Loading, path: string, files: readonly TreeFile[]): void {
  const known = new Set(files.map((file) => file.path));
  const text = utf8(files.find((file) => file.path === "SKILL.md")?.content ?? new Uint8Array());
  const lost = (text ?? "").split("\n").flatMap((line, i) =>
    [...line.matchAll(/\]\((?!\w+:|#|\/)(?:\.\/)?([^)#\s]{1,200})/gu)]
      .map(([, target = ""]) => target)
      .filter((target) => !known.has(target) && !isFolder(known, target))
      .map((target) => `${path}/SKILL.md:${i + 1}: names ${plainText(target)}, which is not there`),
  );
  loading.warnings.push(...lost.slice(0, LIMITS.problemsListed));
}

function isFolder(known: ReadonlySet<string>, target: string): boolean {
  const start = `${target.replace(/\/+$/u, "")}/`;
  return [...known].some((path) => path.startsWith(start));
}

async function checkServers(loading: Loading, file: string): Promise<string | null> {
  if (!loading.files.byPath.has(file)) return null;
  const { McpFile } = await import("../../contracts/tool.ts");
  const read = await loading.read(file, McpFile, "yaml");
  return read === null ? null : loading.files.absolute(file);
}

/** The skill's own files by their path within it: a copy elsewhere has the same hash. */
function filesOf(loading: Loading, path: string): readonly TreeFile[] {
  const start = `${path}/`;
  return loading.files.files
    .filter((file) => file.path.startsWith(start))
    .map((file) => ({ ...file, path: file.path.slice(start.length) }));
}

function reportTwice(loading: Loading, path: string, head: Read<SkillHead>, first: string): void {
  const file = `${path}/SKILL.md`;
  const text = `a skill named '${head.value.name}' is already in ${first}`;
  if (isForeign(path)) loading.warnings.push(`${file}: left out: ${text}`);
  else loading.problems.push({ file, ...head.at(["name"]), text });
}
