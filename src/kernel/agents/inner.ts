import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { NanosError } from "../../std/error.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { LockFile } from "../../contracts/config.ts";
import { MEMORY_OFF } from "../../contracts/memory.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Home } from "../../home/home.ts";
import type { ToolHost } from "../../tools/tool-host.ts";
import { factsOf } from "../facts.ts";
import type { Inner } from "../world.ts";

/** Other arrangements that are agents of this one, each loaded when it is first asked. */
export interface InnerBook {
  open(agent: AgentManifest): Promise<Inner | Failure>;
  close(): Promise<void>;
}

/**
 * Opens arrangements beside this one. They need the operator's trust like any project's; they bring
 * agents, skills, tools and rules, and neither memory nor models: those are this one's.
 */
export function innerBook(
  { beside, paths: { machine } }: Pick<Home, "beside" | "paths">,
  workspace: string,
  open: (arrangement: Arrangement) => ToolHost,
): InnerBook {
  const userHome = homedir();
  const opened = new Map<string, Promise<Inner>>();
  const load = async (dir: string): Promise<Inner> => {
    const arrangement = await beside(dir);
    const tools = open(arrangement);
    const given = { arrangement, machine, userHome, memory: MEMORY_OFF, lock: NO_LOCK };
    return { tools, facts: factsOf({ ...given, ...(await tools.list()) }) };
  };
  return {
    async open({ dir = "" }) {
      const place = dir.startsWith("~/") ? join(userHome, dir.slice(2)) : dir;
      const folder = isAbsolute(place) ? place : resolve(workspace, place);
      const loading = opened.get(folder) ?? load(folder);
      opened.set(folder, loading);
      try {
        return await loading;
      } catch (error) {
        opened.delete(folder);
        if (!(error instanceof NanosError)) throw error;
        const { code, message, next } = error;
        return { code, message, next };
      }
    },
    async close() {
      for (const one of await Promise.allSettled(opened.values())) {
        if (one.status === "fulfilled") await one.value.tools.close();
      }
    },
  };
}

/** Nothing in it was installed here, so each skill is asked about at its first use. */
const NO_LOCK: LockFile = { v: 1, skills: {} };
