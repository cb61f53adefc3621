import { existsSync } from "node:fs";
import { LIMITS } from "../../std/limits.ts";
import { localDate, systemClock } from "../../std/clock.ts";
import { messageOf } from "../../std/error.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Tier } from "../../contracts/isolation.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import type { Boxed, ProcessSpec } from "../../sandbox/sandbox.ts";
import { boxOf } from "../box.ts";
import { hashTrees } from "../cache.ts";
import { failure, isFailure, TOOL_FAILURES, type ToolFailureCode } from "../failures.ts";
import { type Link, openLink, type Reply } from "../mcp/link.ts";
import { missingScope, readOsError } from "../missing.ts";
import { type Pool, requestOf, warmPool } from "../pool.ts";
import { type CallMeta, WIRE } from "../runtime/wire.ts";
import { hostOf, onlyComputes, pathsOf, undeclared } from "../scopes.ts";
import type { Reach, ToolCall, ToolResult } from "../tool-host.ts";
import {
  bareHere,
  brokenSource,
  type Entry,
  failed,
  heldBy,
  type Kind,
  labelOf,
  type Loaded,
  loadedTool,
  type Parts,
  type Source,
} from "./kind.ts";

/**
 * A TypeScript file that default-exports a tool. It is imported inside the sandbox and nowhere
 * else: once without any reach to learn what it declares, then per call with what the call may
 * reach. Calls that may write get a process and a stage of their own; the others of one run share
 * a warm one.
 */
export function moduleKind(parts: Parts): Kind {
  const pool: Pool<Host> = warmPool(parts.clock);
  return {
    name: "module",
    load: (source) =>
      source.from === "file" && /\.[mc]?ts$/u.test(source.file) ? load(source, parts, pool) : null,
    leave: (request) => pool.leave(request),
    close: () => pool.close(),
  };
}

type FileSource = Extract<Source, { from: "file" }>;

/** A started tool host. */
interface Host {
  readonly link: Link;
}

async function load(source: FileSource, parts: Parts, pool: Pool<Host>): Promise<Loaded> {
  let hash: string;
  try {
    hash = hashOf(source);
  } catch (error) {
    return brokenSource(source, failure("tool.import_failed", `${messageOf(error)}.`));
  }
  const manifest = await manifestOf(source, hash, parts);
  if (isFailure(manifest)) return brokenSource(source, manifest);
  const missing = undeclared(source.skillScopes, manifest.scopes);
  if (missing !== null) {
    const message = `${manifest.name} declares ${missing}, which its skill does not.`;
    return brokenSource(source, failure("tool.scope_undeclared", message));
  }
  const entry: Entry = {
    tool: loadedTool(source, "module", manifest, hash),
    call: (call, reach, signal) =>
      callModule({ source, hash, manifest, parts, pool }, call, reach, signal),
  };
  return { entries: [entry], broken: [] };
}

/** Over the file and everything it can import: a change is a new tool. */
function hashOf(source: FileSource): string {
  return hashTrees([source.file, ...source.own], "module");
}

async function manifestOf(
  source: FileSource,
  hash: string,
  parts: Parts,
): Promise<ToolManifest | Failure> {
  const known = parts.cache.read(hash)?.["manifest"];
  if (isObject(known)) return known as unknown as ToolManifest;
  const manifest = await describe(source, parts);
  if (!isFailure(manifest)) {
    parts.cache.write(hash, { manifest: manifest as unknown as Json });
  }
  return manifest;
}

/**
 * Starts the file with no reach beyond its own code and asks what it is. Where that is held by an
 * engine that lacks what it imports, or by nothing, it is started as it was marked.
 */
async function describe(source: FileSource, parts: Parts): Promise<ToolManifest | Failure> {
  const held = await describeIn(source, parts, undefined);
  const unconfined = bareHere(parts, source, { kind: "host", net: false });
  return isFailure(held) && unconfined ? describeIn(source, parts, unconfined) : held;
}

async function describeIn(
  source: FileSource,
  parts: Parts,
  unconfined: true | undefined,
): Promise<ToolManifest | Failure> {
  const reaching = { scopes: [], workspace: parts.workspace, ms: LIMITS.describeMs };
  const spec = hostSpec(source, parts, reaching, null);
  const pure = unconfined === undefined;
  const run = { kind: "host", file: source.file, pure } as const;
  const boxed = await parts.sandbox.start({ ...spec, run, ...(unconfined && { unconfined }) });
  if (isFailure(boxed)) return boxed;
  const link = openLink(boxed, { name: source.file });
  const { signal } = new AbortController();
  const reply = await link.request("tools/list", {}, { ms: LIMITS.describeMs, signal });
  await link.stop();
  if (!reply.ok) return describedFailure(source, reply);
  return readManifest(source, reply.result);
}

