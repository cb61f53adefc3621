import { z } from "zod";
import { Scope } from "../scope.ts";

/** How a client comes by a key by consent, in the shapes of OAuth 2.1 and what belongs to it. */

const Text = z.string().max(4_096);

/** RFC 9728. */
export const ProtectedResource = z.strictObject({
  resource: z.string(),
  authorization_servers: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
});

/** RFC 8414. */
export const AuthServer = z.strictObject({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string(),
  revocation_endpoint: z.string(),
  response_types_supported: z.array(z.string()),
  grant_types_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.boolean(),
});

/** RFC 7591; whatever else is said is not looked at. */
export const Registering = z.looseObject({
  client_name: Text.default(""),
  redirect_uris: z.array(Text),
});

export const Registered = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  redirect_uris: z.array(z.string()),
  token_endpoint_auth_method: z.string(),
  grant_types: z.array(z.string()),
  response_types: z.array(z.string()),
});

/** The body of the token endpoint, a form. */
export const TokenAsked = z.discriminatedUnion("grant_type", [
  z.looseObject({
    grant_type: z.literal("authorization_code"),
    client_id: Text,
    code: Text,
    redirect_uri: Text,
    code_verifier: z.string().regex(/^[\w.~-]{43,128}$/u),
    resource: Text.optional(),
  }),
  z.looseObject({
    grant_type: z.literal("refresh_token"),
    client_id: Text,
    refresh_token: Text,
    resource: Text.optional(),
  }),
]);
export type TokenAsked = z.infer<typeof TokenAsked>;

export const OauthToken = z.strictObject({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  /** Seconds. */
  expires_in: z.number().int(),
  refresh_token: z.string(),
});

/** RFC 7009. */
export const Revoking = z.looseObject({ token: Text });

export const OauthError = z.strictObject({ error: z.string(), error_description: z.string() });

/** A client that waits for the operator's answer. */
export const ConsentShown = z.strictObject({
  /** As it calls itself. */
  client: z.string(),
  /** Where it is answered. */
  to: z.string(),
  agents: z.array(z.strictObject({ name: z.string(), description: z.string() })),
});

export const ConsentAnswer = z.discriminatedUnion("verdict", [
  z.strictObject({
    verdict: z.literal("allow"),
    agent: z.string(),
    scopes: z.array(Scope).optional(),
    /** The most each of its runs may do. */
    calls: z.number().int().positive().optional(),
    days: z.number().int().min(1).max(90).default(30),
  }),
  z.strictObject({ verdict: z.literal("deny") }),
]);
export type ConsentAnswer = z.infer<typeof ConsentAnswer>;

export const ConsentAnswered = z.strictObject({ redirect: z.string() });
