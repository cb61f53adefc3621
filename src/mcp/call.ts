import { ENVELOPE } from "../std/mcp.ts";
import { NanosError } from "../std/error.ts";
import { isObject, type Json, type JsonObject } from "../std/json.ts";
import { type Call, RPC, RpcRefusal } from "../std/rpc.ts";
import {
  failedResult,
  type LogLevel,
  type McpTool,
  type ToolCall,
  type ToolResult,
} from "./tool.ts";

/** How serious what is told has to be, least first. */
const LEVELS: readonly string[] = [
  ...["debug", "info", "notice", "warning"],
  ...["error", "critical", "alert", "emergency"],
];

/** @throws RpcRefusal for what is no level. */
export function levelIn({ level }: JsonObject): string {
  if (typeof level === "string" && LEVELS.includes(level)) return level;
  throw new RpcRefusal(RPC.params, `A level is one of ${LEVELS.join(", ")}.`);
}

/** Calls a tool. `level` is what its client wants to be told of from; null tells it nothing. */
export async function callTool(
  tools: readonly McpTool[],
  params: JsonObject,
  call: Call,
  level: string | null,
): Promise<JsonObject> {
  const { name, arguments: args = {} } = params;
  const tool = tools.find((one) => one.name === name);
  if (!tool) throw new RpcRefusal(RPC.params, "There is no such tool here.");
  return resultFor(await run(tool, args, toldTo(params, call, level)));
}

function toldTo({ _meta: meta }: JsonObject, call: Call, level: string | null): ToolCall {
  const { signal, peer } = call;
  const { progressToken: token, [ENVELOPE.level]: own } = isObject(meta) ? meta : {};
  const from = LEVELS.indexOf(typeof own === "string" ? own : (level ?? ""));
  let told = 0;
  return {
    signal,
    progress: (message) => {
      if ((typeof token !== "string" && typeof token !== "number") || signal.aborted) return;
      told += 1;
      peer.notify("notifications/progress", { progressToken: token, progress: told, message });
    },
    log: (at: LogLevel, data) => {
      if (from < 0 || LEVELS.indexOf(at) < from || signal.aborted) return;
      peer.notify("notifications/message", { level: at, logger: "nanos", data });
    },
  };
}

async function run(tool: McpTool, args: Json, call: ToolCall): Promise<ToolResult> {
  try {
    return await tool.run(args, call);
  } catch (error) {
    if (error instanceof NanosError) return failedResult(error);
    throw error;
  }
}

function resultFor({ text, data, parts = [], failed }: ToolResult): JsonObject {
  const content = [{ type: "text", text }, ...parts];
  return { content, structuredContent: data, ...(failed ? { isError: true } : {}) };
}
