import type { Agent, AgentManifest } from "../../contracts/agent.ts";
import { CLAUDE_AGENT_KEYS, CLAUDE_TOOLS } from "../claude.ts";
import { isForeign, limitItems, type Loading, type Read } from "./loading.ts";

/**
 * Loads `agents/*.md`, then those a project keeps for other programs. Ours come first; another
 * program's agent of a name we have is left out, and that is said.
 */
export async function loadAgents(loading: Loading): Promise<Agent[]> {
  const agents = new Map<string, Agent>();
  for (const folder of ["agents", "../.claude/agents"]) {
    for (const name of loading.files.children(folder)) {
      if (!name.endsWith(".md") || name.toLowerCase() === "readme.md") continue;
      const path = `${folder}/${name}`;
      const read = await readAgent(loading, path);
      if (read === null) continue;
      const agent = agentOf(loading, path, read);
      const first = agents.get(agent.manifest.name);
      if (first === undefined) agents.set(agent.manifest.name, agent);
      else reportTwice(loading, path, read, loading.files.relative(first.file));
    }
  }
  limitItems(loading, "agents", agents.size);
  return [...agents.values()];
}

/** Reads one agent's file; another program's keys are passed over. */
export async function readAgent(
  loading: Loading,
  path: string,
): Promise<Read<AgentManifest> | null> {
  const { AgentManifest } = await import("../../contracts/agent.ts");
  return loading.read(path, AgentManifest, "markdown", {
    ignore: CLAUDE_AGENT_KEYS,
    lenient: isForeign(path),
  });
}

function agentOf(loading: Loading, path: string, read: Read<AgentManifest>): Agent {
  const mode = read.ignored["permissionMode"];
  if (mode === "bypassPermissions" || mode === "auto") {
    loading.warnings.push(
      `${path}: permissionMode '${mode}' has no effect; the gate asks as always`,
    );
  }
  return {
    manifest: bounded(withTurns(read.value, read.ignored["maxTurns"]), isForeign(path)),
    prompt: read.body,
    file: loading.files.absolute(path),
  };
}

/** Another program's `maxTurns` is our limit on turns, unless the file has one of its own. */
function withTurns(manifest: AgentManifest, turns: unknown): AgentManifest {
  const usable = typeof turns === "number" && Number.isInteger(turns) && turns > 0;
  if (!usable || manifest.limits.turns !== undefined) return manifest;
  return { ...manifest, limits: { ...manifest.limits, turns } };
}

/** Where another program's file lists tools, that is the most its skills may bring as well. */
function bounded(manifest: AgentManifest, foreign: boolean): AgentManifest {
  const { tools, only } = manifest;
  if (tools === undefined || only !== undefined) return manifest;
  const isTheirs = foreign || tools.some((tool) => CLAUDE_TOOLS.includes(bare(tool)));
  return isTheirs ? { ...manifest, only: tools } : manifest;
}

/** `Bash` of `Bash(git:*)`. */
function bare(tool: string): string {
  return /^\w+/u.exec(tool)?.[0] ?? tool;
}

function reportTwice(
  loading: Loading,
  path: string,
  read: Read<AgentManifest>,
  first: string,
): void {
  const text = `an agent named '${read.value.name}' is already in ${first}`;
  if (isForeign(path)) loading.warnings.push(`${path}: left out: ${text}`);
  else loading.problems.push({ file: path, ...read.at(["name"]), text });
}
