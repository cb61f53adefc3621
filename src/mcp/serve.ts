import type { Nanos, RunRequest } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { openPeer } from "../std/rpc.ts";
import { VERSION } from "../version.ts";
import { type Carried, carriedRuns } from "./carried.ts";
import { type Mcp, mcpOf } from "./protocol.ts";
import { promptsOf } from "./prompts.ts";
import { resourcesOf } from "./resources.ts";
import type { Served } from "./tool.ts";
import { askTools } from "./tools/ask.ts";
import { lookTools } from "./tools/look.ts";
import { missionTools } from "./tools/missions.ts";
import { taskTools } from "./tools/tasks.ts";

/**
 * Agents of this machine for a client of the Model Context Protocol. The client is a stranger: it
 * asks, and what it asks passes the gate as anybody's text. It answers no ask and reads no
 * conversation but its own.
 */
export interface McpService extends Pick<Mcp, "answer"> {
  /** The client is gone: what only it wanted is stopped. */
  close(): Promise<void>;
}

export interface McpOptions {
  readonly clock: Clock;
  /** What every request is held to; with an `agent` or scopes nothing else is shown or done. */
  readonly bounds: Omit<RunRequest, "text" | "client">;
  /** Who the client is, where that is known by more than how it came: `key:ID`. */
  readonly client?: string;
  /** Carries its runs, where something else than the connection does. */
  readonly carried?: Carried;
}

/** What a client is served, apart from what carries it. */
export async function mcpService(nanos: Nanos, options: McpOptions): Promise<McpService> {
  const { clock, bounds } = options;
  const narrow = bounds.agent !== undefined || bounds.within !== undefined;
  if (bounds.agent !== undefined) nanos.agents.show(bounds.agent);
  const { client = bounds.agent === undefined ? "mcp" : `mcp:${bounds.agent}` } = options;
  const carried = options.carried ?? carriedRuns(clock);
  const served: Served = { nanos, clock, carried, client, bounds, narrow };
  const whole = narrow
    ? []
    : [...(await missionTools(served)), ...taskTools(served), ...lookTools(served)];
  const mcp = mcpOf({
    tools: [...askTools(served), ...whole],
    resources: resourcesOf(served),
    prompts: promptsOf(served),
    clock,
    version: VERSION,
    instructions: INSTRUCTIONS,
  });
  return {
    ...mcp,
    close: async () => {
      mcp.close();
      await carried.close();
    },
  };
}

const INSTRUCTIONS = [
  "Agents on this machine that work past a gate: some of what they want to do waits for the operator.",
  "Then a result names an approval. Only the operator can give it, on their machine; tell them, and",
  "poll the run afterwards. A run that takes longer than a call waits is polled the same way.",
].join(" ");

/** Serves a client on lines in and out, until it goes. */
export async function serveMcp(
  nanos: Nanos,
  options: McpOptions & {
    readonly lines: AsyncIterable<string>;
    readonly write: (line: string) => void;
    readonly failed: (error: unknown) => void;
  },
): Promise<void> {
  const { clock, lines, write, failed } = options;
  const service = await mcpService(nanos, options);
  const grace = (): Promise<void> => clock.sleep(LIMITS.clientGraceMs);
  try {
    await openPeer({ lines, write, failed, grace, answer: service.answer });
  } finally {
    await Promise.race([service.close(), grace()]);
  }
}
