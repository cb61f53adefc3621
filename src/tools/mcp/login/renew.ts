import type { Failure } from "../../../contracts/outcome.ts";
import type { Clock } from "../../../std/clock.ts";
import { LIMITS } from "../../../std/limits.ts";
import { brokerFetch } from "../../broker.ts";
import { failure } from "../../failures.ts";
import { hostFor } from "../../handles.ts";
import { fetchBy, newTold } from "../http.ts";
import { KeptLogin } from "../../../contracts/secret.ts";

/** How the next token of a login is asked for. */
export interface RenewWish {
  /** The value of the secret that was kept of the login. */
  readonly kept: string;
  /** `host:port` it was allowed to go to. */
  readonly host: string;
  readonly privateOk: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Renewed {
  readonly token: string;
  /** What is kept from now on. */
  readonly kept: string;
}

/** The next token, from the endpoint the login was at and no other. */
export async function renewed(wish: RenewWish): Promise<Renewed | Failure> {
  const kept = readKept(wish.kept);
  if (kept === null || hostFor(kept.endpoint) !== wish.host) {
    return needed("What was kept of the login is for another place.");
  }
  const sdk = await import("@modelcontextprotocol/client");
  const told = newTold();
  const { privateOk, clock, signal } = wish;
  const options = { privateOk, clock, signal, bytes: LIMITS.loginBytes };
  const fetchFn = fetchBy(async (wanted) => {
    if (wanted.kind !== "fetch") throw new Error("bug: a token is fetched and nothing else");
    const reply = await brokerFetch(wanted, options);
    return "code" in reply ? { ok: false, failure: reply } : { ok: true, value: { ...reply } };
  }, told);
  const { id, secret, method } = kept.client;
  try {
    const tokens = await sdk.refreshAuthorization(kept.issuer, {
      metadata: {
        ...{ issuer: kept.issuer, authorization_endpoint: kept.issuer },
        ...{ token_endpoint: kept.endpoint, response_types_supported: ["code"] },
        ...(kept.methods ? { token_endpoint_auth_methods_supported: kept.methods } : {}),
      },
      clientInformation: {
        client_id: id,
        ...(secret === undefined ? {} : { client_secret: secret }),
        ...(method === undefined ? {} : { token_endpoint_auth_method: method }),
      },
      refreshToken: kept.refresh,
      ...(kept.resource === undefined ? {} : { resource: new URL(kept.resource) }),
      fetchFn,
    });
    if (!/^[\u0021-\u007e]+$/u.test(tokens.access_token) || !/^bearer$/iu.test(tokens.token_type)) {
      return needed("What came instead of a token is none.");
    }
    const next = { ...kept, refresh: tokens.refresh_token ?? kept.refresh, at: clock.now() };
    return { token: tokens.access_token, kept: JSON.stringify(next) };
  } catch {
    // Nothing of the answer is said: it could hold what was sent.
    return told.refusal ?? needed(`${wish.host} gives no further token.`);
  }
}

function readKept(text: string): KeptLogin | null {
  try {
    return KeptLogin.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function needed(message: string): Failure {
  return failure("mcp.login_needed", message);
}
