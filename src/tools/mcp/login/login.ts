import type { OAuthClientProvider } from "@modelcontextprotocol/client";
import type { Oauth } from "../../../contracts/tool.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { messageOf } from "../../../std/error.ts";
import { LIMITS } from "../../../std/limits.ts";
import { clip, plainText } from "../../../std/text.ts";
import { failure } from "../../failures.ts";
import { hostFor } from "../../handles.ts";
import type { Reach } from "../../tool-host.ts";
import { type Challenge, type Fetch, fetchBy, newTold, type Told } from "../http.ts";
import { listenBack } from "./back.ts";
import type { KeptLogin } from "../../../contracts/secret.ts";

/**
 * A login at the server that gives the tokens of an MCP server, by the official client: PKCE, a
 * state, the resource the token is for. The server says where that is, and is not believed: it has to
 * be the issuer the operator wrote down, and nothing is sent to any host but the three they named.
 */
export interface LoginWish {
  readonly name: string;
  readonly url: string;
  readonly oauth: Oauth;
  /** The secret of a client that was registered by hand. */
  readonly clientSecret: string | null;
  /** What to ask for; what the server says where this is null. */
  readonly scope: string | null;
  /** What the server said, where it was asked already. */
  readonly challenge?: Challenge;
  /** Every request goes through here, and is refused where the host is not granted. */
  readonly reach: Reach;
  /** Nobody can guess it. */
  readonly state: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Shows the operator the address to open. */
  readonly open: (link: string) => void;
  readonly signal: AbortSignal;
}

/** What came of it; both are secrets. */
export interface LoggedIn {
  /** Shown to the MCP server alone. */
  readonly token: string;
  /** What the next token is had with; null where the login is for this one alone. */
  readonly kept: KeptLogin | null;
  readonly scope: string | null;
}

export async function login(wish: LoginWish): Promise<LoggedIn | Failure> {
  const told = newTold();
  const back = await listenBack(wish.state, wish.signal);
  try {
    return await logIn(wish, told, back);
  } catch (error) {
    if (told.thrown) throw told.thrown.error;
    return told.refusal ?? refused(`${wish.name} was not logged into: ${wordsOf(error)}`);
  } finally {
    await back.close();
  }
}

type Listening = Awaited<ReturnType<typeof listenBack>>;

async function logIn(wish: LoginWish, told: Told, back: Listening): Promise<LoggedIn | Failure> {
  const sdk = await import("@modelcontextprotocol/client");
  const { name, url, oauth, signal } = wish;
  const fetchFn = heldTo(wish, told);
  const asked = await challengeOf(wish, fetchFn);
  const says = sdk.extractWWWAuthenticateParams(
    new Response(null, { headers: { "www-authenticate": asked.header } }),
  );
  const scope = wish.scope ?? says.scope ?? oauth.scope;
  const about = { ...says, fetchFn, serverUrl: url, ...(scope === undefined ? {} : { scope }) };
  const found = await foundAt(wish, about);
  if ("code" in found) return found;
  const state = stateOf(wish, found);
  const provider = providerOf(wish, back.url, state);
  await sdk.auth(provider, about);
  const answer = await back.answer;
  if (answer === null) return nothingCame(name, signal);
  const code = answer.get("code");
  if (code === null) return refused(`${name} was not logged into: ${errorIn(answer)}.`);
  const iss = answer.get("iss");
  const shown = { ...about, authorizationCode: code, ...(iss === null ? {} : { iss }) };
  // What comes back of a code is not repeated: it could hold the code.
  return sdk.auth(provider, shown).then(
    () => cameOf(wish, state),
    (error: unknown) =>
      told.refusal ?? refused(`${name} was not logged into: its answer is ${kindOf(error)}.`),
  );
}

/** What a request without a token is answered. */
async function challengeOf(
  { url, challenge }: Pick<LoginWish, "url" | "challenge">,
  go: Fetch,
): Promise<Challenge> {
  if (challenge) return challenge;
  const hello = {
    ...{ protocolVersion: "2025-11-25", capabilities: {} },
    clientInfo: { name: "nanos", version: "1" },
  };
  const { status, headers } = await go(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: hello }),
  });
  return { status: status === 403 ? 403 : 401, header: headers.get("www-authenticate") ?? "" };
}

