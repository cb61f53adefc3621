import { plainText } from "../../std/text.ts";
import { arg, type Command, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { span } from "../render/line.ts";
import { ready } from "../setup.ts";
import { BOUNDS, overLines } from "./run.ts";

/** `nanos mcp`: agents of this machine for a client that speaks MCP, and servers of others for them. */
export const command: Command = {
  name: "mcp",
  summary: "serve an MCP client on standard input and output",
  example: "nanos mcp --agent coder --max-calls 50",
  alone: "serve",
  subs: [
    {
      name: "serve",
      summary: "serve an MCP client on standard input and output",
      example: "nanos mcp serve --agent coder --max-calls 50",
      options: BOUNDS,
      run: async (context, input) => {
        const nanos = await ready(context);
        const { serveMcp } = await import("../../mcp/serve.ts");
        return overLines(context, input, (ends) => serveMcp(nanos, ends));
      },
    },
    {
      name: "login",
      summary: "log into a server of mcp.json, in your browser",
      example: "nanos mcp login tracker",
      args: [{ name: "NAME", about: "the server's name in mcp.json", required: true }],
      options: [
        { flag: "--scope", value: "WORDS", about: "ask for this, not what the server says" },
      ],
      run: async (context, input) => {
        const scope = option(input, "--scope");
        const nanos = await context.nanos();
        const open = (link: string): void =>
          context.terminal.err(`Open this on this machine, and log in:\n${plainText(link)}\n`);
        const line = await nanos.secrets.logIn(arg(input, "NAME"), {
          open,
          ...(scope === undefined ? {} : { scope }),
        });
        await show(context, line, () => [
          [span("logged in ", "green"), `to ${line.server}, by ${line.issuer}`],
          `Kept as ${line.secrets.join(" and ")}. nanos tool list shows what it offers.`,
        ]);
        return EXIT.succeeded;
      },
    },
  ],
};
