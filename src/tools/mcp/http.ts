import type { Client } from "@modelcontextprotocol/client";
import { messageOf } from "../../std/error.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { failure } from "../failures.ts";
import { loginNeeded } from "./login/names.ts";
import type { Reach } from "../tool-host.ts";
import {
  type AnnouncedTool,
  broken,
  type Era,
  nextPage,
  readPrompt,
  readPrompts,
  readResult,
  readTools,
  tooMany,
} from "./session.ts";
import { type Bounds, metaOf } from "./stdio.ts";

/** An MCP server behind streamable HTTP, for one call or one listing. */
export interface HttpServer {
  readonly era: Era;
  tools(): Promise<readonly AnnouncedTool[] | Failure>;
  call(tool: string, args: JsonObject): Promise<ReturnType<typeof readResult>>;
  prompt(name: string, args: JsonObject): Promise<ReturnType<typeof readResult>>;
  close(): Promise<void>;
}

export interface HttpServerOptions {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Every request goes through here and so past the gate. */
  readonly reach: Reach;
  readonly bounds: Bounds;
  /** Known from before; null asks. */
  readonly era: Era | null;
  /** Told what the server says where it wants a login, or a wider one. */
  readonly onChallenge?: (challenge: Challenge) => void;
}

/**
 * Connects through the official client, which is loaded for this only. Its requests are made by
 * `reach`: it opens no socket of its own, and what the gate refuses is that refusal.
 */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer | Failure> {
  const { name, url, bounds, era } = options;
  const sdk = await import("@modelcontextprotocol/client");
  const mode = era === "legacy" ? "legacy" : "auto";
  const client = new sdk.Client(
    { name: "nanos", version: "1" },
    { versionNegotiation: { mode }, jsonSchemaValidator: NO_VALIDATION },
  );
  const told = newTold();
  const transport = new sdk.StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { ...options.headers } },
    fetch: fetchThrough(options, told),
  });
  const limits = { timeout: bounds.ms, signal: bounds.signal };
  const guarded = <T>(act: () => Promise<T>): Promise<T | Failure> =>
    guard(name, bounds, told, act);
  const connected = await guarded(() => client.connect(transport, limits));
  if (connected !== undefined) {
    await client.close().catch(() => undefined);
    return connected;
  }
  return serverOn({ client, name, bounds, guarded });
}

interface Connected {
  readonly client: Client;
  readonly name: string;
  readonly bounds: Bounds;
  readonly guarded: <T>(act: () => Promise<T>) => Promise<T | Failure>;
}

function serverOn({ client, name, bounds, guarded }: Connected): HttpServer {
  const limits = { timeout: bounds.ms, signal: bounds.signal };
  const _meta = metaOf(bounds);
  const spoken: Era = client.getProtocolEra() === "modern" ? "modern" : "legacy";
  return {
    era: spoken,
    async tools() {
      const tools = await listAll(name, readTools, (cursor) =>
        guarded(() => client.listTools(cursor, limits)),
      );
      if ("code" in tools || !client.getServerCapabilities()?.prompts) return tools;
      const prompts = await listAll(name, readPrompts, (cursor) =>
        guarded(() => client.listPrompts(cursor, limits)),
      );
      return "code" in prompts ? prompts : [...tools, ...prompts];
    },
    async prompt(one, args) {
      const texts = Object.fromEntries(
        Object.entries(args).map(([key, value]) => [key, typeof value === "string" ? value : ""]),
      );
      const result = await guarded(() =>
        client.getPrompt({ name: one, arguments: texts, _meta }, limits),
      );
      if (isFailure(result)) return { ok: false, failure: result };
      return readPrompt(name, one, result as unknown as Json);
    },
    async call(tool, args) {
      const result = await guarded(() =>
        client.callTool({ name: tool, arguments: args, _meta }, limits),
      );
      if (isFailure(result)) return { ok: false, failure: result };
      return readResult(name, tool, result as unknown as Json);
    },
    close: () => client.close().catch(() => undefined),
  };
}

/** A server's `WWW-Authenticate`, with the status it came by: 401, or 403 for more than was given. */
export interface Challenge {
  readonly status: 401 | 403;
  readonly header: string;
}

/** What `reach` said, kept beside the client's own wording of it. */
export interface Told {
  refusal: Failure | null;
  /** What `reach` threw: the run stops here, and the caller must hear of it. */
  thrown: { readonly error: unknown } | null;
}

