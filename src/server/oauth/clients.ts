import { isLoopback } from "../door/guard.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { Refusal } from "../refusal.ts";

/**
 * Programs that ask for a key by consent. What one says of itself at registration is all that is
 * known of it, so its id is just that, and nothing of it is kept: whoever makes one up by hand has
 * no more than whoever registers.
 */
export interface OauthClient {
  readonly id: string;
  /** As it calls itself, which anybody may. */
  readonly name: string;
  readonly redirects: readonly string[];
}

/** @throws Refusal `oauth.invalid_redirect_uri`, `oauth.invalid_client_metadata`. */
export function registered(name: string, redirects: readonly string[]): OauthClient {
  if (
    redirects.length === 0 ||
    redirects.length > LIMITS.oauthRedirects ||
    !redirects.every(isPlace)
  ) {
    const next = "Name https addresses, or http ones of this machine, without a fragment.";
    throw new Refusal("oauth.invalid_redirect_uri", "That is no place to be sent back to.", next);
  }
  const clean = plainText(name).trim().slice(0, 80) || "a program without a name";
  const id = PREFIX + Buffer.from(JSON.stringify([clean, ...redirects])).toString("base64url");
  if (id.length <= LIMITS.oauthClientChars) return { id, name: clean, redirects };
  const next = "Name fewer addresses.";
  throw new Refusal("oauth.invalid_client_metadata", "That is too much to be known by.", next);
}

/** The client of that id; null for what is none. */
export function clientNamed(id: string): OauthClient | null {
  if (!id.startsWith(PREFIX) || id.length > LIMITS.oauthClientChars) return null;
  try {
    const text = Buffer.from(id.slice(PREFIX.length), "base64url").toString("utf8");
    const said: unknown = JSON.parse(text);
    if (!Array.isArray(said) || !said.every((one) => typeof one === "string")) return null;
    const [name = "", ...redirects] = said as readonly string[];
    const client = registered(name, redirects);
    return client.id === id ? client : null;
  } catch {
    return null;
  }
}

const PREFIX = "nc_";

/** True for one of its addresses, as it is written; of this machine's any port will do. */
export function mayReturn({ redirects }: OauthClient, to: string): boolean {
  if (redirects.includes(to)) return true;
  return (
    isPlace(to) &&
    redirects.some((one) => ofAnyPort(one) !== null && ofAnyPort(one) === ofAnyPort(to))
  );
}

function ofAnyPort(place: string): string | null {
  const url = new URL(place);
  if (url.protocol !== "http:") return null;
  url.port = "";
  return url.href;
}

/** Where a browser may be sent with a code: over TLS, or on this machine. */
function isPlace(place: string): boolean {
  if (!URL.canParse(place) || place.includes("#")) return false;
  const { protocol, hostname, username, password, href } = new URL(place);
  if (username !== "" || password !== "" || href.length > LIMITS.oauthClientChars) return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}
