import { messageOf } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { ready } from "../setup.ts";
import { BOUNDS, boundsOf } from "./run.ts";

/** `nanos mcp`: agents of this machine for a client that speaks MCP. */
export const command: Command = {
  name: "mcp",
  summary: "serve an MCP client on standard input and output",
  example: "nanos mcp --agent coder --max-calls 50",
  options: BOUNDS,
  run: async (context, input) => {
    const { terminal, clock } = context;
    const nanos = await ready(context);
    const { serveMcp } = await import("../../mcp/serve.ts");
    const stop = new AbortController();
    const forget = terminal.onInterrupt(() => stop.abort());
    try {
      await serveMcp(nanos, {
        ...{ clock, bounds: boundsOf(input), lines: terminal.lines(stop.signal) },
        write: (line) => terminal.out(line),
        failed: (error) => terminal.err(`${plainText(messageOf(error))}\n`),
      });
    } finally {
      forget();
    }
    return EXIT.succeeded;
  },
};
