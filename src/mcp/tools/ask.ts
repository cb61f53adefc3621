import { z } from "zod";
import type { Live } from "../../contracts/nanos.ts";
import { LIMITS } from "../../std/limits.ts";
import { firstLine } from "../../std/text.ts";
import { takeUp } from "../carried.ts";
import { begunRun, runResult, stopRun } from "../run-view.ts";
import { Came, Runs, Stopped } from "../shapes.ts";
import {
  type McpTool,
  mcpTool,
  result,
  type Served,
  type ToolCall,
  type ToolResult,
} from "../tool.ts";

const Run = z.string().max(LIMITS.rpcIdChars).describe("The id of a run.");
export const Wait = z
  .number()
  .min(0)
  .max(LIMITS.clientWaitSecondsMost)
  .default(LIMITS.clientWaitSeconds)
  .describe("Seconds to wait for its end before answering that it goes on.");

/** Asking agents, and what came of it. */
export function askTools(served: Served): readonly McpTool[] {
  return [askTool(served), pollTool(served), cancelTool(served), runsTool(served)];
}

function askTool(served: Served): McpTool {
  const { nanos, narrow, client, carried, bounds } = served;
  const agents = nanos.agents.list().map(({ manifest }) => manifest);
  const names = narrow ? [] : agents.map(({ name }) => name);
  const listed = agents.map(({ name, description }) => `${name}: ${firstLine(description, 200)}`);
  return mcpTool({
    name: "ask",
    description: [
      narrow ? `Asks the agent ${bounds.agent ?? "in charge"}.` : "Asks an agent of this machine.",
      "It works past the operator's gate: what needs their word waits for it.",
      ...(narrow ? [] : [`Agents: ${listed.join("; ")}`]),
    ].join(" "),
    input: names.length === 0 ? Asked : Asked.extend({ agent: z.enum(names).optional() }),
    output: Came,
    run: async (args, call) => {
      const { request: text, after, wait } = args;
      const named = "agent" in args && typeof args.agent === "string" ? { agent: args.agent } : {};
      const run = await carried.carry({
        stays: false,
        start: (hooks) => nanos.run({ ...bounds, ...named, ...hooks, text, after, client }),
      });
      return cameOf(served, run, wait, { ...call, takesAlong: true });
    },
  });
}

const Asked = z.strictObject({
  request: z
    .string()
    .min(1)
    .max(LIMITS.clientTextChars)
    .describe("What to do, with all that is needed to do it."),
  after: z
    .array(Run)
    .max(LIMITS.clientListed)
    .default([])
    .describe("Earlier runs of this conversation, oldest first."),
  wait: Wait,
});

function pollTool(served: Served): McpTool {
  const { nanos, client, carried } = served;
  return mcpTool({
    name: "poll",
    description:
      "What came of a run this client asked for. One that waited goes on once its asks are answered.",
    input: z.strictObject({ run: Run, wait: Wait }),
    output: Came,
    run: async ({ run, wait }, call) => {
      begunRun(nanos, carried, client, run);
      await takeUp(nanos, carried, run, false);
      return cameOf(served, run, wait, { ...call, takesAlong: false });
    },
  });
}

function cancelTool(served: Served): McpTool {
  return mcpTool({
    name: "cancel",
    description: "Stops a run this client asked for.",
    input: z.strictObject({ run: Run }),
    output: z.looseObject({ run: z.string(), ...Stopped }),
    run: async ({ run }) => {
      await stopRun(served, run);
      return result({ run, cancelled: true }, `Run ${run} is being stopped.`);
    },
  });
}

function runsTool({ nanos, client }: Served): McpTool {
  return mcpTool({
    name: "runs",
    description: "What this client asked for, newest first.",
    reads: true,
    input: z.strictObject({}),
    output: Runs,
    run: () => {
      const lines = nanos.traces.list({ limit: LIMITS.clientListed, client });
      const runs = lines.map(({ run, agent, request, at, state, outcome }) => {
        return { run, agent, request: firstLine(request), at, state, outcome };
      });
      return result({ runs });
    },
  });
}

/** Waits for a run and says what it came to. A call that is taken back takes its run with it. */
async function cameOf(
  served: Served,
  run: string,
  seconds: number,
  { signal, progress, log, takesAlong }: ToolCall & { readonly takesAlong: boolean },
): Promise<ToolResult> {
  const { nanos, carried, client } = served;
  const on = (live: Live): void => {
    const told = doing(live);
    if (told !== null) progress(told);
    tellOf(live, log);
  };
  await carried.wait(run, { ms: seconds * 1_000, signal, on });
  if (takesAlong && signal.aborted && carried.has(run)) {
    await stopRun(served, run).catch(() => undefined);
  }
  return runResult(nanos, begunRun(nanos, carried, client, run));
}

/** What a run has just begun to do, in a few words. */
function doing(live: Live): string | null {
  const body = live.type === "event" ? live.recorded.body : null;
  if (body?.kind !== "action.proposed") return null;
  const { kind, name } = body.action;
  return kind === "model" ? "thinks" : name;
}

/** What happens in a run, by how serious it is: names and verdicts, and none of what was in them. */
function tellOf(live: Live, log: ToolCall["log"]): void {
  const body = live.type === "event" ? live.recorded.body : null;
  if (body?.kind === "action.proposed") log("info", `proposed: ${body.action.name}`);
  if (body?.kind === "action.judged" && body.decision.verdict !== "allow") {
    log("warning", `${body.decision.verdict}: ${body.decision.reason}`);
  }
  if (body?.kind === "action.settled" && body.outcome.status === "failed") {
    log("error", "an action failed");
  }
}
