import type { Agent } from "../../contracts/agent.ts";
import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { fields, table } from "../render/table.ts";
import { shortPath } from "../render/words.ts";

export const command: Command = {
  name: "agent",
  summary: "the agents of the arrangement",
  example: "nanos agent show oracle",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all agents",
      example: "nanos agent list --json",
      run: async (context) => {
        const nanos = await context.nanos();
        const agents = nanos.agents.list();
        await show(context, agents, () => agentTable(agents, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "one agent: its prompt, and what it may use",
      example: "nanos agent show oracle",
      args: [{ name: "NAME", about: "the agent", required: true, offers: "agents" }],
      run: async (context, input) => {
        const nanos = await context.nanos();
        const agent = nanos.agents.show(arg(input, "NAME"));
        await show(context, agent, () => agentLines(agent, nanos.place.workspace));
        return EXIT.succeeded;
      },
    },
  ],
};

/** Agents as a table. */
export function agentTable(agents: readonly Agent[], width: number): readonly Line[] {
  if (agents.length === 0) return ["No agents yet. nanos init --from STARTER brings some."];
  return table(
    [
      { title: "agent", text: ({ manifest }) => manifest.name, style: () => "bold" },
      { title: "model", text: ({ manifest }) => worksBy(manifest) },
      { title: "skills", text: ({ manifest }) => manifest.skills.join(" ") || "-" },
      { title: "about", text: ({ manifest }) => manifest.description },
    ],
    agents,
    width,
  );
}

/** What thinks for it: a model, a program, or a tool of a server. */
function worksBy({ kind, model, command, tool }: Agent["manifest"]): string {
  return kind === "prompt" ? model : (command?.[0]?.split("/").at(-1) ?? tool ?? kind);
}

function agentLines({ manifest, prompt, file }: Agent, workspace: string): readonly Line[] {
  const limits = Object.entries(manifest.limits).map(([name, value]) => `${name} ${String(value)}`);
  return [
    [span(manifest.name, "bold"), `  ${manifest.description}`],
    ...fields([
      ["file", shortPath(file, workspace)],
      ["kind", manifest.kind === "prompt" ? "" : manifest.kind],
      ["model", manifest.kind === "prompt" ? manifest.model : ""],
      ["command", (manifest.command ?? []).join(" ")],
      ["tool", manifest.tool ?? ""],
      ["scopes", (manifest.scopes ?? []).join(", ")],
      ["skills", manifest.skills.join(", ")],
      ["tools", (manifest.tools ?? []).join(", ")],
      ["agents", manifest.agents.join(", ")],
      ["limits", limits.join(", ")],
    ]),
    "",
    ...prompt.trim().split("\n").slice(0, MOST_PROMPT),
  ];
}

/** Lines of a prompt shown; the file has the rest. */
const MOST_PROMPT = 200;