type Discovered = NonNullable<
  Awaited<ReturnType<NonNullable<OAuthClientProvider["discoveryState"]>>>
>;

/** What the server says of itself, once it names the issuer the operator wrote down. */
async function foundAt(
  { name, oauth }: LoginWish,
  about: { serverUrl: string; resourceMetadataUrl?: URL; fetchFn: Fetch },
): Promise<Discovered | Failure> {
  const given = await issuersOf(about);
  if (given === null) return { authorizationServerUrl: oauth.issuer };
  const { resource, at } = given;
  const issuers = resource.authorization_servers ?? [];
  if (issuers.length > 0 && !issuers.some((one) => same(one, oauth.issuer))) {
    const other = clip(plainText(issuers[0] ?? ""), 200);
    return refused(`${name} sends to ${other}, and mcp.json says ${oauth.issuer}.`);
  }
  const where = at === undefined ? {} : { resourceMetadataUrl: String(at) };
  return { authorizationServerUrl: oauth.issuer, resourceMetadata: resource, ...where };
}

/** The protected resource's own metadata; null where it has none. */
export async function issuersOf(about: {
  readonly serverUrl: string;
  readonly resourceMetadataUrl?: URL;
  readonly fetchFn: Fetch;
}): Promise<{ readonly resource: Resource; readonly at: URL | undefined } | null> {
  const sdk = await import("@modelcontextprotocol/client");
  const { serverUrl, resourceMetadataUrl: at, fetchFn } = about;
  const where = at === undefined ? {} : { resourceMetadataUrl: at };
  let status = 0;
  const go: Fetch = async (input, init) => {
    const response = await fetchFn(input, init);
    ({ status } = response);
    return response;
  };
  try {
    const resource = await sdk.discoverOAuthProtectedResourceMetadata(serverUrl, where, go);
    return { resource, at };
  } catch (error) {
    if (status === 404 && at === undefined) return null;
    throw error;
  }
}

type Resource = NonNullable<Discovered["resourceMetadata"]>;

/** Who a server says gives its tokens; itself where it names nobody. */
export async function issuerOf(
  wish: Pick<LoginWish, "name" | "url" | "oauth" | "reach">,
): Promise<string | Failure> {
  const sdk = await import("@modelcontextprotocol/client");
  const told = newTold();
  const fetchFn = heldTo(wish, told);
  try {
    const { header } = await challengeOf(wish, fetchFn);
    const { resourceMetadataUrl: at } = sdk.extractWWWAuthenticateParams(
      new Response(null, { headers: { "www-authenticate": header } }),
    );
    const where = at === undefined ? {} : { resourceMetadataUrl: at };
    const found = await issuersOf({ serverUrl: wish.url, fetchFn, ...where });
    return found?.resource.authorization_servers?.[0] ?? new URL(wish.url).origin;
  } catch (error) {
    if (told.thrown) throw told.thrown.error;
    return told.refusal ?? refused(`${wish.name} does not say who lets in: ${wordsOf(error)}`);
  }
}

function same(one: string, other: string): boolean {
  return URL.canParse(one) && new URL(one).href === new URL(other).href;
}

/** What the official client hands over to be kept until the login is over. */
interface Kept {
  found: Discovered;
  client: Awaited<ReturnType<OAuthClientProvider["clientInformation"]>>;
  tokens: Parameters<OAuthClientProvider["saveTokens"]>[0] | null;
  verifier: string;
  resource?: string;
}

function stateOf({ oauth, clientSecret }: LoginWish, found: Discovered): Kept {
  const isPage = oauth.client?.startsWith("https:") === true && clientSecret === null;
  const secret = clientSecret === null ? {} : { client_secret: clientSecret };
  const { client: client_id, issuer } = oauth;
  const own = client_id === undefined || isPage ? null : { client_id, issuer, ...secret };
  return { found, client: own ?? undefined, tokens: null, verifier: "" };
}

