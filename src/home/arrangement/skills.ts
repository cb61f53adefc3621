import type { Skill, SkillHead, SkillManifest } from "../../contracts/skill.ts";
import { treeHash, type TreeFile } from "../files.ts";
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
  const rest = files.filter((file) => file.path !== "SKILL.md" && file.path !== "nanos.yaml");
  return {
    head: head.value,
    manifest: await readManifest(loading, `${path}/nanos.yaml`),
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
  return read?.value ?? { scopes: [] };
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
