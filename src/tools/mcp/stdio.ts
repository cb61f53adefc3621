import type { JsonObject } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Boxed } from "../../sandbox/sandbox.ts";
import { failure } from "../failures.ts";
import { ENVELOPE, LEGACY, LEGACY_VERSIONS, MODERN } from "../../std/mcp.ts";
import { type Link, openLink, type Reply } from "./link.ts";
import {
  type AnnouncedTool,
  broken,
  type Era,
  nextPage,
  readPrompts,
  readTools,
  tooMany,
} from "./session.ts";

/** An MCP server on the standard streams of a sandboxed process. */
export interface StdioServer {
  readonly link: Link;
  readonly era: Era;
  /** True once the server said that its tools changed; a new list clears it. */
  readonly stale: boolean;
  tools(options: Bounds): Promise<readonly AnnouncedTool[] | Failure>;
  call(tool: string, args: JsonObject, options: Bounds): Promise<Reply>;
  prompt(name: string, args: JsonObject, options: Bounds): Promise<Reply>;
}

export interface Bounds {
  readonly ms: number;
  readonly signal: AbortSignal;
  /** `traceparent` of the step a call is made in, for a server that keeps traces of its own. */
  readonly trace?: string;
}

/** What goes along with one call. */
export function metaOf({ trace }: Bounds): JsonObject {
  return trace === undefined ? {} : { traceparent: trace };
}

/**
 * Greets the server in the newest revision it understands. A server of the older one answers
 * `server/discover` with an error, or not at all; both are then greeted the old way. `era` skips
 * the question when the answer is known from before.
 */
export async function openStdioServer(
  boxed: Boxed,
  name: string,
  bounds: Bounds,
  era?: Era,
): Promise<StdioServer | Failure> {
  let stale = false;
  const link = openLink(boxed, {
    name,
    onNotification: (method) => {
      stale ||= /^notifications\/(?:tools|prompts)\/list_changed$/u.test(method);
    },
  });
  const spoken = await greet(link, name, bounds, era);
  if ("code" in spoken) {
    await link.stop();
    return spoken;
  }
  const own = spoken.era === "modern" ? envelope() : {};
  const meta = spoken.era === "modern" ? { _meta: own } : {};
  const along = (bounds: Bounds): JsonObject => ({ _meta: { ...own, ...metaOf(bounds) } });
  return {
    link,
    era: spoken.era,
    get stale() {
      return stale;
    },
    async tools(options) {
      stale = false;
      const tools = await listAll(link, { name, meta, ...TOOLS }, options);
      if ("code" in tools || !spoken.prompts) return tools;
      const prompts = await listAll(link, { name, meta, ...PROMPTS }, options);
      return "code" in prompts ? prompts : [...tools, ...prompts];
    },
    prompt: (one, args, options) =>
      link.request("prompts/get", { name: one, arguments: args, ...along(options) }, options),
    call: (tool, args, options) =>
      link.request("tools/call", { name: tool, arguments: args, ...along(options) }, options),
  };
}

const TOOLS = { method: "tools/list", read: readTools };
const PROMPTS = { method: "prompts/list", read: readPrompts };

/** How it is spoken to, and whether it says that it has prompts. */
interface Spoken {
  readonly era: Era;
  readonly prompts: boolean;
}

function hasPrompts({ result }: Extract<Reply, { ok: true }>): boolean {
  const can = isObject(result) ? result["capabilities"] : undefined;
  return isObject(can) && isObject(can["prompts"]);
}

/** How long an old server may take to refuse a question it does not know. */
const PROBE_MS = 2_000;

async function greet(
  link: Link,
  name: string,
  bounds: Bounds,
  era: Era | undefined,
): Promise<Spoken | Failure> {
  if (era !== "legacy") {
    const probe = { ms: era ? bounds.ms : Math.min(PROBE_MS, bounds.ms), signal: bounds.signal };
    const reply = await link.request("server/discover", { _meta: envelope() }, probe);
    if (reply.ok && offersModern(reply)) return { era: "modern", prompts: hasPrompts(reply) };
    if (link.broken) return unreachable(name, link.broken);
    if (bounds.signal.aborted && !reply.ok) return reply.failure;
  }
  return initialize(link, name, bounds);
}

async function initialize(link: Link, name: string, bounds: Bounds): Promise<Spoken | Failure> {
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT };
  const reply = await link.request("initialize", params, bounds);
  if (!reply.ok) return link.broken || reply.rpc ? unreachable(name, reply.failure) : reply.failure;
  const version = isObject(reply.result) ? reply.result["protocolVersion"] : undefined;
  if (typeof version !== "string" || !SPOKEN.includes(version)) {
    return broken(name, `it speaks revision ${JSON.stringify(version ?? null).slice(0, 40)}`);
  }
  link.notify("notifications/initialized", {});
  return { era: "legacy", prompts: hasPrompts(reply) };
}

/** Tools look the same in all of these. */
const SPOKEN: readonly string[] = [...LEGACY_VERSIONS, "2024-11-05"];

async function listAll(
  link: Link,
  { name, meta, method, read }: typeof TOOLS & { readonly name: string; readonly meta: JsonObject },
  bounds: Bounds,
): Promise<readonly AnnouncedTool[] | Failure> {
  const all: AnnouncedTool[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < LIMITS.mcpPages; page++) {
    const params: JsonObject = { ...meta, ...(cursor === null ? {} : { cursor }) };
    const reply = await link.request(method, params, bounds);
    if (!reply.ok) return reply.failure;
    const tools = read(name, reply.result);
    if ("code" in tools) return tools;
    all.push(...tools);
    if (all.length > LIMITS.mcpTools) return tooMany(name);
    cursor = nextPage(reply.result);
    if (cursor === null) return all;
  }
  return broken(name, `its ${method} has no end`);
}

function offersModern(reply: Extract<Reply, { ok: true }>): boolean {
  const { result } = reply;
  const versions = isObject(result) ? result["supportedVersions"] : undefined;
  return Array.isArray(versions) && versions.includes(MODERN);
}

function unreachable(name: string, cause: Failure): Failure {
  // How a process ended says more than that it did not greet back.
  if (cause.code.startsWith("tool.") && cause.code !== "tool.crashed") return cause;
  return failure("mcp.unreachable", `${name} does not answer as an MCP server: ${cause.message}`);
}

const CLIENT = { name: "nanos", version: "1" };

/** What every request of the stateless revision says of its sender. */
export function envelope(): JsonObject {
  return {
    [ENVELOPE.version]: MODERN,
    [ENVELOPE.client]: CLIENT,
    [ENVELOPE.capabilities]: {},
  };
}
