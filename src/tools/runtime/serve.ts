import type { z } from "zod";
import type { Json, JsonObject } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import { messageOf } from "../../std/error.ts";
import { localDate, systemClock } from "../../std/clock.ts";
import { ENVELOPE, LEGACY, LEGACY_VERSIONS, MODERN } from "../../std/mcp.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { type Tool, ToolFailure } from "../authoring.ts";
import { type AskBack, contextOf } from "./context.ts";
import { enforced, manifestOf } from "./manifest.ts";
import { thrownOf } from "./thrown.ts";
import { type CallMeta, type Thrown, WIRE } from "./wire.ts";

/**
 * Serves one tool over MCP: JSON-RPC 2.0, one message per line. Calls run side by side; each has
 * its own context. A tool file that could not be loaded is served too, as the failure it is.
 */
export interface Server {
  /** Takes one line from the client. */
  receive(line: string): void;
  /** Resolves once no call is running. */
  idle(): Promise<void>;
}

/** Starts serving. `send` writes one message and its line break. */
export function serve(loaded: Tool | Failure, send: (message: JsonObject) => void): Server {
  return new ToolServer(loaded, send);
}

class ToolServer implements Server {
  readonly #loaded: Tool | Failure;
  readonly #send: (message: JsonObject) => void;
  readonly #calls = new Map<Json, { control: AbortController; done: Promise<void> }>();
  readonly #asked = new Map<string, (reply: JsonObject) => void>();
  #asks = 0;

  constructor(loaded: Tool | Failure, send: (message: JsonObject) => void) {
    this.#loaded = loaded;
    this.#send = send;
  }

  readonly receive = (line: string): void => {
    const message = parse(line);
    if (message === null) return this.#send(errorReply(null, -32700, "This is not JSON-RPC."));
    const { id, method } = message;
    const params = isObject(message["params"]) ? message["params"] : {};
    if (typeof method !== "string") this.#settle(message);
    else if (id !== undefined && id !== null) this.#request(id, method, params);
    else if (method === "notifications/cancelled") {
      this.#calls.get(params["requestId"] ?? null)?.control.abort();
    }
  };

  async idle(): Promise<void> {
    await Promise.all([...this.#calls.values()].map(({ done }) => done));
  }

  #request(id: Json, method: string, params: JsonObject): void {
    if (method !== "tools/call") {
      return this.#send(plainReply(this.#loaded, id, method, params));
    }
    if (this.#calls.has(id)) return this.#send(errorReply(id, -32600, "This id is in use."));
    const control = new AbortController();
    const done = this.#call(id, params, control.signal);
    this.#calls.set(id, { control, done });
  }

  async #call(id: Json, params: JsonObject, signal: AbortSignal): Promise<void> {
    // Nothing of a call happens before it is in the list, or its own end could not remove it.
    await Promise.resolve();
    const ask: AskBack = (method, wanted) => this.#ask(method, wanted);
    const context = contextOf(id, metaOf(params), signal, ask);
    const result = await answer(this.#loaded, params, context);
    this.#calls.delete(id);
    if (signal.aborted) return;
    try {
      this.#send({ jsonrpc: "2.0", id, result });
    } catch (error) {
      const why = messageOf(error).slice(0, 200);
      const message = `The tool's result cannot be sent as JSON: ${why}.`;
      this.#send({ jsonrpc: "2.0", id, result: failed("tool.bad_result", message) });
    }
  }

  #ask(method: string, params: JsonObject): Promise<Json> {
    this.#asks += 1;
    const id = `t${this.#asks}`;
    return new Promise((settle, reject) => {
      this.#asked.set(id, (reply) => {
        if (isObject(reply["error"])) reject(refusalOf(reply["error"]));
        else settle(reply["result"] ?? null);
      });
      this.#send({ jsonrpc: "2.0", id, method, params });
    });
  }

  #settle(message: JsonObject): void {
    const { id } = message;
    const waiting = typeof id === "string" ? this.#asked.get(id) : undefined;
    if (!waiting) return;
    this.#asked.delete(id as string);
    waiting(message);
  }
}

/** Runs the tool, or its probe, and turns whatever happens into a result. */
async function answer(
  loaded: Tool | Failure,
  params: JsonObject,
  context: ReturnType<typeof contextOf>,
): Promise<JsonObject> {
  if ("code" in loaded) return failedResult({ failure: loaded });
  const { definition } = loaded;
  try {
    const bare = isObject(params["_meta"]) && isObject(params["_meta"][WIRE.call]);
    if (params["name"] !== definition.name) {
      return failed("tool.unknown", `This host serves ${definition.name} only.`);
    }
    const given = await check(inputOf(loaded), params["arguments"] ?? {});
    if (!given.success) return badArguments(definition.name, given.error.issues);
    if (isProbe(params)) {
      return doneResult((await definition.probe?.(given.data, context)) === true, bare);
    }
    const output = await definition.run(given.data, context);
    const checked = definition.output ? await check(definition.output, output) : null;
    if (checked && !checked.success) {
      return failed(
        "tool.bad_result",
        `${definition.name} gave a result that does not fit its own output: ${issueText(checked.error.issues)}.`,
      );
    }
    return doneResult(checked ? checked.data : output, bare);
  } catch (error) {
    return failedResult(thrownOf(error));
  }
}

