import type { Command } from "../command.ts";
import { ready } from "../setup.ts";
import { BOUNDS, overLines } from "./run.ts";

/** `nanos mcp`: agents of this machine for a client that speaks MCP. */
export const command: Command = {
  name: "mcp",
  summary: "serve an MCP client on standard input and output",
  example: "nanos mcp --agent coder --max-calls 50",
  options: BOUNDS,
  run: async (context, input) => {
    const nanos = await ready(context);
    const { serveMcp } = await import("../../mcp/serve.ts");
    return overLines(context, input, (ends) => serveMcp(nanos, ends));
  },
};
