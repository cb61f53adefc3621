import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { KeyWish } from "../../contracts/http/key.ts";
import { systemClock } from "../../std/clock.ts";
import type { JsonObject } from "../../std/json.ts";
import { MODERN } from "../../std/mcp.ts";
import { type Ask, HOST, served, type Served, type ServedOptions } from "./served.ts";

/** Clients of MCP over HTTP: the official one, and one that posts whatever it is told to. */

const open: (() => Promise<void>)[] = [];

/** Closes all that was opened. */
export async function closeAll(): Promise<void> {
  for (const close of open.splice(0).toReversed()) await close();
}

export async function home(options: ServedOptions = {}): Promise<Served> {
  const made = await served(options);
  open.push(() => made.close());
  return made;
}

type Mode = "legacy" | "auto";

/** What a client fetches with: the server's function, without a socket. */
export function through(
  app: Served["app"],
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("host", HOST);
    return app.fetch(new Request(String(url), { ...init, headers } as RequestInit));
  };
}

export async function connect(
  { app }: Served,
  key: string,
  mode: Mode,
): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client(
    { name: "test", version: "1" },
    { versionNegotiation: { mode }, capabilities: {} },
  );
  const transport = new StreamableHTTPClientTransport(new URL(`http://${HOST}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
    fetch: through(app),
  });
  await client.connect(transport);
  open.push(() => client.close());
  return { client, transport };
}

export async function call(
  client: Client,
  name: string,
  args: JsonObject = {},
): Promise<JsonObject> {
  return (await client.callTool({ name, arguments: args })).structuredContent as JsonObject;
}

export const OPERATOR: Partial<KeyWish> = { agent: null };

export const BOTH = { accept: "application/json, text/event-stream" };

/** Posts one message, or what is none. */
export function post(made: Served, key: string, body: unknown, how: Ask = {}): Promise<Response> {
  const headers = { ...BOTH, ...how.headers };
  return made.open("POST", "/mcp", { ...how, key, body, headers });
}

export const request = (method: string, params: JsonObject = {}, id: unknown = 1): JsonObject =>
  ({ jsonrpc: "2.0", id, method, params }) as JsonObject;

export const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};
export const head = (method = "tools/list"): Record<string, string> => ({
  "mcp-protocol-version": MODERN,
  "mcp-method": method,
});

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(5);
}