/** Checks at once where it can: only refinements that wait need the slower way. */
function check(type: z.ZodType, value: unknown): Checked | Promise<Checked> {
  if (waiting.has(type)) return type.safeParseAsync(value);
  try {
    return type.safeParse(value);
  } catch {
    waiting.add(type);
    return type.safeParseAsync(value);
  }
}

type Checked = z.ZodSafeParseResult<unknown>;

const waiting = new WeakSet<z.ZodType>();
const inputs = new WeakMap<Tool, z.ZodObject>();

function inputOf(tool: Tool): z.ZodObject {
  const known = inputs.get(tool) ?? enforced(tool.definition.input);
  inputs.set(tool, known);
  return known;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function badArguments(name: string, issues: readonly Issue[]): JsonObject {
  return failed("tool.bad_arguments", `The arguments of ${name} do not fit: ${issueText(issues)}.`);
}

function issueText(issues: readonly Issue[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join(".") || "(all)"}: ${message}`)
    .join("; ");
}

/** nanos reads the output as it is; other clients get text, and structure where it is an object. */
function doneResult(output: unknown, bare: boolean): JsonObject {
  const value = (output === undefined ? null : output) as Json;
  if (bare) return { content: [], _meta: { [WIRE.output]: value } };
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return {
    resultType: "complete",
    content: [{ type: "text", text }],
    ...(isObject(value) ? { structuredContent: value } : {}),
  };
}

function failed(code: string, message: string): JsonObject {
  return failedResult({ failure: { code, message } });
}

function failedResult(thrown: Thrown): JsonObject {
  const { failure } = thrown;
  const text = failure.next === undefined ? failure.message : `${failure.message} ${failure.next}`;
  return {
    resultType: "complete",
    content: [{ type: "text", text }],
    isError: true,
    _meta: { [WIRE.thrown]: thrown as unknown as Json },
  };
}

function plainReply(
  loaded: Tool | Failure,
  id: Json,
  method: string,
  params: JsonObject,
): JsonObject {
  const done = (result: JsonObject): JsonObject => ({ jsonrpc: "2.0", id, result });
  switch (method) {
    case "initialize":
      return done(initialized(params));
    case "server/discover":
      return done({
        resultType: "complete",
        supportedVersions: [MODERN],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: "private",
        _meta: { [ENVELOPE.server]: SERVER },
      });
    case "tools/list":
      return listReply(loaded, id);
    case "ping":
      return done({});
    default:
      return errorReply(id, -32601, `There is no ${method} here.`);
  }
}

function initialized(params: JsonObject): JsonObject {
  const wanted = params["protocolVersion"];
  const known = typeof wanted === "string" && LEGACY_VERSIONS.includes(wanted);
  return {
    protocolVersion: known ? wanted : LEGACY,
    capabilities: { tools: {} },
    serverInfo: SERVER,
  };
}

const SERVER = { name: "nanos-tool-host", version: "1" };

function listReply(loaded: Tool | Failure, id: Json): JsonObject {
  if ("code" in loaded)
    return errorReply(id, -32603, loaded.message, { failure: loaded as unknown as Json });
  let manifest: JsonObject;
  try {
    manifest = manifestOf(loaded) as unknown as JsonObject;
  } catch (error) {
    const failure = { code: "tool.bad_manifest", message: messageOf(error) };
    return errorReply(id, -32603, failure.message, { failure });
  }
  const { name, description, input, output } = manifest;
  const tool = {
    name,
    description,
    inputSchema: input,
    ...(isObject(output) && output["type"] === "object" ? { outputSchema: output } : {}),
    _meta: { [WIRE.manifest]: manifest },
  } as JsonObject;
  return {
    jsonrpc: "2.0",
    id,
    result: { resultType: "complete", tools: [tool], ttlMs: 0, cacheScope: "private" },
  };
}

function errorReply(id: Json, code: number, message: string, data?: JsonObject): JsonObject {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data ? { data } : {}) } };
}

/** A client that is not nanos says nothing of the world: the call then sees the machine's own. */
function metaOf(params: JsonObject): CallMeta {
  const meta = isObject(params["_meta"]) ? params["_meta"][WIRE.call] : undefined;
  if (isObject(meta)) return meta as unknown as CallMeta;
  const now = systemClock.now();
  // A host works in the root folder; the engine has no folder at all.
  return { workspace: "/", now, today: localDate(now) };
}

function isProbe(params: JsonObject): boolean {
  const meta = isObject(params["_meta"]) ? params["_meta"][WIRE.call] : undefined;
  return isObject(meta) && meta["probe"] === true;
}

function refusalOf(error: JsonObject): Error {
  const data = isObject(error["data"]) ? error["data"] : {};
  const next = data["next"];
  const message = typeof error["message"] === "string" ? error["message"] : "It was refused.";
  return new ToolFailure(message, typeof next === "string" ? next : undefined);
}

function parse(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