/** Nothing is lost by not checking a server's structure against its own word. */
const NO_VALIDATION: Validation = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

type Validation = NonNullable<
  NonNullable<ConstructorParameters<typeof Client>[1]>["jsonSchemaValidator"]
>;

async function guard<T>(
  name: string,
  bounds: Bounds,
  told: Told,
  act: () => Promise<T>,
): Promise<T | Failure> {
  told.refusal = null;
  try {
    return await act();
  } catch (error) {
    if (told.thrown) throw told.thrown.error;
    if (bounds.signal.aborted) return failure("tool.cancelled", `${name} was cancelled.`);
    if (told.refusal) return told.refusal;
    const why = messageOf(error).slice(0, MAX_TEXT);
    if (isTimeout(error)) return failure("tool.timeout", `${name} did not answer in time.`);
    return failure("mcp.unreachable", `${name} does not answer as an MCP server: ${why}`);
  }
}

const MAX_TEXT = 500;

function isTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && /TIMEOUT/iu.test(String(error.code));
}

function isFailure(value: unknown): value is Failure {
  return (
    isObject(value) && typeof value["code"] === "string" && typeof value["message"] === "string"
  );
}

async function listAll(
  name: string,
  read: typeof readTools,
  page: (cursor: { cursor?: string }) => Promise<unknown>,
): Promise<readonly AnnouncedTool[] | Failure> {
  const all: AnnouncedTool[] = [];
  let cursor: { cursor?: string } = {};
  for (let n = 0; n < LIMITS.mcpPages; n++) {
    const result = (await page(cursor)) as Json;
    if (isFailure(result)) return result;
    const tools = read(name, result);
    if ("code" in tools) return tools;
    all.push(...tools);
    if (all.length > LIMITS.mcpTools) return tooMany(name);
    const next = nextPage(result);
    if (next === null) return all;
    cursor = { cursor: next };
  }
  return broken(name, "a list of its has no end");
}

export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

export function newTold(): Told {
  return { refusal: null, thrown: null };
}

function fetchThrough({ name, reach, onChallenge }: HttpServerOptions, told: Told): Fetch {
  const go = fetchBy(reach, told);
  return async (input, init = {}) => {
    // The stream a server may open of its own is not wanted: nothing listens between calls. An answer
    // whose stream was closed before it came is.
    const isStream = (init.method ?? "GET").toUpperCase() === "GET";
    if (isStream && !new Headers(init.headers).has("last-event-id"))
      return new Response(null, { status: 405 });
    const response = await go(input, init);
    const challenge = challengeIn(response);
    if (challenge === null) return response;
    // A stream that is gone on with belongs to a request that was let in.
    if (!isStream) onChallenge?.(challenge);
    const wider = `${name} wants a login that reaches further for this.`;
    told.refusal = challenge.status === 401 ? loginNeeded(name) : loginNeeded(name, wider);
    throw new Error(told.refusal.message);
  };
}

function challengeIn({ status, headers }: Response): Challenge | null {
  const header = headers.get("www-authenticate") ?? "";
  if (status === 401) return { status, header };
  return status === 403 && /\berror="?insufficient_scope\b/iu.test(header)
    ? { status, header }
    : null;
}

/** Requests of the official client, made by `reach`. */
export function fetchBy(reach: Reach, told: Told): Fetch {
  return async (input, init = {}) => {
    const { body } = init;
    const granted = await reach({
      kind: "fetch",
      method: (init.method ?? "GET").toUpperCase(),
      url: String(input),
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof body === "string" || body instanceof URLSearchParams ? String(body) : null,
    }).catch((error: unknown) => {
      told.thrown = { error };
      throw error;
    });
    if (!granted.ok) {
      told.refusal = granted.failure;
      throw new Error(granted.failure.message);
    }
    return responseOf(granted.value);
  };
}

function responseOf(value: Json): Response {
  const { status, headers, body } = isObject(value) ? value : {};
  const code = typeof status === "number" && status >= 200 && status <= 599 ? status : 502;
  const empty = code === 204 || code === 205 || code === 304;
  const given = isObject(headers) ? Object.entries(headers) : [];
  const kept = given.filter(([name, text]) => typeof text === "string" && !HOP.test(name));
  return new Response(empty || typeof body !== "string" ? null : body, {
    status: code,
    headers: Object.fromEntries(kept) as Record<string, string>,
  });
}

/** About the bytes on the wire, which are text by now. */
const HOP = /^(?:content-length|content-encoding|transfer-encoding|connection)$/iu;
