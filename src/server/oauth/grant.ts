import type { TokenAsked } from "../../contracts/http/oauth.ts";
import type { Lent } from "../../contracts/http/key.ts";
import { ownAddress } from "../door/guard.ts";
import { Refusal } from "../refusal.ts";
import type { Call, Reply } from "../route.ts";
import { clientNamed, mayReturn } from "./clients.ts";
import { badGrant, returning } from "./consents.ts";
import { consentPage, refusedPage } from "./page.ts";

/** What keys are for here. */
export function resourceOf(call: Pick<Call<unknown>, "names" | "headers">): string {
  return `${ownAddress(call)}/mcp`;
}

/** What a client is told that has no key: where it is said how to get one. */
export function challengeOf(call: Pick<Call<unknown>, "names" | "headers">): string {
  return `Bearer resource_metadata="${ownAddress(call)}/.well-known/oauth-protected-resource/mcp"`;
}

/**
 * A client sends the operator's browser here. Where it cannot be said who asks, or where the browser
 * would go back to an address that was not registered, it goes nowhere.
 */
export function authorize(call: Call<unknown>): Reply {
  const { query, consents } = call;
  const one = (name: string): string =>
    query.getAll(name).length === 1 ? (query.get(name) ?? "") : "";
  const client = clientNamed(one("client_id"));
  if (!client) return refusedPage("No program that is known here asks.");
  const redirect = one("redirect_uri");
  if (!mayReturn(client, redirect))
    return refusedPage("It asks to be answered elsewhere than it said.");
  const issuer = ownAddress(call);
  const asked = {
    client,
    redirect,
    issuer,
    state: query.get("state"),
    challenge: one("code_challenge"),
  };
  const fault = faultOf(one, query.has("resource"), asked.challenge, resourceOf(call));
  if (fault === null) return consentPage(consents.begin(asked));
  return { status: 302, headers: { location: returning(asked, { error: fault }) }, text: "" };
}

function faultOf(
  one: (name: string) => string,
  hasResource: boolean,
  challenge: string,
  resource: string,
): string | null {
  if (one("response_type") !== "code") return "unsupported_response_type";
  const isProof = one("code_challenge_method") === "S256" && CHALLENGE.test(challenge);
  if (!isProof) return "invalid_request";
  return hasResource && one("resource") !== resource ? "invalid_target" : null;
}

const CHALLENGE = /^[\w-]{43}$/u;

/** A key for a code, or the next of one that was given for one. */
export async function tokenFor(call: Call<TokenAsked>): Promise<Reply> {
  const { body, nanos, consents, clock } = call;
  if (clientNamed(body.client_id) === null) {
    const message = "No program that is known here asks.";
    throw new Refusal("oauth.invalid_client", message, "Register first.");
  }
  if (body.resource !== undefined && body.resource !== resourceOf(call)) {
    throw new Refusal("oauth.invalid_target", "Keys are for /mcp of this server.", "Name that.");
  }
  const lent =
    body.grant_type === "refresh_token"
      ? await nanos.keys.renew(body.refresh_token, body.client_id)
      : await consents.redeem({
          ...{ code: body.code, client: body.client_id, redirect: body.redirect_uri },
          ...{ verifier: body.code_verifier, issuer: ownAddress(call) },
        });
  if (lent === null) throw badGrant();
  return { body: tokenOf(lent, clock.now()) };
}

function tokenOf({ secret, refresh, until }: Lent, now: number): unknown {
  const seconds = Math.max(1, Math.floor((until - now) / 1000));
  return {
    access_token: secret,
    token_type: "Bearer",
    expires_in: seconds,
    refresh_token: refresh,
  };
}
