import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { hashOf, traceparent } from "../../std/hash.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Scope } from "../../contracts/scope.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import { failure, isFailure } from "../failures.ts";
import { hostFor } from "../handles.ts";
import type { Challenge, HttpServer } from "../mcp/http.ts";
import { loginNeeded, refreshSecret, renewHost } from "../mcp/login/names.ts";
import type { Reply } from "../mcp/link.ts";
import { type AnnouncedTool, type Era, readPrompt, readResult } from "../mcp/session.ts";
import { type Bounds, openStdioServer, type StdioServer } from "../mcp/stdio.ts";
import { type Pool, requestOf } from "../pool.ts";
import { newPassage, type Passage, type Proxy, reachedOf } from "../proxy/proxy.ts";
import { placeOf } from "../runtime/context.ts";
import type { Moved } from "../runtime/wire.ts";
import type { Reach, ToolCall, ToolResult } from "../tool-host.ts";
import { withRealPlaces } from "../stages.ts";
import { failed, heldBy, labelOf, notAnObject, type Parts, type Source } from "./kind.ts";
import { programTier, startProgram } from "./program.ts";
import { askFor, lentEnv } from "./secrets.ts";

export type ServerSource = Extract<Source, { from: "server" }>;

/** A server that was asked what it offers. */
export interface Server {
  readonly source: ServerSource;
  readonly parts: Parts;
  readonly pool: Pool<Running>;
  readonly scopes: readonly Scope[];
  readonly era: Era;
  /** What it announced when it was listed, which is kept under `key`. */
  readonly tools: readonly AnnouncedTool[];
  readonly key: string;
}

/** One call of one tool of a server. */
export interface ServerCall {
  readonly server: Server;
  readonly tool: AnnouncedTool;
  readonly manifest: ToolManifest;
  readonly call: ToolCall;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** The same, with the variables its process is started with. */
interface StartedCall extends ServerCall {
  readonly env: Readonly<Record<string, string>>;
}

/** Calls a tool of a server, wherever the server is. */
export async function callServer(given: ServerCall): Promise<ToolResult> {
  const { args } = given.call;
  if (!isObject(args)) return notAnObject(given.call);
  const { source, parts } = given.server;
  if (source.server.command === undefined) return callHttp(given, args);
  const { call, reach } = given;
  const lent = await lentEnv(call.scopes, source.server.env ?? {}, parts, reach);
  if ("code" in lent) return failed(lent, programTier(parts, call.scopes));
  const started = { ...given, env: lent.env };
  const writes = call.scopes.some((scope) => scope.startsWith("write:"));
  return writes ? callStaged(started, args) : callWarm(started, args);
}

/** A started server with its way to the network, which is open while calls are. */
export type Running = StdioServer & { readonly proxy: Proxy | null };

async function callWarm(given: StartedCall, args: JsonObject): Promise<ToolResult> {
  const { server, tool, call } = given;
  const { parts, pool, key } = server;
  const passage = newPassage();
  const request = requestOf(call.step);
  const place = { request, key: JSON.stringify([key, call.workspace, call.scopes]) };
  const open = await pool.acquire(place, () => startAndCompare(given, null, passage));
  if (isFailure(open)) {
    return { ...failed(open, programTier(parts, call.scopes)), ...reachedOf(passage) };
  }
  open.proxy?.enter(passage);
  try {
    const changed = open.stale ? await compare(given, open) : null;
    if (changed) {
      pool.retire(open);
      return { ...failed(changed, open.link.boxed), ...reachedOf(passage) };
    }
    const reply = await asked(open, tool)(tool.name, args, boundsOf(given));
    if (!reply.ok && reply.rpc === undefined) pool.retire(open);
    return { ...resultOf(given, reply, open), ...reachedOf(passage) };
  } finally {
    open.proxy?.leave(passage);
    pool.release(open);
  }
}

async function callStaged(given: StartedCall, args: JsonObject): Promise<ToolResult> {
  const { server, tool, call } = given;
  const { stages } = server.parts;
  const passage = newPassage();
  const open = await startAndCompare(given, await stages.fresh(call.step), passage);
  if (isFailure(open)) {
    return { ...failed(open, programTier(server.parts, call.scopes)), ...reachedOf(passage) };
  }
  const { boxed } = open.link;
  const moved = renamed(args, boxed.mapping) as JsonObject;
  const reply = await asked(open, tool)(tool.name, moved, boundsOf(given));
  await open.link.stop();
  const result = { ...resultOf(given, reply, open), ...reachedOf(passage) };
  if (!result.ok) {
    await boxed.discard();
    const message = withRealPlaces(result.failure.message, boxed.mapping);
    return { ...result, failure: { ...result.failure, message } };
  }
  const staged = await stages.keep(call.step, boxed);
  if (staged !== null && isFailure(staged)) {
    return { ...failed(staged, boxed), ...reachedOf(passage) };
  }
  return { ...result, output: withRealPlaces(result.output, boxed.mapping), staged };
}

/** A prompt is asked for, a tool called. */
function asked(open: StdioServer, { prompt }: AnnouncedTool): StdioServer["call"] {
  return prompt ? open.prompt : open.call;
}

/** Every text that is a path of what was moved, as the path it was moved to. */
function renamed(value: Json, moved: readonly Moved[]): Json {
  if (typeof value === "string") return placeOf(value, moved);
  if (Array.isArray(value)) return value.map((item: Json) => renamed(item, moved));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, renamed(item, moved)]),
  );
}

function boundsOf({ call, signal }: ServerCall): Bounds {
  return { ms: call.ms, signal, trace: traceparent(requestOf(call.step), call.step) };
}

