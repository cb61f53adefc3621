import {
  AuthServer,
  ConsentAnswer,
  ConsentAnswered,
  ConsentShown,
  OauthError,
  OauthToken,
  ProtectedResource,
  Registering,
  Registered,
  Revoking,
  TokenAsked,
} from "../../contracts/http/oauth.ts";
import { AnyJson, PlainText } from "../../contracts/http/wire.ts";
import type { NanosError } from "../../std/error.ts";
import { ownAddress } from "../door/guard.ts";
import { Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import { registered } from "./clients.ts";
import { CONSENT_SCRIPT } from "./page.ts";
import { authorize, resourceOf, tokenFor } from "./grant.ts";

/**
 * How a client of MCP comes by a key of its own: it is told where to ask, the operator sees who asks
 * and says for which agent and how far, and what it is given is a key like any other, lent and renewed.
 */
const refusal = {
  gives: OauthError,
  of: ({ code, message }: NanosError): unknown => ({
    error: code.startsWith("oauth.") ? code.slice("oauth.".length) : "invalid_request",
    error_description: message,
  }),
};

const OPEN = { needs: "nothing", oauth: true } as const;

export const OAUTH: readonly Route[] = [
  ...["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"].map(
    (path) =>
      route({
        ...{ method: "GET", path, ...OPEN, takes: null, gives: ProtectedResource },
        summary: "who gives keys for /mcp",
        handle: async (call) => ({
          body: {
            ...{ resource: resourceOf(call), authorization_servers: [ownAddress(call)] },
            ...{ bearer_methods_supported: ["header"], resource_name: "nanos" },
          },
        }),
      }),
  ),
  route({
    ...{ method: "GET", path: "/.well-known/oauth-authorization-server", ...OPEN },
    summary: "how a client asks for a key",
    takes: null,
    gives: AuthServer,
    handle: async (call) => ({ body: serverOf(ownAddress(call)) }),
  }),
  route({
    ...{ method: "POST", path: "/oauth/register", ...OPEN, refusal },
    summary: "a client says what it is called and where it is to be sent back to",
    takes: Registering,
    gives: Registered,
    handle: async ({ body }) => {
      const { id, name, redirects } = registered(body.client_name, body.redirect_uris);
      const said = { client_id: id, client_name: name, redirect_uris: [...redirects] };
      return { status: 201, body: { ...said, ...PUBLIC } };
    },
  }),
  route({
    ...{ method: "GET", path: "/oauth/authorize", ...OPEN, visited: true },
    summary: "shows the operator who asks for a key",
    takes: null,
    gives: PlainText,
    media: "text/html",
    handle: async (call) => authorize(call),
  }),
  route({
    ...{ method: "GET", path: "/oauth/consent.js", ...OPEN, takes: null, gives: PlainText },
    summary: "what shows it and sends the answer",
    media: "text/javascript",
    handle: async () => ({ text: CONSENT_SCRIPT }),
  }),
  route({
    ...{ method: "GET", path: "/v1/consents/{id}", needs: "operator", oauth: true },
    summary: "who asks for a key, and what it could be for",
    takes: null,
    gives: ConsentShown,
    handle: async (call) => ({ body: shown(call) }),
  }),
  route({
    ...{ method: "POST", path: "/v1/consents/{id}", needs: "operator", oauth: true },
    summary: "the operator's answer to it; gives where the browser goes with it",
    takes: ConsentAnswer,
    gives: ConsentAnswered,
    handle: answer,
  }),
  route({
    ...{ method: "POST", path: "/oauth/token", ...OPEN, refusal, form: true },
    summary: "a code, or what a key is renewed by, for the key",
    takes: TokenAsked,
    gives: OauthToken,
    handle: async (call) => tokenFor(call),
  }),
  route({
    ...{ method: "POST", path: "/oauth/revoke", ...OPEN, refusal, form: true },
    summary: "gives a key back",
    takes: Revoking,
    gives: AnyJson,
    handle: async ({ nanos, body }) => {
      await nanos.keys.giveBack(body.token);
      return { body: {} };
    },
  }),
];

const PUBLIC = {
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
};

function serverOf(issuer: string): unknown {
  const at = (path: string): string => `${issuer}${path}`;
  return {
    issuer,
    authorization_endpoint: at("/oauth/authorize"),
    token_endpoint: at("/oauth/token"),
    registration_endpoint: at("/oauth/register"),
    revocation_endpoint: at("/oauth/revoke"),
    response_types_supported: ["code"],
    grant_types_supported: PUBLIC.grant_types,
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    revocation_endpoint_auth_methods_supported: ["none"],
    authorization_response_iss_parameter_supported: true,
  };
}

function shown({ consents, params, nanos }: Call<unknown>): unknown {
  const asked = consents.show(params["id"] ?? "");
  if (!asked) throw unknownConsent();
  const { client, redirect } = asked;
  const agents = nanos.agents.list().map(({ manifest: { name, description } }) => {
    return { name, description };
  });
  return { client: client.name, to: new URL(redirect).origin, agents };
}

async function answer(call: Call<ConsentAnswer>): Promise<Reply> {
  const { consents, params, body, nanos, clock } = call;
  const id = params["id"] ?? "";
  const asked = consents.show(id);
  if (!asked) throw unknownConsent();
  if (body.verdict === "deny") return goes(consents.settle(id, null));
  const { agent, scopes, calls, days } = body;
  nanos.agents.show(agent);
  const redirect = consents.settle(id, {
    ...{ agent, client: asked.client.name, expires: clock.now() + days * DAY_MS },
    ...(scopes === undefined ? {} : { scopes }),
    ...(calls === undefined ? {} : { budget: { calls } }),
  });
  return goes(redirect);
}

const DAY_MS = 86_400_000;

function goes(redirect: string | null): Reply {
  if (redirect === null) throw unknownConsent();
  return { body: { redirect } };
}

function unknownConsent(): Refusal {
  const next = "Begin anew in the program that asks.";
  return new Refusal("http.not_found", "Nothing asks for that, or not any more.", next);
}
