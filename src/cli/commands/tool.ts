import type { Recorded } from "../../contracts/drive.ts";
import type { Nanos, ToolLine } from "../../contracts/nanos.ts";
import type { Beforehand } from "../../contracts/question.ts";
import type { RunState } from "../../contracts/run.ts";
import type { Json } from "../../std/json.ts";
import { arg, argsOf, type Command, type Context, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { follow, humanWatcher, type Watcher } from "../follow.ts";
import { jsonDocument } from "../render/json.ts";
import { type Line, span } from "../render/line.ts";
import { fields, table } from "../render/table.ts";
import { ready } from "../setup.ts";
import { APPROVAL, approvalsOf } from "./run.ts";

export const command: Command = {
  name: "tool",
  summary: "the tools, and calling one through the gate",
  example: `nanos tool call calculate '{"operation":"multiply","a":6,"b":7}'`,
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all tools, with what they may reach",
      example: "nanos tool list --json",
      run: async (context) => {
        const tools = await (await context.nanos()).tools.list();
        await show(context, tools, () => toolTable(tools, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "one tool: arguments, reach, where it comes from",
      example: "nanos tool show notes_append",
      args: [{ name: "NAME", about: "the tool", required: true, offers: "tools" }],
      run: async (context, input) => {
        const tool = await (await context.nanos()).tools.show(arg(input, "NAME"));
        await show(context, tool, () => toolLines(tool));
        return EXIT.succeeded;
      },
    },
    {
      name: "call",
      summary: "call a tool yourself: same gate, same journal",
      example: `nanos tool call calculate '{"expression":"6*7"}'`,
      args: [
        { name: "NAME", about: "the tool", required: true, offers: "tools" },
        { name: "JSON", about: "its arguments; - reads standard input, {} when absent" },
      ],
      options: [APPROVAL],
      run: async (context, input) => {
        const args = argsOf(context.terminal, input.args["JSON"]);
        const nanos = await ready(context);
        return callTool(context, nanos, { name: arg(input, "NAME"), args, ...approvalsOf(input) });
      },
    },
  ],
};

/** Tools as a table; those that could not be loaded say why. */
export function toolTable(tools: readonly ToolLine[], width: number): readonly Line[] {
  if (tools.length === 0) return ["No tools yet. nanos init --from STARTER brings some."];
  const columns = [
    {
      title: "tool",
      text: ({ name }: ToolLine) => name,
      style: ({ failure }: ToolLine) =>
        failure === undefined ? ("bold" as const) : ("red" as const),
    },
    { title: "skill", text: ({ skill }: ToolLine) => skill },
    {
      title: "reach",
      text: ({ scopes, unconfined }: ToolLine) =>
        [...(unconfined ? ["UNCONFINED"] : []), ...scopes].join(" ") || "-",
    },
    {
      title: "about",
      text: ({ description, failure }: ToolLine) => failure?.message ?? description,
    },
  ];
  return table(columns, tools, width);
}

type ShownTool = Awaited<ReturnType<Nanos["tools"]["show"]>>;

function toolLines(tool: ShownTool): readonly Line[] {
  return [
    [span(tool.name, "bold"), `  ${tool.description}`],
    ...fields([
      ["skill", tool.skill],
      ["made of", `${tool.kind}, ${tool.source}`],
      ["reach", tool.scopes.join(", ") || "nothing"],
      ["held by", tool.unconfined ? "nothing: you marked it unconfined" : ""],
      ["rank", tool.rank],
      ["agents", tool.agents.join(", ")],
      ["repeatable", tool.manifest.repeatable ? "yes" : "no"],
      ["broken", tool.failure?.message ?? ""],
    ]),
    [span("  arguments", "dim")],
    ...JSON.stringify(tool.manifest.input, null, 2)
      .split("\n")
      .map((line): Line => `  ${line}`),
  ];
}

/**
 * Calls the tool. People get its result on standard output and the summary after it; with
 * `--json` there is one document at the end, as for every show.
 */
async function callTool(
  context: Context,
  nanos: Nanos,
  { name, args, ...beforehand }: Beforehand & { readonly name: string; readonly args: Json },
): Promise<number> {
  const people = context.json ? null : await humanWatcher(context, nanos);
  let output: Json | undefined;
  const watcher: Watcher = {
    ...(people?.ask === undefined ? {} : { ask: people.ask }),
    on: (live) => {
      people?.on(live);
      if (live.type === "event") output ??= outputOf(live.recorded);
    },
    done: (state) => {
      if (people === null) context.terminal.out(`${jsonDocument(result(state, output))}\n`);
      else people.done(withText(state, output));
    },
  };
  return follow(
    context,
    (hooks) => nanos.tools.call(name, args, { ...hooks, ...beforehand }),
    watcher,
  );
}

/** What the called tool gave back; what it asked for on its way has a longer step id. */
function outputOf({ event, body }: Recorded): Json | undefined {
  if (body?.kind !== "action.settled" || body.outcome.status !== "done") return undefined;
  return event.step?.split(".").length === 2 ? body.outcome.output : undefined;
}

function result(state: RunState, output: Json | undefined): unknown {
  return state.state === "ended" ? { ...state.ended, output: output ?? null } : state;
}

/** A run without an agent has no words of its own: its text is what the tool gave back. */
function withText(state: RunState, output: Json | undefined): RunState {
  if (state.state !== "ended" || state.ended.text !== "" || output === undefined) return state;
  const text = typeof output === "string" ? output : JSON.stringify(output, null, 2);
  return { ...state, ended: { ...state.ended, text } };
}