async function readManifest(source: FileSource, result: Json): Promise<ToolManifest | Failure> {
  const tools = isObject(result) ? result["tools"] : undefined;
  const tool = Array.isArray(tools) ? (tools[0] as Json) : undefined;
  const meta = isObject(tool) ? tool["_meta"] : undefined;
  const { ToolManifest: schema } = await import("../../contracts/tool.ts");
  const read = schema.safeParse(isObject(meta) ? meta[WIRE.manifest] : undefined);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const where = issue?.path.map(String).join(".") || "tool";
  const message = `${source.file} declares something else than a tool: ${where}: ${issue?.message ?? ""}.`;
  return failure("tool.bad_manifest", message);
}

function describedFailure(source: FileSource, reply: Extract<Reply, { ok: false }>): Failure {
  const data = reply.rpc?.data;
  const told = isObject(data ?? null) ? (data as JsonObject)["failure"] : undefined;
  if (!isObject(told)) return reply.failure;
  return toolFailure(told, "tool.import_failed", source.file);
}

/** What the host says went wrong, believed only in its words. */
function toolFailure(told: JsonObject, otherwise: ToolFailureCode, name: string): Failure {
  const { code, message, next } = told;
  const known = typeof code === "string" && code in TOOL_FAILURES && code.startsWith("tool.");
  return failure(
    known ? (code as ToolFailureCode) : otherwise,
    typeof message === "string" ? message.slice(0, MAX_MESSAGE) : `${name} failed.`,
    typeof next === "string" ? next.slice(0, MAX_MESSAGE) : undefined,
  );
}

const MAX_MESSAGE = 4_096;

interface Module {
  readonly source: FileSource;
  readonly hash: string;
  readonly manifest: ToolManifest;
  readonly parts: Parts;
  readonly pool: Pool<Host>;
}

