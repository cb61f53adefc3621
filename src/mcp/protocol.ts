import { ENVELOPE, LEGACY, LEGACY_VERSIONS, MCP_ERROR, MODERN } from "../std/mcp.ts";
import { NanosError } from "../std/error.ts";
import { isObject, type Json, type JsonObject } from "../std/json.ts";
import { type Call, RPC, RpcRefusal } from "../std/rpc.ts";
import type { Resources } from "./resources.ts";
import { failedResult, type McpTool, type ToolResult } from "./tool.ts";

/**
 * What MCP means here, whatever carries it: a request and its parameters in, a result out. Both
 * revisions are spoken at once, as every request of the stateless one says that it is.
 */
export interface Mcp {
  /** @throws RpcRefusal for what is refused. */
  answer(method: string, params: JsonObject, call: Call): Promise<JsonObject>;
}

export interface McpParts {
  readonly tools: readonly McpTool[];
  readonly resources: Resources;
  readonly version: string;
  /** What the client is told of this server. */
  readonly instructions: string;
}

export function mcpOf(parts: McpParts): Mcp {
  return {
    answer: async (method, params, call) => {
      const isModern = speaksModern(params);
      const only = ONLY[method];
      if (only !== undefined && only !== (isModern ? "modern" : "legacy")) throw unknownMethod();
      const came = await resultOf(parts, method, params, call);
      if (!isModern) return came;
      const caching = method === "tools/call" ? {} : { ttlMs: 0, cacheScope: "private" };
      return { resultType: "complete", ...caching, ...came };
    },
  };
}

/** @throws RpcRefusal for a revision that is not spoken. */
function speaksModern({ _meta: meta }: JsonObject): boolean {
  const version = isObject(meta) ? meta[ENVELOPE.version] : undefined;
  if (version === undefined) return false;
  if (version !== MODERN) {
    const requested = typeof version === "string" ? version.slice(0, 40) : null;
    const data = { supported: [MODERN], requested };
    throw new RpcRefusal(MCP_ERROR.version, "This revision is not spoken.", data);
  }
  const fault = envelopeFault(meta);
  if (fault !== null) throw new RpcRefusal(RPC.params, fault);
  return true;
}

/** What is missing of what every request of the stateless revision says of its sender; or null. */
export function envelopeFault(meta: Json | undefined): string | null {
  const said = isObject(meta) ? meta : {};
  if (typeof said[ENVELOPE.version] !== "string") return `_meta lacks ${ENVELOPE.version}.`;
  if (!isObject(said[ENVELOPE.capabilities])) return `_meta lacks ${ENVELOPE.capabilities}.`;
  return null;
}

/** Methods of one revision alone. */
const ONLY: Readonly<Record<string, "modern" | "legacy">> = {
  initialize: "legacy",
  ping: "legacy",
  "server/discover": "modern",
};

function unknownMethod(): RpcRefusal {
  return new RpcRefusal(RPC.method, "There is no such method here.");
}

async function resultOf(
  parts: McpParts,
  method: string,
  params: JsonObject,
  call: Call,
): Promise<JsonObject> {
  const { tools, resources } = parts;
  switch (method) {
    case "initialize":
      return { protocolVersion: versionFor(params), serverInfo: server(parts), ...offered(parts) };
    case "server/discover":
      return {
        supportedVersions: [MODERN],
        ...offered(parts),
        _meta: { [ENVELOPE.server]: server(parts) },
      };
    case "ping":
      return {};
    case "tools/list":
      return { tools: tools.map(announced) };
    case "tools/call":
      return callTool(parts, params, call);
    case "resources/list":
      return { resources: resources.list() };
    case "resources/templates/list":
      return { resourceTemplates: resources.templates() };
    case "resources/read": {
      const { uri } = params;
      if (typeof uri !== "string") throw new RpcRefusal(RPC.params, "It takes a uri.");
      return { contents: [resources.read(uri)] };
    }
    default:
      throw unknownMethod();
  }
}

function versionFor({ protocolVersion: wanted }: JsonObject): string {
  return typeof wanted === "string" && LEGACY_VERSIONS.includes(wanted) ? wanted : LEGACY;
}

function server({ version }: McpParts): JsonObject {
  return { name: "nanos", version };
}

function offered({ instructions }: McpParts): JsonObject {
  return { capabilities: { tools: {}, resources: {} }, instructions };
}

function announced({ name, description, input, reads }: McpTool): JsonObject {
  const annotations = { readOnlyHint: reads, ...(reads ? { openWorldHint: false } : {}) };
  return { name, description, inputSchema: input, annotations };
}

async function callTool(
  { tools }: McpParts,
  { name, arguments: args = {}, _meta: meta }: JsonObject,
  { signal, peer }: Call,
): Promise<JsonObject> {
  const tool = tools.find((one) => one.name === name);
  if (!tool) throw new RpcRefusal(RPC.params, "There is no such tool here.");
  const token = isObject(meta) ? meta["progressToken"] : undefined;
  let told = 0;
  const progress = (message: string): void => {
    if ((typeof token !== "string" && typeof token !== "number") || signal.aborted) return;
    told += 1;
    peer.notify("notifications/progress", { progressToken: token, progress: told, message });
  };
  return resultFor(await runTool(tool, args, { signal, progress }));
}

async function runTool(
  tool: McpTool,
  args: Json,
  call: Parameters<McpTool["run"]>[1],
): Promise<ToolResult> {
  try {
    return await tool.run(args, call);
  } catch (error) {
    if (error instanceof NanosError) return failedResult(error);
    throw error;
  }
}

function resultFor({ text, data, failed }: ToolResult): JsonObject {
  const content = [{ type: "text", text }];
  return { content, structuredContent: data, ...(failed ? { isError: true } : {}) };
}
