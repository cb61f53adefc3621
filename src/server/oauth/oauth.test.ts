import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "bun:test";
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { fakeClock, systemClock } from "../../std/clock.ts";
import type { JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { ROUTES } from "../routes.ts";
import { call, closeAll, home, through } from "../testing/mcp.ts";
import { codeOf, HOST, type Served, type ServedOptions } from "../testing/served.ts";

/** How a program comes by a key: with the official client, and with what an attacker would try. */

afterEach(closeAll);

const BACK = "http://127.0.0.1:7777/back";
const VERIFIER = "v".repeat(64);
const challenge = (of = VERIFIER): string => createHash("sha256").update(of).digest("base64url");

const asking = (options: ServedOptions = {}): Promise<Served> => home({ oauth: true, ...options });

/** The operator's browser at an address of ours: the question it is shown, or where it is sent. */
async function visit(
  made: Served,
  url: string,
): Promise<{ status: number; to: string; id: string }> {
  const { pathname, search } = new URL(url);
  const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  const came = await made.open("GET", pathname + search, { headers });
  const [, id = ""] = /data-consent="([0-9a-f]+)"/u.exec(await came.text()) ?? [];
  return { status: came.status, to: came.headers.get("location") ?? "", id };
}

/** The operator says yes in the cockpit; where the browser goes with it. */
async function allow(made: Served, id: string, more: JsonObject = {}): Promise<URL> {
  const body = { verdict: "allow", agent: "oracle", scopes: ["read:./notes"], days: 1, ...more };
  const headers = await made.seat();
  const came = await made.ask("POST", `/v1/consents/${id}`, { headers, body });
  return new URL((came.body as { redirect: string }).redirect);
}

async function register(made: Served, ...redirects: readonly string[]): Promise<string> {
  const body = { client_name: "Editor <b>", redirect_uris: [...redirects] };
  const came = await made.ask("POST", "/oauth/register", { body });
  return (came.body as { client_id: string }).client_id;
}

function asked(client: string, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    ...{ response_type: "code", client_id: client, redirect_uri: BACK, state: "s&1" },
    ...{ code_challenge: challenge(), code_challenge_method: "S256" },
    ...more,
  });
  return `http://${HOST}/oauth/authorize?${String(query)}`;
}

/** Posts a form; status and the error it says, or null. */
async function form(
  made: Served,
  path: string,
  fields: Readonly<Record<string, string>>,
  host = HOST,
): Promise<{ status: number; error: string | null; body: Record<string, string> }> {
  const headers = { "content-type": "application/x-www-form-urlencoded", host };
  const came = await made.ask("POST", path, { headers, body: String(new URLSearchParams(fields)) });
  const body = came.body as Record<string, string>;
  return { status: came.status, error: body["error"] ?? null, body };
}

const exchange = (client: string, code: string): Record<string, string> => ({
  ...{ grant_type: "authorization_code", client_id: client, code },
  ...{ redirect_uri: BACK, code_verifier: VERIFIER },
});

async function coded(made: Served): Promise<{ client: string; code: string }> {
  const client = await register(made, BACK);
  const { id } = await visit(made, asked(client));
  const back = await allow(made, id);
  return { client, code: back.searchParams.get("code") ?? "" };
}

test("the official client finds its way, and has what the operator gave it and no more", async () => {
  const made = await asking();
  const kept = { client: undefined as unknown, tokens: undefined as unknown, verifier: "" };
  let sent = "";
  const provider: OAuthClientProvider = {
    redirectUrl: BACK,
    clientMetadata: { client_name: "Editor <b>", redirect_uris: [BACK] },
    clientInformation: () => kept.client as never,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens as never,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    redirectToAuthorization: (url) => void (sent = String(url)),
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
  };
  const connect = async (): Promise<[Client, StreamableHTTPClientTransport, unknown]> => {
    const client = new Client(
      { name: "test", version: "1" },
      { versionNegotiation: { mode: "auto" } },
    );
    const transport = new StreamableHTTPClientTransport(new URL(`http://${HOST}/mcp`), {
      ...{ authProvider: provider, fetch: through(made.app) as never },
    });
    return [client, transport, await client.connect(transport).catch((error: unknown) => error)];
  };
  const [, first, refused] = await connect();
  expect(refused).toBeInstanceOf(UnauthorizedError);
  const { status, id } = await visit(made, sent);
  expect(status).toBe(200);
  const seat = await made.seat();
  expect((await made.ask("GET", `/v1/consents/${id}`, { headers: seat })).body).toMatchObject({
    ...{ client: "Editor <b>", to: "http://127.0.0.1:7777", agents: [{ name: "oracle" }] },
  });
  const back = await allow(made, id);
  await first.finishAuth(back.searchParams);
  const [client, , none] = await connect();
  expect(none).toBeUndefined();
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names).toEqual(["ask", "poll", "cancel", "runs"]);
  const { run } = await call(client, "ask", { request: "echo hello" });
  const [key] = await made.nanos.keys.list();
  expect(key).toMatchObject({ agent: "oracle", scopes: ["read:./notes"], client: "Editor <b>" });
  expect(made.nanos.traces.line(String(run))).toMatchObject({ client: `key:${key?.id ?? ""}` });
  await client.close();
  await made.nanos.keys.rm(key?.id ?? "");
  expect((await connect())[2]).toBeInstanceOf(Error);
});