function resultOf(given: ServerCall, reply: Reply, { link }: StdioServer): ToolResult {
  const { server, tool, manifest } = given;
  const { boxed } = link;
  if (!reply.ok) return failed(reply.failure, boxed);
  const read = tool.prompt ? readPrompt : readResult;
  const result = read(server.source.name, tool.name, reply.result);
  if (!result.ok) return failed(result.failure, boxed);
  const { output } = result;
  return { ok: true, output, ...heldBy(boxed), label: labelOf(manifest), staged: null };
}

/** A started server, once the tool to be called is still what it was when it was listed. */
async function startAndCompare(
  given: StartedCall,
  stage: string | null,
  passage: Passage,
): Promise<Running | Failure> {
  const { source, parts, era } = given.server;
  const reaching = { ...given.call, env: given.env, stage, passage };
  const open = await startServer(source, parts, reaching, boundsOf(given), era);
  if (isFailure(open)) return open;
  const changed = await compare(given, open);
  if (changed === null) return open;
  await open.link.stop();
  if (stage !== null) await open.link.boxed.discard();
  return changed;
}

async function compare(given: ServerCall, open: StdioServer): Promise<Failure | null> {
  return changedSince(given, await open.tools(boundsOf(given)));
}

/** Why the tool may not be called, now that its server offers these: it is not what was listed. */
function changedSince(
  { server, tool }: ServerCall,
  now: readonly AnnouncedTool[] | Failure,
): Failure | null {
  if (isFailure(now)) return now;
  const as = (one: AnnouncedTool): string => hashOf(one as unknown as Json);
  const offered = new Set(now.map(as));
  if (now.length === server.tools.length && server.tools.every((one) => offered.has(as(one)))) {
    return null;
  }
  // Whatever changed, the next start lists it anew and compares it with what was granted.
  server.parts.cache.drop(server.key);
  if (offered.has(as(tool))) return null;
  const message = `The server ${server.source.name} no longer offers ${tool.name} as it was listed.`;
  return failure("tool.changed", message);
}

/** What a started server may reach. */
interface Reaching {
  readonly scopes: readonly Scope[];
  readonly granted?: readonly string[];
  readonly workspace: string;
  /** Its variables; what the operator's file says where nothing is given, handles as they are. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stage?: string | null;
  /** The call it is started for. */
  readonly passage: Passage;
}

/** Starts a server of standard streams in the sandbox and greets it. */
export async function startServer(
  source: ServerSource,
  parts: Parts,
  { scopes, granted = [], workspace, env, stage = null, passage }: Reaching,
  bounds: Bounds,
  era?: Era,
): Promise<Running | Failure> {
  const { command = "", args = [], env: own = {} } = source.server;
  const argv = [command, ...args];
  const warm = stage === null;
  const set = env ?? own;
  const program = { argv, scopes, granted, workspace, ms: bounds.ms, stage, warm, set };
  const started = await startProgram(program, source, parts, passage);
  if (isFailure(started)) return started;
  const server = await openStdioServer(started.boxed, source.name, bounds, era);
  return isFailure(server) ? server : Object.assign(server, { proxy: started.proxy });
}

async function callHttp(given: ServerCall, args: JsonObject): Promise<ToolResult> {
  const { manifest, reach } = given;
  const { source } = given.server;
  const { headers = {}, url = "" } = source.server;
  const refused = await askFor(headers, hostFor(url), reach);
  if (refused) return failed(refused, "host");
  const result = await renewing(source, reach, (onChallenge) => askHttp(given, args, onChallenge));
  if (isFailure(result)) return failed(result, "host");
  if (!result.ok) return failed(result.failure, "host");
  const { output } = result;
  return { ok: true, output, isolation: "host", label: labelOf(manifest), staged: null };
}

type OnChallenge = (challenge: Challenge) => void;

async function askHttp(
  given: ServerCall,
  args: JsonObject,
  onChallenge: OnChallenge,
): Promise<ReturnType<typeof readResult>> {
  const { server, tool, reach } = given;
  const open = await openHttp(server.source, reach, boundsOf(given), server.era, onChallenge);
  if (isFailure(open)) return { ok: false, failure: open };
  const changed = changedSince(given, await open.tools());
  const result = changed
    ? { ok: false as const, failure: changed }
    : await (tool.prompt ? open.prompt : open.call)(tool.name, args);
  await open.close();
  return result;
}

/**
 * What `act` comes to; where the server knows the token of a login no more, once again with the next
 * one, which is asked for past the gate like everything that is sent. What was refused was not done.
 */
export async function renewing<T>(
  { name, server }: ServerSource,
  reach: Reach,
  act: (onChallenge: OnChallenge) => Promise<T>,
): Promise<T | Failure> {
  let expired = false;
  const once = (): Promise<T> => {
    expired = false;
    return act(({ status }) => {
      expired ||= status === 401;
    });
  };
  const came = await once();
  const host = renewHost(server);
  if (!expired || host === null) return came;
  const granted = await reach({ kind: "secret", name: refreshSecret(name), host, renew: true });
  if (granted.ok) return once();
  const { failure: why } = granted;
  return why.code === "mcp.login_needed" ? loginNeeded(name, why.message) : why;
}

/** Connects to a server behind HTTP; `era` is what is known of it from before. */
export async function openHttp(
  source: ServerSource,
  reach: Reach,
  bounds: Bounds,
  era: Era | null = null,
  onChallenge: OnChallenge = () => undefined,
): Promise<HttpServer | Failure> {
  const { openHttpServer } = await import("../mcp/http.ts");
  const { url = "", headers = {} } = source.server;
  return openHttpServer({ name: source.name, url, headers, reach, bounds, era, onChallenge });
}
