import type { Nanos } from "../contracts/nanos.ts";
import { LIMITS } from "../std/limits.ts";
import { openPeer, RPC, RpcRefusal } from "../std/rpc.ts";
import { acpAgent, type AgentParts } from "./agent.ts";

/**
 * Agents of this machine in an editor that speaks the Agent Client Protocol. The editor stands where
 * the terminal does: the operator started it, types in it, and answers asks in it.
 */
export interface AcpOptions extends AgentParts {
  readonly lines: AsyncIterable<string>;
  readonly write: (line: string) => void;
  readonly failed: (error: unknown) => void;
}

/** Serves an editor on lines in and out, until it goes; what went on in it is stopped then. */
export async function serveAcp(options: AcpOptions): Promise<void> {
  const { clock, lines, write, failed } = options;
  const opened = new Map<string, Promise<Nanos>>();
  const open = (cwd: string): Promise<Nanos> => {
    const known = opened.get(cwd);
    if (known) return known;
    if (opened.size >= LIMITS.acpFolders) {
      throw new RpcRefusal(RPC.busy, `At most ${LIMITS.acpFolders} folders are open at a time.`);
    }
    const opening = options.open(cwd);
    opened.set(cwd, opening);
    // One that could not be opened, as it is not trusted yet, is tried again.
    opening.catch(() => opened.delete(cwd));
    return opening;
  };
  const grace = (): Promise<void> => clock.sleep(LIMITS.clientGraceMs);
  try {
    await openPeer({ lines, write, failed, grace, ...acpAgent({ ...options, open }) });
  } finally {
    const all = await Promise.allSettled(opened.values());
    for (const one of all) if (one.status === "fulfilled") await one.value.close();
  }
}
