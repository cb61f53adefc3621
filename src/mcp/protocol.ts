import { ENVELOPE, LEGACY, LEGACY_VERSIONS, MCP_ERROR, MODERN } from "../std/mcp.ts";
import type { Clock } from "../std/clock.ts";
import { isObject, type Json, type JsonObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { type Call, RPC, RpcRefusal } from "../std/rpc.ts";
import { callTool, levelIn } from "./call.ts";
import type { Prompts } from "./prompts.ts";
import type { Resources } from "./resources.ts";
import type { McpTool } from "./tool.ts";
import { listen, openWatches, type Watches } from "./watch.ts";

/**
 * What MCP means here, whatever carries it: a request and its parameters in, a result out. Both
 * revisions are spoken at once, as every request of the stateless one says that it is.
 */
export interface Mcp {
  /** @throws RpcRefusal for what is refused. */
  answer(method: string, params: JsonObject, call: Call): Promise<JsonObject>;
  /** The client is gone: what it watched is looked at no more. */
  close(): void;
}

export interface McpParts {
  readonly tools: readonly McpTool[];
  readonly resources: Resources;
  readonly prompts: Prompts;
  readonly clock: Clock;
  readonly version: string;
  /** What the client is told of this server. */
  readonly instructions: string;
}

/** What a client of the revisions with a session has said of itself. */
interface Said {
  level: string | null;
  readonly watches: Watches;
}

export function mcpOf(parts: McpParts): Mcp {
  const said: Said = { level: null, watches: openWatches(parts) };
  return {
    close: () => said.watches.close(),
    answer: async (method, params, call) => {
      const isModern = speaksModern(params);
      const only = ONLY[method];
      if (only !== undefined && only !== (isModern ? "modern" : "legacy")) throw unknownMethod();
      const came = await resultOf(parts, said, method, params, call);
      if (!isModern) return came;
      const caching = CACHED.includes(method) ? { ttlMs: 0, cacheScope: "private" } : {};
      return { resultType: "complete", ...caching, ...came };
    },
  };
}

/** What a client could keep: each is of its moment. */
const CACHED: readonly string[] = [
  ...["server/discover", "tools/list", "prompts/list"],
  ...["resources/list", "resources/templates/list", "resources/read"],
];

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
  "logging/setLevel": "legacy",
  "resources/subscribe": "legacy",
  "resources/unsubscribe": "legacy",
  "server/discover": "modern",
  "subscriptions/listen": "modern",
};

function unknownMethod(): RpcRefusal {
  return new RpcRefusal(RPC.method, "There is no such method here.");
}

async function resultOf(
  parts: McpParts,
  said: Said,
  method: string,
  params: JsonObject,
  call: Call,
): Promise<JsonObject> {
  const { tools, resources, prompts } = parts;
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
      return pageOf("tools", tools.map(announced), params);
    case "tools/call":
      return callTool(tools, params, call, said.level);
    case "prompts/list":
      return pageOf("prompts", prompts.list(), params);
    case "prompts/get":
      return prompts.get(textIn(params, "name"), params["arguments"] ?? {});
    case "completion/complete":
      return completed(parts, params);
    case "logging/setLevel":
      said.level = levelIn(params);
      return {};
    case "subscriptions/listen":
      return listen(parts, params, call);
    default:
      return resourceResult(resources, said.watches, method, params, call);
  }
}

function resourceResult(
  resources: Resources,
  watches: Watches,
  method: string,
  params: JsonObject,
  { peer }: Call,
): JsonObject {
  switch (method) {
    case "resources/list":
      return pageOf("resources", resources.list(), params);
    case "resources/templates/list":
      return pageOf("resourceTemplates", resources.templates(), params);
    case "resources/read":
      return { contents: [resources.read(textIn(params, "uri"))] };
    case "resources/subscribe":
      watches.add(textIn(params, "uri"), peer);
      return {};
    case "resources/unsubscribe":
      watches.remove(textIn(params, "uri"));
      return {};
    default:
      throw unknownMethod();
  }
}

function textIn(params: JsonObject, field: string): string {
  const value = params[field];
  if (typeof value === "string") return value;
  throw new RpcRefusal(RPC.params, `It takes a ${field}.`);
}

/** One page of a list; where it goes on is where this one ended. */
function pageOf(
  name: string,
  all: readonly JsonObject[],
  { cursor = "0" }: JsonObject,
): JsonObject {
  const at = typeof cursor === "string" && /^\d{1,6}$/u.test(cursor) ? Number(cursor) : -1;
  if (at < 0 || (at > 0 && at >= all.length)) {
    throw new RpcRefusal(RPC.params, "There is no such cursor; ask from the beginning.");
  }
  const end = at + LIMITS.clientPage;
  const more = end < all.length ? { nextCursor: String(end) } : {};
  return { [name]: all.slice(at, end), ...more };
}

/** What an argument could be, by what was typed of it. */
function completed({ resources, prompts }: McpParts, { ref, argument }: JsonObject): JsonObject {
  if (!isObject(ref) || !isObject(argument)) {
    throw new RpcRefusal(RPC.params, "It takes a ref and an argument.");
  }
  const typed = textIn(argument, "value");
  const all =
    ref["type"] === "ref/resource"
      ? resources.complete(textIn(ref, "uri"))
      : prompts.complete(textIn(ref, "name"), textIn(argument, "name"));
  const fits = all.filter((one) => one.startsWith(typed));
  const values = fits.slice(0, LIMITS.clientOffered);
  return { completion: { values, total: fits.length, hasMore: fits.length > values.length } };
}

function versionFor({ protocolVersion: wanted }: JsonObject): string {
  return typeof wanted === "string" && LEGACY_VERSIONS.includes(wanted) ? wanted : LEGACY;
}

function server({ version }: McpParts): JsonObject {
  return { name: "nanos", version };
}

function offered({ instructions }: McpParts): JsonObject {
  const resources = { subscribe: true };
  return {
    capabilities: { tools: {}, resources, prompts: {}, completions: {}, logging: {} },
    instructions,
  };
}

function announced({ name, description, input, output, reads }: McpTool): JsonObject {
  const annotations = { readOnlyHint: reads, ...(reads ? { openWorldHint: false } : {}) };
  return { name, description, inputSchema: input, outputSchema: output, annotations };
}
