import { resolve } from "node:path";
import type { Agent } from "../../contracts/agent.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Route, Rule, RuleProblem } from "../../contracts/rules.ts";
import type { Skill } from "../../contracts/skill.ts";
import type { McpServer } from "../../contracts/tool.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import type { Path } from "./explain.ts";
import { loadAgents } from "./agents.ts";
import type { ParseCache } from "./cache.ts";
import { isForeign, type Loading, type Read, startLoading, textOf } from "./loading.ts";
import { manifestError } from "./manifest.ts";
import { loadPlans, type PlanCheck } from "./plans.ts";
import { loadSkills } from "./skills.ts";
import { snapshot, type Snapshot, withEdits } from "./snapshot.ts";
import { loadBareTools } from "./tools.ts";

/** Tries the examples of rules and routes; the gate knows how. */
export interface ArrangementChecks {
  readonly rules: (rules: readonly Rule[], file: string) => readonly RuleProblem[];
  readonly routes: (routes: readonly Route[], file: string) => readonly RuleProblem[];
  readonly plans?: PlanCheck;
}

export interface LoadOptions {
  readonly checks?: ArrangementChecks;
  /** Keeps what was parsed, by the hash of everything it was parsed from. */
  readonly cache?: ParseCache;
  /** True for a project: AGENTS.md, `.mcp.json` and the like beside it are read too. */
  readonly project?: boolean;
  /** The only content that may be parsed; anything else is refused unread. */
  readonly trusted?: string;
  /** Files that count as if they lay there, by path. */
  readonly beside?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Loads the arrangement in `dir`. What is hashed is what is parsed: every file is read once.
 *
 * @throws NanosError `manifest.invalid` with every problem of every file, `arrangement.missing`,
 *   `trust.changed` when the content is not the trusted one.
 */
export async function loadArrangement(
  dir: string,
  workspace: string,
  options: LoadOptions = {},
): Promise<Arrangement> {
  const there = snapshot(resolve(dir), resolve(workspace), options.project ?? false);
  const files = withEdits(there, options.beside ?? new Map());
  if (options.trusted !== undefined && options.trusted !== files.hash) {
    throw new NanosError(
      "trust.changed",
      `The arrangement in ${files.dir} changed since it was trusted.`,
      `Look at what changed: nanos trust ${files.workspace}`,
    );
  }
  const key = `${files.dir}\n${files.workspace}\n${files.hash}`;
  const load = (): Promise<Stored> => parseAll(files, options.checks);
  const stored = options.cache
    ? await options.cache.through("arrangement", key, load)
    : await load();
  return revive(stored);
}

/**
 * Whether files would make an arrangement, before they are written.
 *
 * @throws NanosError `manifest.invalid`, `arrangement.missing`.
 */
export async function tryFiles(
  files: Snapshot,
  checks: ArrangementChecks | undefined,
): Promise<void> {
  await parseAll(files, checks);
}

/** The arrangement that files make. Throws as `tryFiles` does. */
export async function readFiles(
  files: Snapshot,
  checks: ArrangementChecks | undefined,
): Promise<Arrangement> {
  return revive(await parseAll(files, checks));
}

/** Everything that is wrong with the files of an arrangement; names that lead nowhere as well. */
export async function findFaults(
  files: Snapshot,
  checks: ArrangementChecks | undefined,
): Promise<Pick<Loading, "problems" | "warnings">> {
  const { loading } = await readAll(files, checks);
  const { problems, loose, warnings } = loading;
  return { problems: [...problems, ...loose], warnings };
}

/** An arrangement as plain JSON, for the cache. */
interface Stored extends Omit<Arrangement, "agents" | "skills"> {
  readonly agents: readonly Agent[];
  readonly skills: readonly Skill[];
}

function revive(stored: Stored): Arrangement {
  return {
    ...stored,
    agents: new Map(stored.agents.map((agent) => [agent.manifest.name, agent])),
    skills: new Map(stored.skills.map((skill) => [skill.head.name, skill])),
  };
}

async function parseAll(files: Snapshot, checks: ArrangementChecks | undefined): Promise<Stored> {
  const { loading, stored } = await readAll(files, checks);
  if (loading.problems.length > 0 || stored === null) {
    throw manifestError(files.dir, loading.problems);
  }
  return stored;
}

async function readAll(
  files: Snapshot,
  checks: ArrangementChecks | undefined,
): Promise<{ readonly loading: Loading; readonly stored: Stored | null }> {
  const { ArrangementManifest } = await import("../../contracts/arrangement.ts");
  const loading = startLoading(files);
  if (!files.byPath.has("arrangement.yaml")) {
    throw new NanosError(
      "arrangement.missing",
      `There is no arrangement.yaml in ${files.dir}.`,
      "Make an arrangement: nanos init",
    );
  }
  const manifest = await loading.read("arrangement.yaml", ArrangementManifest, "yaml");
  const agents = await loadAgents(loading);
  const skills = await loadSkills(loading);
  const toolFiles = await loadBareTools(loading);
  const mcpServers = await loadServers(loading);
  const rules = await loadRules(loading, checks);
  const routes = await loadRoutes(loading, checks);
  const plans = await loadPlans(loading, checks?.plans);
  const instructions = readInstructions(loading);
  if (manifest === null) return { loading, stored: null };
  const servers = Object.keys(mcpServers);
  const given = [...skills.map(({ head }) => head.name), ...servers];
  findLoose(loading, manifest.value.oracle, agents, given);
  const stored = {
    manifest: manifest.value,
    dir: files.dir,
    workspace: files.workspace,
    hash: files.hash,
    agents,
    skills,
    toolFiles,
    mcpServers,
    models: manifest.value.models,
    rules,
    routes,
    plans,
    ...(instructions === null ? {} : { instructions }),
    warnings: [
      ...loading.warnings,
      ...loading.loose.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    ],
  };
  return { loading, stored };
}

/** Our own servers first; a project's `.mcp.json` adds to them and replaces none. */
export async function loadServers(
  loading: Loading,
  paths = ["mcp.json", "../.mcp.json"],
): Promise<Record<string, McpServer>> {
  const servers: Record<string, McpServer> = {};
  for (const path of paths) {
    if (!loading.files.byPath.has(path)) continue;
    const { McpFile } = await import("../../contracts/tool.ts");
    const file = await loading.read(path, McpFile, "yaml", { lenient: isForeign(path) });
    if (file === null) continue;
    for (const [name, server] of Object.entries(file.value.mcpServers)) {
      const place = file.at(["mcpServers", name]);
      const wrong = Object.hasOwn(servers, name)
        ? "is left out; mcp.json has one of that name"
        : serverProblem(server);
      if (wrong === null) servers[name] = server;
      else if (!isForeign(path)) {
        loading.problems.push({ file: path, ...place, text: `server '${name}' ${wrong}` });
      } else loading.warnings.push(`${path}:${place.line}: server '${name}' ${wrong}`);
    }
  }
  return servers;
}

function serverProblem(server: McpServer): string | null {
  const remote = server.type !== undefined && server.type !== "stdio";
  if (server.command !== undefined && server.url !== undefined) return "has both command and url";
  if (remote && server.url === undefined) return `is of type ${server.type} and needs a url`;
  if (!remote && server.command === undefined && server.url === undefined) {
    return "needs a command or a url";
  }
  return null;
}

/** Reads a file of rules and tries their examples; nothing where there is none. */
export async function loadRules(
  loading: Loading,
  checks?: ArrangementChecks,
  path = "rules.yaml",
): Promise<readonly Rule[]> {
  if (!loading.files.byPath.has(path)) return [];
  const { RulesFile } = await import("../../contracts/rules.ts");
  const file = await loading.read(path, RulesFile, "yaml");
  if (file === null) return [];
  const rules = file.value.rules;
  reportItems(loading, { what: "rules", path, at: file.at }, rules, checks?.rules(rules, path));
  return rules;
}

/** Reads a file of routes and tries their examples; nothing where there is none. */
export async function loadRoutes(
  loading: Loading,
  checks?: ArrangementChecks,
  path = "routes.yaml",
): Promise<readonly Route[]> {
  if (!loading.files.byPath.has(path)) return [];
  const { RoutesFile } = await import("../../contracts/rules.ts");
  const file = await loading.read(path, RoutesFile, "yaml");
  if (file === null) return [];
  const routes = file.value.routes;
  reportItems(loading, { what: "routes", path, at: file.at }, routes, checks?.routes(routes, path));
  return routes;
}

/** Puts what is wrong with single rules at the line where the rule stands. */
function reportItems(
  loading: Loading,
  { what, path, at }: { what: "rules" | "routes"; path: string; at: Read<unknown>["at"] },
  items: readonly { readonly id: string }[],
  found: readonly RuleProblem[] = doubles(what, items),
): void {
  for (const { id, sentence } of found) {
    // Of two with one id, the later is the one to change.
    const index = items.findLastIndex((item) => item.id === id);
    const place = index < 0 ? { line: 1, column: 1 } : at([what, index, "id"]);
    loading.problems.push({ file: path, ...place, text: sentence });
  }
}

/** What can be said without trying the examples. */
function doubles(what: string, items: readonly { readonly id: string }[]): RuleProblem[] {
  const ids = items.map((item) => item.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  const found = twice.map((id) => ({ id, sentence: `the id '${id}' is used twice` }));
  if (items.length <= LIMITS.rules) return found;
  const sentence = `holds ${items.length} ${what}; at most ${LIMITS.rules} may be`;
  return [...found, { id: "", sentence }];
}

function readInstructions(loading: Loading): string | null {
  const file = loading.files.byPath.get("../AGENTS.md");
  if (file === undefined) return null;
  const text = textOf(file);
  if (typeof text === "string") return text;
  loading.warnings.push(`../AGENTS.md: left out: ${text.problem}`);
  return null;
}

/**
 * Names that lead nowhere are said, not refused: taking a skill or an agent away must not break
 * the rest of the arrangement.
 */
function findLoose(
  loading: Loading,
  oracle: string,
  agents: readonly Agent[],
  skillNames: readonly string[],
): void {
  const agentNames = agents.map((agent) => agent.manifest.name);
  const known = { skill: skillNames, agent: agentNames };
  const check = (file: string, what: "skill" | "agent", name: string, path: Path): void => {
    if (known[what].includes(name)) return;
    const near = nearest(name, known[what]);
    const tail = near === undefined ? "" : `; did you mean '${near}'?`;
    const text = `there is no ${what} '${name}'${tail}`;
    loading.loose.push({ file, ...loading.at(file, path), text });
  };
  check("arrangement.yaml", "agent", oracle, ["oracle"]);
  for (const { manifest, file } of agents) {
    const where = loading.files.relative(file);
    manifest.skills.forEach((name, i) => check(where, "skill", name, ["skills", i]));
    manifest.agents.forEach((name, i) => check(where, "agent", name, ["agents", i]));
  }
}