describe("a code", () => {
  test("is good once, soon, and for whoever asked for it", async () => {
    const { advance, ...time } = fakeClock(systemClock.now());
    const made = await asking({ clock: { ...time, sleep: systemClock.sleep } });
    const { client, code } = await coded(made);
    const other = await register(made, BACK, "https://evil.example/");
    for (const wrong of [
      { code_verifier: "w".repeat(64) },
      { code_verifier: challenge() },
      { code: "0".repeat(64) },
      { client_id: other },
      { redirect_uri: "http://127.0.0.1:7778/back" },
    ]) {
      const came = await form(made, "/oauth/token", { ...exchange(client, code), ...wrong });
      expect([wrong, came.status, came.error]).toEqual([wrong, 400, "invalid_grant"]);
    }
    const elsewhere = await form(made, "/oauth/token", exchange(client, code), "localhost:8088");
    expect(elsewhere.error).toBe("invalid_grant");
    for (const [wrong, error] of [
      [{ code_verifier: "short" }, "invalid_request"],
      [{ grant_type: "password" }, "invalid_request"],
      [{ client_id: "nc_x" }, "invalid_client"],
      [{ resource: "https://other.example/mcp" }, "invalid_target"],
    ] as const) {
      const fields = { ...exchange(client, code), ...wrong };
      expect((await form(made, "/oauth/token", fields)).error).toBe(error);
    }
    const { status, body } = await form(made, "/oauth/token", exchange(client, code));
    expect([status, body["token_type"], body["expires_in"]]).toMatchObject([200, "Bearer", 3_600]);
    const use = (): Promise<number> =>
      made.ask("GET", "/v1/models", { key: body["access_token"] ?? "" }).then((one) => one.status);
    expect(await use()).toBe(200);
    // Shown again it was in other hands: what it was good for is taken back.
    expect((await form(made, "/oauth/token", exchange(client, code))).error).toBe("invalid_grant");
    expect(await use()).toBe(401);

    const late = await coded(made);
    advance(LIMITS.oauthCodeMs);
    const over = await form(made, "/oauth/token", exchange(late.client, late.code));
    expect(over.error).toBe("invalid_grant");
  });

  test("comes back to where the program said, and nowhere else", async () => {
    const made = await asking();
    const place = "https://app.example/back?x=1";
    const client = await register(made, BACK, place);
    for (const to of [
      "http://127.0.0.1:7777/backdoor",
      "http://127.0.0.1:7777/back/",
      "http://127.0.0.1:7777/back?x=1",
      "http://127.0.0.1:7777/back#x",
      "http://localhost:7777/back",
      "http://127.0.0.1:7777@evil.example/back",
      "http://evil.example/back",
      "https://127.0.0.1:7777/back",
      "https://app.example:444/back?x=1",
      "https://app.example/back?x=1&y=2",
      "https://app.example.evil.example/back?x=1",
      "javascript:alert(1)",
      "",
    ]) {
      const came = await visit(made, asked(client, { redirect_uri: to }));
      expect([to, came]).toEqual([to, { status: 400, to: "", id: "" }]);
    }
    const twice = `${asked(client)}&redirect_uri=https%3A%2F%2Fevil.example%2F`;
    expect(await visit(made, twice)).toMatchObject({ status: 400, to: "" });
    expect((await visit(made, asked(client, { redirect_uri: place }))).id).not.toBe("");
    const port = { redirect_uri: "http://127.0.0.1:4321/back" };
    expect((await visit(made, asked(client, port))).id).not.toBe("");
    for (const [more, error] of [
      [{ code_challenge_method: "plain" }, "invalid_request"],
      [{ code_challenge: "" }, "invalid_request"],
      [{ response_type: "token" }, "unsupported_response_type"],
      [{ resource: "https://other.example/mcp" }, "invalid_target"],
    ] as const) {
      const { status, to } = await visit(made, asked(client, more));
      const { origin, searchParams } = new URL(to);
      expect([status, origin]).toEqual([302, "http://127.0.0.1:7777"]);
      expect(Object.fromEntries(searchParams)).toEqual({
        error,
        state: "s&1",
        iss: `http://${HOST}`,
      });
    }
    for (const bad of [
      "javascript:alert(1)",
      "data:text/html,x",
      "http://evil.example/",
      "/x",
      "https://a/#b",
    ]) {
      const body = { redirect_uris: [bad] };
      const came = await made.ask("POST", "/oauth/register", { body });
      expect([bad, came.status, came.body]).toMatchObject([
        bad,
        400,
        { error: "invalid_redirect_uri" },
      ]);
    }
  });
});

