import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { hashOf as hashJson } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { McpServer, ToolManifest } from "../../contracts/tool.ts";
import { failure, isFailure } from "../failures.ts";
import { type AnnouncedTool, type Era, readResult } from "../mcp/session.ts";
import { type Bounds, openStdioServer, type StdioServer } from "../mcp/stdio.ts";
import type { HttpServer } from "../mcp/http.ts";
import { placeOf } from "../runtime/context.ts";
import type { Moved } from "../runtime/wire.ts";
import { type Pool, warmPool } from "../pool.ts";
import { undeclared } from "../scopes.ts";
import type { BrokenTool, Reach, ToolCall, ToolResult } from "../tool-host.ts";
import {
  brokenSource,
  type Entry,
  failed,
  type Kind,
  labelOf,
  type Loaded,
  loadedTool,
  notAnObject,
  type Parts,
  type Source,
} from "./kind.ts";
import { programSpec } from "./program.ts";

/**
 * The tools of an MCP server, named `mcp__SERVER__TOOL`. A server on standard streams runs in the
 * sandbox, a server behind HTTP is reached through the gate like any fetch. What it announced is
 * kept with its configuration; at each new start the tool about to be called is compared with what
 * was kept, so that a server that changes a tool after it was looked at is stopped there.
 */
export function mcpKind(parts: Parts): Kind {
  const pool: Pool<StdioServer> = warmPool(parts.clock);
  return {
    name: "mcp",
    load: (source) => (source.from === "server" ? load(source, parts, pool) : null),
    close: () => pool.close(),
  };
}

type ServerSource = Extract<Source, { from: "server" }>;

/** What is kept of a server: what it offers and how it is spoken to. */
interface Known {
  readonly era: Era;
  readonly tools: readonly AnnouncedTool[];
}

async function load(
  source: ServerSource,
  parts: Parts,
  pool: Pool<StdioServer>,
): Promise<Loaded> {
  const scopes = scopesOf(source.server);
  if (isFailure(scopes)) return brokenSource(source, scopes);
  const missing = undeclared(source.skillScopes, scopes);
  if (missing !== null) {
    const message = `The server ${source.name} needs ${missing}, which its skill does not declare.`;
    return brokenSource(source, failure("tool.scope_undeclared", message));
  }
  const key = hashJson(["mcp", source.name, source.server as unknown as Json]);
  const known = readKnown(parts.cache.read(key)) ?? (await discover(source, scopes, parts));
  if (isFailure(known)) return brokenSource(source, known);
  parts.cache.write(key, known as unknown as JsonObject);
  return entriesOf({ source, parts, pool, scopes, era: known.era, key }, known.tools);
}

interface Server {
  readonly source: ServerSource;
  readonly parts: Parts;
  readonly pool: Pool<StdioServer>;
  readonly scopes: readonly Scope[];
  readonly era: Era;
  readonly key: string;
}

function entriesOf(server: Server, tools: readonly AnnouncedTool[]): Loaded {
  const entries: Entry[] = [];
  const broken: BrokenTool[] = [];
  const seen = new Set<string>();
  for (const tool of tools) {
    const manifest = manifestOf(server, tool);
    if (!/^[a-zA-Z0-9_-]{1,128}$/u.test(manifest.name) || seen.has(manifest.name)) {
      const message = `The server ${server.source.name} announces a tool whose name cannot be used.`;
      broken.push({ source: `${server.source.name}: ${tool.name.slice(0, 64)}`, failure: failure("mcp.protocol", message) });
      continue;
    }
    seen.add(manifest.name);
    entries.push({
      tool: loadedTool(server.source, "mcp", manifest),
      call: (call, reach, signal) => callTool(server, tool, manifest, call, reach, signal),
    });
  }
  return { entries, broken };
}

const MAX_DESCRIPTION = 4_096;

/** Nothing a server says of its own harmlessness is believed. */
function manifestOf({ source, scopes }: Server, tool: AnnouncedTool): ToolManifest {
  return {
    name: `mcp__${source.name}__${tool.name}`,
    description: tool.description.slice(0, MAX_DESCRIPTION),
    input: tool.input,
    ...(tool.output === undefined ? {} : { output: tool.output }),
    scopes: [...scopes],
    repeatable: false,
    probe: false,
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
    const server = await openHttp(source, parts.listing, bounds);
    if (isFailure(server)) return server;
    const tools = await server.tools();
    await server.close();
    return "code" in tools ? tools : { era: server.era, tools };
  }
  // What it needs to start at all; nothing it could change or send anything with.
  const start = scopes.filter((scope) => /^(?:exec|read|env):/u.test(scope));
  const reaching = { scopes: start, workspace: parts.workspace };
  const server = await startStdio(source, parts, reaching, bounds);
  if (isFailure(server)) return server;
  const tools = await server.tools(bounds);
  await server.link.stop();
  return "code" in tools ? tools : { era: server.era, tools };
}

