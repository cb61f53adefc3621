import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json, JsonObject } from "../../std/json.ts";

/**
 * An MCP server that answers nobody without a token, and beside it the server that gives them, on
 * two addresses of this machine. Any answer of either can be another one, as if it were hostile.
 */
export interface OauthSite {
  readonly url: string;
  readonly issuer: string;
  /** `host:port` of both. */
  readonly hosts: readonly [string, string];
  /** Answers in place of the usual ones, by `METHOD /path`; the path alone is of any method. */
  readonly instead: Record<string, Reply>;
  /** Each request to either as `METHOD /path`, with its body and what it was shown. */
  readonly hits: readonly { readonly what: string; readonly body: string; readonly auth: string }[];
  /** Tokens the MCP server takes, and those that are good for another. */
  readonly good: Set<string>;
  readonly refreshes: Set<string>;
  close(): Promise<void>;
}

export type Reply = (hit: {
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
}) => Answer;

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** It never ends. */
  readonly hangs?: true;
}

type Rpc = (request: Request) => Promise<Response>;

export async function oauthSite(
  rpc: Rpc = () => Promise.resolve(Response.json({})),
): Promise<OauthSite> {
  const hits: { what: string; body: string; auth: string }[] = [];
  const instead: Record<string, Reply> = {};
  const [good, refreshes] = [new Set<string>(), new Set<string>()];
  const codes = new Map<string, URLSearchParams>();
  let n = 0;
  const next = (word: string): string => `${word}-7Hq2ZpW9vT4bN6xL${(n += 1)}`;
  const servers: Server[] = [];
  const listen = async (usual: (what: string) => Reply | undefined, on?: Rpc): Promise<string> => {
    const server = createServer((request, response) => {
      void heard(request).then(async (body) => {
        const { method = "", url = "", headers } = request;
        const at = new URL(url, "http://127.0.0.1");
        const what = `${method} ${at.pathname}`;
        const auth = headers.authorization ?? "";
        hits.push({ what, body, auth });
        const reply = instead[what] ?? instead[at.pathname] ?? usual(what);
        if (reply) {
          return send(response, reply({ query: at.searchParams, form: new URLSearchParams(body) }));
        }
        if (!on || !good.has(auth.replace(/^Bearer /u, ""))) {
          return send(response, { status: on ? 401 : 404, headers: on ? challenge() : {} });
        }
        const flat = Object.entries(headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]);
        const init = { method, headers: flat, ...(method === "POST" ? { body } : {}) };
        const came = await on(new Request(`http://${headers.host ?? ""}${url}`, init));
        response.writeHead(came.status, Object.fromEntries(came.headers));
        response.end(await came.text());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const issuer = await listen((what) => giving[what]);
  const giving: Record<string, Reply> = {
    "GET /.well-known/oauth-authorization-server": () => ({ body: metadata(issuer) }),
    "POST /register": () => ({ status: 201, body: { client_id: "nanos-1", redirect_uris: [] } }),
    "GET /authorize": ({ query }) => {
      const code = next("code");
      codes.set(code, query);
      const back = new URL(query.get("redirect_uri") ?? "");
      for (const [name, value] of [
        ["code", code],
        ["state", query.get("state") ?? ""],
        ["iss", issuer],
      ] as const) {
        back.searchParams.set(name, value);
      }
      return { status: 302, headers: { location: back.href } };
    },
    "POST /token": ({ form }) => {
      if (!fits(form, codes, refreshes)) return { status: 400, body: { error: "invalid_grant" } };
      codes.delete(form.get("code") ?? "");
      refreshes.delete(form.get("refresh_token") ?? "");
      const [token, refresh] = [next("token"), next("refresh")];
      good.add(token);
      refreshes.add(refresh);
      return { body: { access_token: token, refresh_token: refresh, token_type: "Bearer" } };
    },
  };
  const base = await listen(
    (what) =>
      what === "GET /.well-known/oauth-protected-resource/mcp"
        ? () => ({ body: { resource: `${base}/mcp`, authorization_servers: [issuer] } })
        : undefined,
    rpc,
  );
  const challenge = (): Record<string, string> => ({
    "www-authenticate": `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`,
  });
  return {
    ...{ url: `${base}/mcp`, issuer, instead, hits, good, refreshes },
    hosts: [new URL(base).host, new URL(issuer).host],
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

/** What the one that gives tokens says of itself. */
export function metadata(issuer: string, more: JsonObject = {}): JsonObject {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    authorization_response_iss_parameter_supported: true,
    ...more,
  };
}

function fits(
  form: URLSearchParams,
  codes: ReadonlyMap<string, URLSearchParams>,
  refreshes: ReadonlySet<string>,
): boolean {
  const asked = codes.get(form.get("code") ?? "");
  const verifier = form.get("code_verifier") ?? "";
  const proof = createHash("sha256").update(verifier).digest("base64url");
  return form.get("grant_type") === "refresh_token"
    ? refreshes.has(form.get("refresh_token") ?? "")
    : asked?.get("code_challenge") === proof &&
        asked.get("resource") === form.get("resource") &&
        asked.get("redirect_uri") === form.get("redirect_uri");
}

async function heard(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status = 200, headers, body, hangs }: Answer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  if (hangs) response.write("{");
  else response.end(body === undefined ? "" : JSON.stringify(body));
}