function providerOf(wish: LoginWish, redirect: string, kept: Kept): OAuthClientProvider {
  const { client } = wish.oauth;
  return {
    redirectUrl: redirect,
    ...(client?.startsWith("https:") ? { clientMetadataUrl: client } : {}),
    clientMetadata: {
      client_name: "NanoOS",
      redirect_uris: [redirect],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    },
    state: () => wish.state,
    clientInformation: () => kept.client,
    saveClientInformation: (given) => void (kept.client = given),
    tokens: () => undefined,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
    saveDiscoveryState: (found) => void (kept.found = found),
    discoveryState: () => kept.found,
    saveResourceUrl: (resource) => void (kept.resource = resource),
    redirectToAuthorization: (link) => wish.open(linkOf(link)),
  };
}

/** A link somebody is told to open leads to a page, over TLS or on this machine. */
function linkOf({ protocol, hostname, href }: URL): string {
  const isHere = /^(?:localhost|127\.0\.0\.1|\[::1\])$/u.test(hostname);
  if (protocol === "https:" || (protocol === "http:" && isHere)) return href;
  throw new Error("its page to log in at is reached without encryption, or is no page.");
}

function cameOf({ name, now, oauth }: LoginWish, kept: Kept): LoggedIn | Failure {
  const { tokens, client, found, resource } = kept;
  const token = tokens?.access_token ?? "";
  if (!tokens || !/^[\u0021-\u007e]+$/u.test(token) || !/^bearer$/iu.test(tokens.token_type)) {
    return refused(`${name} was not logged into: what it was given is no bearer token.`);
  }
  const { refresh_token: refresh, scope = null } = tokens;
  const about = found.authorizationServerMetadata;
  if (refresh === undefined || !client) return { token, kept: null, scope };
  const { client_id: id, client_secret: secret } = client;
  const method = "token_endpoint_auth_method" in client ? client.token_endpoint_auth_method : null;
  return {
    ...{ token, scope },
    kept: {
      ...{ v: 1, refresh, issuer: oauth.issuer, at: now() },
      endpoint: about?.token_endpoint ?? new URL("/token", oauth.issuer).href,
      methods: about?.token_endpoint_auth_methods_supported,
      client: {
        id,
        ...(secret === undefined ? {} : { secret }),
        ...(typeof method === "string" ? { method } : {}),
      },
      ...(resource === undefined ? {} : { resource }),
    },
  };
}

/** Requests go to the server, its issuer and its token endpoint, and bring so much at most. */
function heldTo(
  { name, url, oauth, reach }: Pick<LoginWish, "name" | "url" | "oauth" | "reach">,
  told: Told,
): Fetch {
  const own = [url, oauth.issuer, oauth.token ?? url].map(hostFor);
  const go = fetchBy(reach, told);
  const no = (message: string): never => {
    told.refusal = refused(message);
    throw new Error(message);
  };
  return async (input, init) => {
    const host = hostFor(String(input));
    if (host === null || !own.includes(host)) {
      return no(`${name} sends to ${host ?? "no address"}, which mcp.json does not name for it.`);
    }
    const response = await go(input, init);
    const text = await response.text();
    if (text.length > LIMITS.loginBytes) return no(`${host} answers with more than a login needs.`);
    const { status, headers } = response;
    return new Response(text === "" ? null : text, { status, headers });
  };
}

function nothingCame(name: string, signal: AbortSignal): Failure {
  const why = signal.aborted ? "in time" : "that this login knows of";
  return failure("mcp.login_late", `Nobody came back from the login at ${name} ${why}.`);
}

/** Words an issuer may have for what went wrong; what else it says could hold what it was sent. */
const ERRORS = new Set([
  ...["invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "invalid_target"],
  ...["unauthorized_client", "unsupported_grant_type", "unsupported_response_type"],
  ...["access_denied", "server_error", "temporarily_unavailable", "login_required"],
]);

function errorIn(answer: URLSearchParams): string {
  const word = answer.get("error") ?? "";
  return ERRORS.has(word) ? word : "the answer has no code";
}

/** What kind of error it is, in one word. */
function kindOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (ERRORS.has(code)) return code;
  return error instanceof Error ? error.constructor.name : "none that can be used";
}

function wordsOf(error: unknown): string {
  return clip(plainText(messageOf(error)).split("\n", 1)[0] ?? "", 200);
}

function refused(message: string): Failure {
  return failure("mcp.login_refused", message);
}