async function callModule(
  module: Module,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<ToolResult> {
  const reads = call.scopes.filter((scope) => !scope.startsWith("write:"));
  // A probe only looks.
  if (call.probe === true || reads.length === call.scopes.length) {
    return callWarm(module, { ...call, scopes: reads }, reach, signal);
  }
  return callStaged(module, call, reach, signal);
}

async function callWarm(
  module: Module,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<ToolResult> {
  const { hash, parts, pool } = module;
  // A box shows what is there when it is closed: what comes later is for another process.
  const there = pathsOf(call.scopes, "read", call.workspace).map((path) => existsSync(path));
  const key = JSON.stringify([hash, call.workspace, call.scopes, there]);
  const place = { request: requestOf(call.step), key };
  const host = await pool.acquire(place, () => startHost(module, call, null));
  if (isFailure(host)) return failed(host, tierOf(parts));
  try {
    const reply = await ask(module, host.link, call, reach, signal);
    const stuck = !reply.ok && reply.rpc === undefined;
    // A tool that did not answer in time, or was told to stop, may go on working: not for others.
    if (stuck) pool.retire(host);
    return resultOf(module, call, reply, host.link.boxed);
  } catch (error) {
    pool.retire(host);
    throw error;
  } finally {
    pool.release(host);
  }
}

async function callStaged(
  module: Module,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<ToolResult> {
  const { parts } = module;
  const host = await startHost(module, call, await parts.stages.fresh(call.step));
  if (isFailure(host)) return failed(host, tierOf(parts));
  const { link } = host;
  let result: ToolResult | null = null;
  try {
    result = resultOf(module, call, await ask(module, link, call, reach, signal), link.boxed);
    if (result.ok) await endPolitely(link.boxed);
  } finally {
    await link.stop();
    if (!result?.ok) await link.boxed.discard();
  }
  if (!result.ok) return result;
  const staged = await parts.stages.keep(call.step, link.boxed);
  if (staged !== null && isFailure(staged)) return failed(staged, link.boxed);
  return { ...result, staged };
}

/** Closes the input and waits a moment for the process to end by itself. */
async function endPolitely(boxed: Boxed): Promise<void> {
  const over = new AbortController();
  boxed.endInput();
  await Promise.race([boxed.ended, systemClock.sleep(LIMITS.lastWordsMs, over.signal)]);
  over.abort();
}

/** Starts a host for these scopes, after a look whether the file is still the one that was listed. */
async function startHost(
  module: Module,
  call: ToolCall,
  stage: string | null,
): Promise<Host | Failure> {
  const { source, hash, manifest, parts } = module;
  if (hashOf(source) !== hash) {
    return failure("tool.changed", `The files of ${manifest.name} changed since it was loaded.`);
  }
  const boxed = await parts.sandbox.start(hostSpec(source, parts, call, stage));
  if (isFailure(boxed)) return boxed;
  return { link: openLink(boxed, { name: manifest.name }) };
}

function hostSpec(
  source: FileSource,
  parts: Parts,
  { scopes, workspace, ms }: Pick<ToolCall, "scopes" | "workspace" | "ms">,
  stage: string | null,
): ProcessSpec {
  const own = [source.file, ...source.own];
  const warm = stage === null;
  const pure = onlyComputes(scopes);
  const unconfined = bareHere(parts, source, hostOf(scopes));
  return {
    run: { kind: "host", file: source.file, pure },
    cwd: "/",
    box: boxOf({ scopes, workspace, own, env: parts.env, ms, warm }),
    stage,
    ...(unconfined && { unconfined }),
  };
}

function ask(
  { manifest }: Module,
  link: Link,
  call: ToolCall,
  reach: Reach,
  signal: AbortSignal,
): Promise<Reply> {
  const meta: CallMeta = {
    workspace: call.workspace,
    now: call.now,
    today: localDate(call.now),
    moved: link.boxed.mapping,
    ...(call.probe === true ? { probe: true } : {}),
  };
  const params: JsonObject = {
    name: manifest.name,
    arguments: call.args,
    _meta: { [WIRE.call]: meta as unknown as Json },
  };
  return link.request("tools/call", params, {
    ms: call.ms,
    signal,
    asks: (method, wanted) => answerTool(method, wanted, reach),
  });
}

/** What the tool asks back for, checked and passed on. */
async function answerTool(method: string, params: JsonObject, reach: Reach): Promise<Reply> {
  const wanted = method === WIRE.fetch ? wantedFetch(params) : wantedSecret(method, params);
  if (wanted === null) {
    return { ok: false, failure: failure("tool.failed", `${method} was asked for wrongly.`) };
  }
  const granted = await reach(wanted);
  return granted.ok ? { ok: true, result: granted.value } : { ok: false, failure: granted.failure };
}

type Wanted = Parameters<Reach>[0];

function wantedFetch({ method, url, headers, body }: JsonObject): Wanted | null {
  if (typeof method !== "string" || typeof url !== "string") return null;
  const given = isObject(headers) ? Object.entries(headers) : [];
  if (given.some(([, value]) => typeof value !== "string")) return null;
  return {
    kind: "fetch",
    method,
    url,
    headers: Object.fromEntries(given) as Record<string, string>,
    body: typeof body === "string" ? body : null,
  };
}

function wantedSecret(method: string, { name, host }: JsonObject): Wanted | null {
  if (method !== WIRE.secret || typeof name !== "string" || typeof host !== "string") return null;
  return { kind: "secret", name, host };
}

function resultOf(module: Module, call: ToolCall, reply: Reply, boxed: Boxed): ToolResult {
  const { manifest } = module;
  if (!reply.ok) return failed(reply.failure, boxed);
  const meta = isObject(reply.result) ? reply.result["_meta"] : undefined;
  const thrown = isObject(meta) ? meta[WIRE.thrown] : undefined;
  if (isObject(thrown)) return thrownResult(module, call, thrown, boxed);
  if (!isObject(meta) || !(WIRE.output in meta)) {
    const message = `${manifest.name} answered with something that is no result.`;
    return failed(failure("tool.bad_result", message), boxed);
  }
  const output = meta[WIRE.output] ?? null;
  return { ok: true, output, ...heldBy(boxed), label: labelOf(manifest), staged: null };
}

function thrownResult(
  { manifest }: Module,
  call: ToolCall,
  thrown: JsonObject,
  boxed: Boxed,
): ToolResult {
  const told = isObject(thrown["failure"]) ? thrown["failure"] : {};
  const why = toolFailure(told, "tool.failed", manifest.name);
  const os = readOsError(thrown["os"]);
  const missing = os === null ? null : missingScope(os, call, boxed.mapping);
  if (missing === null) return failed(why, boxed);
  const message = `${manifest.name} reached for what it did not declare: ${why.message}`;
  return failed(failure("tool.scope_missing", message), boxed, missing);
}

function tierOf(parts: Parts): Tier {
  return parts.sandbox.tier("host", false) ?? parts.sandbox.tier("pure", false) ?? "host";
}
