import type { Json, JsonObject } from "../../std/json.ts";
import { hashOf } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { McpServer, ToolManifest } from "../../contracts/tool.ts";
import { failure, isFailure } from "../failures.ts";
import type { AnnouncedTool, Era } from "../mcp/session.ts";
import type { Bounds } from "../mcp/stdio.ts";
import { type Pool, warmPool } from "../pool.ts";
import { undeclared } from "../scopes.ts";
import type { BrokenTool } from "../tool-host.ts";
import {
  brokenSource,
  type Entry,
  type Kind,
  type Loaded,
  loadedTool,
  type Parts,
  skillOf,
} from "./kind.ts";
import { withLogin } from "../mcp/login/names.ts";
import { newPassage } from "../proxy/proxy.ts";
import {
  callServer,
  openHttp,
  renewing,
  type Running,
  type Server,
  type ServerSource,
  startServer,
} from "./mcp-call.ts";

/**
 * The tools of an MCP server, named `mcp__SERVER__TOOL`. A server on standard streams runs in the
 * sandbox, a server behind HTTP is reached through the gate like any fetch. What it announced is
 * kept with its configuration. Each new connection, and a server that says its list changed, is
 * asked for it again: a tool that is no longer what was kept is not called, and whatever changed is
 * listed anew at the next start, where the grant no longer fits it.
 */
export function mcpKind(parts: Parts): Kind {
  const pool: Pool<Running> = warmPool(parts.clock);
  return {
    name: "mcp",
    load: (source) => (source.from === "server" ? load(source, parts, pool) : null),
    leave: (request) => pool.leave(request),
    close: () => pool.close(),
  };
}

/** What is kept of a server: what it offers and how it is spoken to. */
interface Known {
  readonly era: Era;
  readonly tools: readonly AnnouncedTool[];
}

async function load(given: ServerSource, parts: Parts, pool: Pool<Running>): Promise<Loaded> {
  const source = { ...given, server: withLogin(given.name, given.server) };
  const scopes = scopesOf(source.server);
  if (isFailure(scopes)) return brokenSource(source, scopes);
  const missing = undeclared(source.skillScopes, scopes);
  if (missing !== null) {
    const message = `The server ${source.name} needs ${missing}, which its skill does not declare.`;
    return brokenSource(source, failure("tool.scope_undeclared", message));
  }
  const key = hashOf(["mcp", source.name, source.server as unknown as Json]);
  const known = readKnown(parts.cache.read(key)) ?? (await discover(source, scopes, parts));
  if (isFailure(known)) return brokenSource(source, known);
  parts.cache.write(key, known as unknown as JsonObject);
  return entriesOf({ source, parts, pool, scopes, ...known, key });
}

function entriesOf(server: Server): Loaded {
  const entries: Entry[] = [];
  const broken: BrokenTool[] = [];
  const seen = new Set<string>();
  for (const tool of server.tools) {
    const manifest = manifestOf(server, tool);
    if (!/^[a-zA-Z0-9_-]{1,128}$/u.test(manifest.name) || seen.has(manifest.name)) {
      const message = `The server ${server.source.name} announces a tool whose name cannot be used.`;
      const from = `${server.source.name}: ${tool.name.slice(0, 64)}`;
      broken.push({ source: from, failure: failure("mcp.protocol", message) });
      continue;
    }
    seen.add(manifest.name);
    entries.push({
      tool: {
        ...loadedTool(server.source, "mcp", manifest, server.source.server as unknown as Json),
        ...(tool.prompt && { prompt: `${server.source.name}:${tool.name}` }),
      },
      call: (call, reach, signal) => callServer({ server, tool, manifest, call, reach, signal }),
    });
  }
  return { entries, broken };
}

/**
 * Nothing a server says of its own harmlessness is believed, and that it destroys things is; what the
 * operator says of it counts more.
 */
function manifestOf({ source, scopes }: Server, tool: AnnouncedTool): ToolManifest {
  return {
    name: `mcp__${source.name}__${tool.name}`,
    description: tool.description.slice(0, LIMITS.toolDescriptionChars),
    input: tool.input,
    ...(tool.output === undefined ? {} : { output: tool.output }),
    scopes: [...scopes],
    repeatable: false,
    probe: false,
    // What one says of itself raises a rank and lowers none: it runs, and the operator looks at it.
    ...(tool.destructive ? { rank: "B" as const } : {}),
    ...source.server.tools?.[tool.name],
  };
}

/** What the operator's file says it may reach, and what starting or reaching it needs. */
function scopesOf(server: McpServer): readonly Scope[] | Failure {
  const given = server.scopes ?? [];
  if (server.command !== undefined) return [...new Set([...given, `exec:${server.command}`])];
  const url = server.url === undefined || !URL.canParse(server.url) ? null : new URL(server.url);
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    return failure("mcp.unreachable", "The server has neither a `command` nor an http `url`.");
  }
  const port = url.port || (url.protocol === "http:" ? "80" : "443");
  return [...new Set([...given, `net:${url.hostname}:${port}`])];
}

function readKnown(value: JsonObject | null): Known | null {
  if (value === null || !Array.isArray(value["tools"])) return null;
  return value as unknown as Known;
}

/** Starts or reaches the server once, to ask what it offers. */
async function discover(
  source: ServerSource,
  scopes: readonly Scope[],
  parts: Parts,
): Promise<Known | Failure> {
  const bounds: Bounds = { ms: LIMITS.describeMs, signal: new AbortController().signal };
  if (source.server.command === undefined) {
    const reach = parts.listing(skillOf(source, ""));
    return renewing(source, reach, async (onChallenge) => {
      const server = await openHttp(source, reach, bounds, null, onChallenge);
      if (isFailure(server)) return server;
      const tools = await server.tools();
      await server.close();
      return "code" in tools ? tools : { era: server.era, tools };
    });
  }
  // What it needs to start at all; nothing it could change or send anything with.
  const start = scopes.filter((scope) => /^(?:exec|read|env):/u.test(scope));
  const reaching = { scopes: start, workspace: parts.workspace };
  const passage = newPassage();
  let server = await startServer(source, parts, { ...reaching, passage }, bounds);
  // Some servers of the older revision end at a question they do not know.
  if (isFailure(server) && server.code === "mcp.unreachable") {
    server = await startServer(source, parts, { ...reaching, passage }, bounds, "legacy");
  }
  if (isFailure(server)) return server;
  const tools = await server.tools(bounds);
  await server.link.stop();
  return "code" in tools ? tools : { era: server.era, tools };
}
