import { envelopeFault } from "../../mcp/protocol.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { ENVELOPE, LEGACY_VERSIONS, MODERN, MCP_ERROR } from "../../std/mcp.ts";
import { RPC, RpcRefusal } from "../../std/rpc.ts";

/**
 * One message of MCP as it is posted, with what the head says of it. The head repeats some of the
 * body, for whoever stands between and reads no bodies: where the two differ nothing is done.
 */
export type Posted =
  | {
      readonly kind: "request";
      readonly id: RpcId;
      readonly method: string;
      readonly params: JsonObject;
      readonly isModern: boolean;
    }
  | { readonly kind: "notice"; readonly method: string; readonly params: JsonObject }
  /** An answer, to what was never asked: nothing is asked of a client. */
  | { readonly kind: "answer" };

export type RpcId = string | number;

/** A message that is refused before it is looked into, with the status of the answer. */
export class HttpRefusal extends RpcRefusal {
  readonly status: number;
  readonly id: RpcId | null;
  constructor(status: number, code: number, message: string, more: Refused = {}) {
    super(code, message, more.data);
    this.status = status;
    this.id = more.id ?? null;
  }
}

interface Refused {
  readonly id?: RpcId | null;
  readonly data?: Json;
}

/** @throws HttpRefusal for what is no message, or one whose head says something else. */
export function postedIn(body: unknown, headers: Headers): Posted {
  if (!isObject(body) || body["jsonrpc"] !== "2.0") {
    throw new HttpRefusal(400, RPC.request, "One JSON-RPC message is posted at a time.");
  }
  const { method, params = {} } = body;
  const id = idIn(body);
  if (typeof method !== "string") {
    if (body["result"] !== undefined || isObject(body["error"])) return { kind: "answer" };
    throw new HttpRefusal(400, RPC.request, "A message has a method.", { id });
  }
  if (!isObject(params)) {
    throw new HttpRefusal(400, RPC.params, "The parameters are an object.", { id });
  }
  if (body["id"] === undefined) return { kind: "notice", method, params };
  if (id === null) throw new HttpRefusal(400, RPC.request, "An id is a text or a whole number.");
  const request = { kind: "request", id, method, params } as const;
  const isModern = speaksModern(request, headers);
  if (isModern) checkHead(request, headers);
  return { ...request, isModern };
}

function idIn({ id }: JsonObject): RpcId | null {
  if (typeof id === "string" && id.length <= LIMITS.rpcIdChars) return id;
  return typeof id === "number" && Number.isSafeInteger(id) ? id : null;
}

type Request = Omit<Extract<Posted, { kind: "request" }>, "isModern">;

/** True for a request of the stateless revision, whose every request says so in head and body. */
function speaksModern({ id, params }: Request, headers: Headers): boolean {
  const said = headers.get(VERSION)?.trim() ?? null;
  const { _meta: meta } = params;
  const claimed = isObject(meta) ? meta[ENVELOPE.version] : undefined;
  if (claimed === undefined && said !== MODERN) {
    if (said === null || LEGACY_VERSIONS.includes(said)) return false;
    const data = { supported: [...LEGACY_VERSIONS], requested: said.slice(0, 40) };
    throw new HttpRefusal(400, MCP_ERROR.version, "This revision is not spoken.", { id, data });
  }
  const fault = envelopeFault(meta);
  if (fault !== null) throw new HttpRefusal(400, RPC.params, fault, { id });
  if (said !== claimed) throw mismatch(id, "MCP-Protocol-Version");
  if (claimed === MODERN) return true;
  const requested = typeof claimed === "string" ? claimed.slice(0, 40) : null;
  const data = { supported: [MODERN], requested };
  throw new HttpRefusal(400, MCP_ERROR.version, "This revision is not spoken.", { id, data });
}

const VERSION = "mcp-protocol-version";

/** What the head repeats of a request, by its method. */
const NAMED: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

function checkHead({ id, method, params }: Request, headers: Headers): void {
  if (headers.get("mcp-method")?.trim() !== method) throw mismatch(id, "Mcp-Method");
  const field = Object.hasOwn(NAMED, method) ? NAMED[method] : undefined;
  const named = field === undefined ? undefined : params[field];
  if (typeof named !== "string") return;
  if (plainOf(headers.get("mcp-name") ?? "") !== named) throw mismatch(id, "Mcp-Name");
}

/** A value of the head: as it is, or in base64 where it holds what a head cannot. */
function plainOf(value: string): string | null {
  const [, encoded] = /^=\?base64\?(.*)\?=$/u.exec(value.trim()) ?? [];
  if (encoded === undefined) return value.trim();
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(encoded))
    return null;
  return Buffer.from(encoded, "base64").toString("utf8");
}

function mismatch(id: RpcId, header: string): HttpRefusal {
  const message = `The header ${header} is not what the body says.`;
  return new HttpRefusal(400, MCP_ERROR.head, message, { id });
}
