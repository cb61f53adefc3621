import type { Agent } from "../../contracts/agent.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Grant } from "../../contracts/config.ts";
import { LIMITS } from "../../std/limits.ts";
import { parseManifest } from "../../home/arrangement/manifest.ts";
import { CLAUDE_AGENT_KEYS } from "../../home/claude.ts";
import { markOf, readPlain, utf8 } from "../../home/files.ts";
import { type HomePaths, workspacePaths } from "../../home/places.ts";
import { agentGrant } from "../standing.ts";

/**
 * What the operator changes while runs go on: grants, the model in use, what an agent is given. A
 * step looks whether the files still are those that were read, which costs a look at three of them
 * and no more; what changed is read again then, whoever changed it and by whatever means. A run has
 * its agents as they were when it began, so what is taken from one stands here as a yes taken back.
 */
export interface StandingBook {
  current(): readonly Grant[];
  /** Null when nothing changed. */
  renew(agent: string): Promise<void> | null;
}

/** Files that are looked at, and who reads them again. */
export interface BookParts {
  readonly arrangement: Arrangement;
  readonly paths: HomePaths;
  readonly grants: { current(): readonly Grant[]; reload(): Promise<void> };
  readonly models: { reload(): Promise<void> };
}

/** Opens the book as of now. */
export function standingBook(parts: BookParts): StandingBook {
  const { arrangement, paths, grants, models } = parts;
  const { config: configFile } = paths;
  const { grants: grantsFile } = workspacePaths(paths, arrangement.workspace);
  const files = [...arrangement.agents.values()].map(({ file }) => file);
  const seen = new Map([grantsFile, configFile, ...files].map((file) => [file, markOf(file)]));
  const taken = new Map<string, readonly Grant[]>();
  let from: readonly Grant[] = [];
  let all: readonly Grant[] = [];
  const isOther = (file: string): boolean => {
    const mark = markOf(file);
    if (seen.get(file) === mark) return false;
    seen.set(file, mark);
    return true;
  };
  const readAgain = async (agent: Agent | undefined, which: Changed): Promise<void> => {
    if (which.grants) await grants.reload();
    if (which.models) await models.reload();
    const gone = agent && which.agent ? await takenFrom(agent) : null;
    if (agent === undefined || gone === null) return;
    taken.set(agent.manifest.name, gone);
    // Made anew at the next look.
    from = [];
  };
  return {
    current: () => {
      const stored = grants.current();
      if (stored === from) return all;
      from = stored;
      const marks = [...taken.values()].flat();
      return (all = marks.length === 0 ? stored : [...stored, ...marks]);
    },
    renew: (name) => {
      const agent = arrangement.agents.get(name);
      const which = {
        grants: isOther(grantsFile),
        models: isOther(configFile),
        agent: agent !== undefined && isOther(agent.file),
      };
      return which.grants || which.models || which.agent ? readAgain(agent, which) : null;
    },
  };
}

interface Changed {
  readonly grants: boolean;
  readonly models: boolean;
  readonly agent: boolean;
}

/**
 * What the agent's file no longer gives it, as yeses taken back; everything where it is gone. Null
 * where it cannot be read, as somebody may be in the middle of writing it.
 */
async function takenFrom({ manifest, file }: Agent): Promise<readonly Grant[] | null> {
  const bytes = readPlain(file, LIMITS.manifestBytes);
  const now = bytes === null ? NOTHING : await manifestIn(utf8(bytes) ?? "");
  if (now === null) return null;
  const agent = manifest.name;
  const gone = [
    ...manifest.skills.filter((name) => !now.skills.includes(name)),
    ...(manifest.tools ?? []).filter((name) => !now.tools?.includes(name)),
    ...manifest.agents.filter((name) => !now.agents.includes(name)).map(agentGrant),
  ];
  return gone.map((skill) => ({ skill, agent, scopes: [], hash: null, at: 0, revoked: true }));
}

type Given = Pick<Agent["manifest"], "skills" | "tools" | "agents">;

const NOTHING: Given = { skills: [], tools: [], agents: [] };

async function manifestIn(text: string): Promise<Given | null> {
  const { AgentManifest } = await import("../../contracts/agent.ts");
  const ignore = CLAUDE_AGENT_KEYS;
  const read = await parseManifest("", text, AgentManifest, "markdown", { ignore });
  return read.ok ? read.value : null;
}