async function callTool(
  server: Server,
  tool: AnnouncedTool,
  manifest: ToolManifest,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<ToolResult> {
  const { args } = call;
  if (!isObject(args)) return notAnObject(call);
  if (server.source.server.command === undefined) {
    return callHttp(server, tool, manifest, args, call, reach, signal);
  }
  const bounds = { ms: call.ms, signal };
  const writes = call.scopes.some((scope) => scope.startsWith("write:"));
  return writes
    ? callStaged(server, tool, manifest, args, call, bounds)
    : callWarm(server, tool, manifest, args, call, bounds);
}

async function callWarm(
  server: Server,
  tool: AnnouncedTool,
  manifest: ToolManifest,
  args: JsonObject,
  call: ToolCall,
  bounds: Bounds,
): Promise<ToolResult> {
  const { parts, pool, key } = server;
  const run = call.step.split(".", 1)[0] ?? "";
  const place = JSON.stringify([key, run, call.workspace, call.scopes]);
  const open = await pool.acquire(place, () => startAndCompare(server, tool, call, null, bounds));
  if (isFailure(open)) return failed(open, tierOf(parts));
  try {
    const changed = open.stale ? await compare(server, tool, open, bounds) : null;
    if (changed) {
      pool.retire(open);
      return failed(changed, open.link.boxed.tier);
    }
    const reply = await open.call(tool.name, args, bounds);
    if (!reply.ok && reply.rpc === undefined) pool.retire(open);
    return resultOf(server, manifest, tool, reply, open);
  } finally {
    pool.release(open);
  }
}

async function callStaged(
  server: Server,
  tool: AnnouncedTool,
  manifest: ToolManifest,
  args: JsonObject,
  call: ToolCall,
  bounds: Bounds,
): Promise<ToolResult> {
  const { stages } = server.parts;
  const open = await startAndCompare(server, tool, call, stages.folder(call.step), bounds);
  if (isFailure(open)) return failed(open, tierOf(server.parts));
  const { boxed } = open.link;
  const moved = renamed(args, boxed.mapping) as JsonObject;
  const reply = await open.call(tool.name, moved, bounds);
  const result = resultOf(server, manifest, tool, reply, open);
  await open.link.stop();
  if (!result.ok) {
    await boxed.discard();
    return result;
  }
  const staged = await stages.keep(call.step, boxed);
  if (staged !== null && isFailure(staged)) return failed(staged, boxed.tier);
  const back = boxed.mapping.map(({ real, staged: copy }) => ({ real: copy, staged: real }));
  return { ...result, output: renamed(result.output, back), staged };
}

/** Every text that is a path of what was moved, as the path it was moved to. */
function renamed(value: Json, moved: readonly Moved[]): Json {
  if (typeof value === "string") return placeOf(value, moved);
  if (Array.isArray(value)) return value.map((item: Json) => renamed(item, moved));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renamed(item, moved)]));
}

function resultOf(
  { source }: Server,
  manifest: ToolManifest,
  tool: AnnouncedTool,
  reply: Awaited<ReturnType<StdioServer["call"]>>,
  { link }: StdioServer,
): ToolResult {
  const isolation = link.boxed.tier;
  if (!reply.ok) return failed(reply.failure, isolation);
  const result = readResult(source.name, tool.name, reply.result);
  if (!result.ok) return failed(result.failure, isolation);
  return { ok: true, output: result.output, isolation, label: labelOf(manifest), staged: null };
}

/** A started server, once the tool to be called is still what it was when it was listed. */
async function startAndCompare(
  server: Server,
  tool: AnnouncedTool,
  call: ToolCall,
  stage: string | null,
  bounds: Bounds,
): Promise<StdioServer | Failure> {
  const { source, parts, era } = server;
  const open = await startStdio(source, parts, { ...call, stage }, bounds, era);
  if (isFailure(open)) return open;
  const changed = await compare(server, tool, open, bounds);
  if (changed === null) return open;
  await open.link.stop();
  if (stage !== null) await open.link.boxed.discard();
  return changed;
}

async function compare(
  { source, parts, key }: Server,
  tool: AnnouncedTool,
  open: StdioServer,
  bounds: Bounds,
): Promise<Failure | null> {
  const now = await open.tools(bounds);
  if (isFailure(now)) return now;
  const same = now.find(({ name }) => name === tool.name);
  const as = (one: AnnouncedTool): string => hashJson(one as unknown as Json);
  if (same && as(same) === as(tool)) return null;
  parts.cache.drop(key);
  const message = `The server ${source.name} no longer offers ${tool.name} as it was listed.`;
  return failure("tool.changed", message);
}

interface Reaching {
  readonly scopes: readonly Scope[];
  readonly workspace: string;
  readonly stage?: string | null;
}

async function startStdio(
  source: ServerSource,
  parts: Parts,
  { scopes, workspace, stage = null }: Reaching,
  bounds: Bounds,
  era?: Era,
): Promise<StdioServer | Failure> {
  const { command = "", args = [], env = {} } = source.server;
  const program = {
    argv: [command, ...args],
    scopes,
    workspace,
    ms: bounds.ms,
    stage,
    warm: stage === null,
    set: env,
  };
  const spec = programSpec(program, source, parts);
  if (isFailure(spec)) return spec;
  const boxed = await parts.sandbox.start(spec);
  if (isFailure(boxed)) return boxed;
  return openStdioServer(boxed, source.name, bounds, era);
}

async function callHttp(
  server: Server,
  tool: AnnouncedTool,
  manifest: ToolManifest,
  args: JsonObject,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<ToolResult> {
  const { source } = server;
  const open = await openHttp(source, reach, { ms: call.ms, signal }, server.era);
  if (isFailure(open)) return failed(open, "host");
  const result = await open.call(tool.name, args);
  await open.close();
  if (!result.ok) return failed(result.failure, "host");
  const { output } = result;
  return { ok: true, output, isolation: "host", label: labelOf(manifest), staged: null };
}

async function openHttp(
  source: ServerSource,
  reach: Reach,
  bounds: Bounds,
  era?: Era,
): Promise<HttpServer | Failure> {
  const { openHttpServer } = await import("../mcp/http.ts");
  const { url = "", headers = {} } = source.server;
  return openHttpServer({ name: source.name, url, headers, reach, bounds, era: era ?? null });
}

function tierOf(parts: Parts): "host" | NonNullable<ReturnType<Parts["sandbox"]["tier"]>> {
  return parts.sandbox.tier("program", false) ?? "host";
}