describe("consent", () => {
  test("is the operator's: no key of a program and no page of another site gives it", async () => {
    const made = await asking();
    const { id } = await visit(made, asked(await register(made, BACK)));
    const seat = await made.seat();
    const body = { verdict: "allow", agent: "oracle", days: 1 };
    const answer = (how: object): Promise<unknown> =>
      made.ask("POST", `/v1/consents/${id}`, { body, ...how }).then(codeOf);
    const { "x-nanos-proof": _, ...cookie } = seat;
    expect(await answer({})).toBe("http.no_key");
    expect(await answer({ key: await made.key() })).toBe("http.operator_only");
    expect(await answer({ headers: cookie })).toBe("http.no_proof");
    expect(await answer({ headers: { ...seat, origin: "http://evil.example" } })).toBe(
      "http.origin",
    );
    const wrong = { headers: seat, body: { ...body, agent: null } };
    expect(await made.ask("POST", `/v1/consents/${id}`, wrong).then(codeOf)).toBe("http.invalid");
    expect(await answer({ headers: seat, body: { ...body, agent: "nobody" } })).toBe(
      "agent.unknown",
    );
    const denied = await made.ask("POST", `/v1/consents/${id}`, {
      headers: seat,
      body: { verdict: "deny" },
    });
    const { searchParams } = new URL((denied.body as { redirect: string }).redirect);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      error: "access_denied",
      state: "s&1",
    });
    expect(await answer({ headers: seat })).toBe("http.not_found");
    expect(await made.nanos.keys.list()).toHaveLength(1);
  });

  test("waits for minutes, and many that wait push out the oldest", async () => {
    const { advance, ...time } = fakeClock(systemClock.now());
    const made = await asking({ clock: { ...time, sleep: systemClock.sleep } });
    const client = await register(made, BACK);
    const seat = await made.seat();
    const look = async (id: string): Promise<number> =>
      (await made.ask("GET", `/v1/consents/${id}`, { headers: seat })).status;
    const first = await visit(made, asked(client));
    for (let n = 1; n < LIMITS.oauthWaiting; n++) await visit(made, asked(client));
    expect(await look(first.id)).toBe(200);
    const last = await visit(made, asked(client));
    expect([await look(first.id), await look(last.id)]).toEqual([404, 200]);
    advance(LIMITS.oauthConsentMs);
    expect(await look(last.id)).toBe(404);
  });
});

test("a key is renewed by something that is good once, and given back", async () => {
  const made = await asking();
  const { client, code } = await coded(made);
  const first = (await form(made, "/oauth/token", exchange(client, code))).body;
  const renew = (token = ""): ReturnType<typeof form> =>
    form(made, "/oauth/token", {
      ...{ grant_type: "refresh_token", client_id: client, refresh_token: token },
    });
  const models = async (key = ""): Promise<number> =>
    (await made.ask("GET", "/v1/models", { key })).status;
  const second = (await renew(first["refresh_token"])).body;
  expect([await models(first["access_token"]), await models(second["access_token"])]).toEqual([
    401, 200,
  ]);
  expect((await form(made, "/oauth/revoke", { token: second["access_token"] ?? "" })).status).toBe(
    200,
  );
  expect(await models(second["access_token"])).toBe(401);
  expect((await renew(second["refresh_token"])).error).toBe("invalid_grant");
  expect((await form(made, "/oauth/revoke", { token: "x" })).status).toBe(200);
});

test("nothing of it is there unless it was asked for, and no other's token is taken", async () => {
  const closed = await home();
  for (const path of [
    "/.well-known/oauth-authorization-server",
    "/oauth/authorize",
    "/v1/consents/x",
  ]) {
    expect(codeOf(await closed.ask("GET", path))).toBe("http.no_key");
  }
  const told = async (made: Served): Promise<string | null> =>
    (await made.open("POST", "/mcp", { body: {} })).headers.get("www-authenticate");
  expect(await told(closed)).toBe("Bearer");
  const made = await asking();
  const at = `http://${HOST}/.well-known/oauth-protected-resource/mcp`;
  expect(await told(made)).toBe(`Bearer resource_metadata="${at}"`);
  const key = await made.key();
  const { body } = await made.ask("GET", "/openapi.json", { key });
  expect(Object.keys((body as { paths: object }).paths)).toContain("/oauth/token");
  const open = ROUTES.filter(({ oauth, needs }) => oauth && needs === "nothing");
  for (const { method, path, takes } of open) {
    expect(path).toMatch(/^\/(?:oauth|\.well-known)\//u);
    // Whoever has nothing to show is told nothing but how to ask.
    const came = await made.ask(method, path, takes === null ? {} : { body: {} });
    expect([path, came.status < 500, JSON.stringify(came.body)]).toEqual([
      ...[path, true, expect.not.stringMatching(/oracle|n[kr]_/u)],
    ] as never);
  }
  const foreign = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwOi8vMTI3LjAuMC4xOjgwODgvbWNwIn0.";
  expect((await made.ask("POST", "/mcp", { key: foreign, body: {} })).status).toBe(401);
  expect((await made.ask("GET", "/.well-known/oauth-protected-resource")).body).toMatchObject({
    ...{ resource: `http://${HOST}/mcp`, authorization_servers: [`http://${HOST}`] },
  });
});
