import { z } from "zod";
import type { PatchView } from "../../contracts/outcome.ts";
import type { TraceLine } from "../../contracts/trace.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { firstLine } from "../../std/text.ts";
import { isPartOf, takeUp } from "../carried.ts";
import { ownRun, stopRun } from "../run-view.ts";
import { Begun, Found, Patched, Stopped, Task, Tasks } from "../shapes.ts";
import { type McpTool, mcpTool, result, type Served, type ToolResult } from "../tool.ts";

/**
 * Work on code that goes on by itself: a task is a run of the agent that works in a copy of a
 * repository, and what it came to is a patch. All that is known of it is in the journal, so it is
 * there after this process was killed, and goes on when it is looked at.
 */
export function taskTools(served: Served): readonly McpTool[] {
  const { nanos } = served;
  const workers = nanos.agents.list().filter(({ manifest }) => manifest.isolation === "worktree");
  const { oracle } = nanos.arrangement.manifest;
  const worker = workers.find(({ manifest }) => manifest.name === oracle) ?? workers[0];
  if (!worker) return [];
  const desk = { served, agent: worker.manifest.name };
  return [assign(desk), poll(desk), finished(desk), list(desk), stop(desk), onboard(desk)];
}

interface Desk {
  readonly served: Served;
  /** Who does tasks. */
  readonly agent: string;
}

const Id = z.strictObject({ task_id: z.string().max(LIMITS.rpcIdChars) });

function assign({ served, agent }: Desk): McpTool {
  const { nanos, client, carried, bounds } = served;
  return mcpTool({
    name: "assign_task",
    description: `Has ${agent} work on code, in a copy of a repository of the workspace; the files there stay as they are. It goes on by itself: poll_task, get_result.`,
    input: bounds.model === undefined ? Assigned.extend(Chosen) : Assigned,
    output: Begun,
    run: async (args) => {
      const { description: text, repo_path: path, branch, max_iterations: turns } = args;
      const model = "model" in args && typeof args.model === "string" ? { model: args.model } : {};
      const most = Math.min(turns ?? Infinity, bounds.budget?.turns ?? Infinity);
      const task = await carried.carry({
        stays: true,
        start: (hooks) =>
          nanos.run({
            ...{ ...bounds, ...hooks, ...model, text, agent, client },
            tree: { path, ...(branch === "HEAD" ? {} : { branch }) },
            ...(turns === undefined ? {} : { budget: { ...bounds.budget, turns: most } }),
          }),
      });
      return result({ task_id: task, status: "running" });
    },
  });
}

const Assigned = z.strictObject({
  description: z.string().min(1).max(LIMITS.clientTextChars),
  repo_path: z.string().max(4_096).default("."),
  branch: z.string().max(200).default("HEAD"),
  max_iterations: z.number().int().min(1).max(1_000).optional(),
});

/** Where the operator named no model for all this client asks. */
const Chosen = { model: z.string().max(200).optional() };

function poll(desk: Desk): McpTool {
  const { nanos, carried } = desk.served;
  return mcpTool({
    name: "poll_task",
    description: "How far a task is. One that was cut off, or whose asks were answered, goes on.",
    input: Id,
    output: Task,
    run: async ({ task_id: task }) => {
      if (!carried.has(task)) taskLine(desk, task);
      await takeUp(nanos, carried, task, true);
      return standing(desk, task);
    },
  });
}

function standing(desk: Desk, task: string): ToolResult {
  const { nanos, carried } = desk.served;
  if (carried.has(task) && nanos.traces.line(task) === null) {
    return result({ task_id: task, status: "running" });
  }
  const line = taskLine(desk, task);
  const asks = nanos.approvals
    .list()
    .filter(({ run }) => isPartOf(run, task))
    .map(({ id, what }) => ({ id, what, approve: `nanos approvals approve ${id}` }));
  return result({ ...shown(line), steps: line.steps, ...(asks.length > 0 ? { asks } : {}) });
}

function finished(desk: Desk): McpTool {
  return mcpTool({
    name: "get_result",
    description: "What a task that has ended came to: summary and patch, or why there is none.",
    reads: true,
    input: Id,
    output: Patched,
    run: ({ task_id: task }) => {
      const { nanos, carried } = desk.served;
      const isNew = carried.has(task) && nanos.traces.line(task) === null;
      const line = isNew ? null : taskLine(desk, task);
      if (line?.state === "ended") return resultOf(line, nanos.traces.patch(task));
      const message = `Task ${task} has not ended yet: ${line ? statusOf(line) : "running"}.`;
      throw new NanosError("task.unfinished", message, "Call poll_task until it has.");
    },
  });
}

/** The diff is to be applied, so it is given as it is. */
function resultOf(line: TraceLine, view: PatchView): ToolResult {
  const { summary, patch, commit, files, calls, turns, model, failure } = view;
  const came = result({
    ...{ ...shown(line), summary, commit, model, iterations: turns },
    files_modified: files,
    tool_calls: calls.map(({ step, name, args, status }) => ({ step, name, args, status })),
    ...(failure ? { diagnostics: { ...failure, last_tool_call: calls.at(-1) ?? null } } : {}),
  });
  const failed = line.outcome === "failed" || line.outcome === "cancelled";
  const text = JSON.stringify({ ...came.data, diff: patch }, null, 2);
  return { text, data: { ...came.data, diff: patch }, ...(failed ? { failed } : {}) };
}

function list({ served: { nanos, client }, agent }: Desk): McpTool {
  return mcpTool({
    name: "list_tasks",
    description: "Tasks of this client, newest first.",
    reads: true,
    input: z.strictObject({}),
    output: Tasks,
    run: () => {
      const lines = nanos.traces.list({ limit: LIMITS.clientListed, client });
      return result({ tasks: lines.filter((line) => line.agent === agent).map(shown) });
    },
  });
}

function stop(desk: Desk): McpTool {
  return mcpTool({
    name: "cancel_task",
    description: "Stops a task. What it had done by then is its result.",
    input: Id,
    output: z.looseObject({ task_id: z.string(), ...Stopped }),
    run: async ({ task_id: task }) => {
      const { nanos, carried } = desk.served;
      if (!carried.has(task) || nanos.traces.line(task) !== null) taskLine(desk, task);
      await stopRun(desk.served, task);
      return result({ task_id: task, cancelled: true });
    },
  });
}

function onboard({ served: { nanos }, agent }: Desk): McpTool {
  return mcpTool({
    name: "onboard_repo",
    description:
      "What a repository of the workspace is built, tested, linted and formatted with, by its files. Nothing is run.",
    reads: true,
    input: z.strictObject({ repo_path: z.string().max(4_096).default(".") }),
    output: Found,
    run: async ({ repo_path: path }) => result(await nanos.project(agent, path)),
  });
}

function taskLine({ served, agent }: Desk, task: string): TraceLine {
  const line = ownRun(served.nanos, served.client, task);
  if (line.agent === agent) return line;
  throw new NanosError("client.unknown_run", `Run ${task} is no task.`, "Use poll for it.");
}

function shown(line: TraceLine): { task_id: string; status: string; description: string } {
  return { task_id: line.run, status: statusOf(line), description: firstLine(line.request, 200) };
}

/** `running`, `waiting`, `interrupted`, or how it ended. */
function statusOf({ state, outcome }: TraceLine): string {
  return state === "ended" ? (outcome ?? "ended") : state;
}
