import type { Arrangement } from "../../contracts/arrangement.ts";
import type { LoginLine, LoginWish } from "../../contracts/secret.ts";
import type { McpServer, Oauth } from "../../contracts/tool.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import type { Secrets as Store } from "../../home/secrets/secrets.ts";
import { hostFor } from "../../tools/handles.ts";
import { refreshSecret, renewHost, tokenSecret } from "../../tools/mcp/login/names.ts";
import type { Reach } from "../../tools/tool-host.ts";
import { listing } from "../desk/listing.ts";
import type { World } from "../world.ts";

/** What a login is made with. */
export interface LoginParts {
  readonly world: Pick<World, "fetch" | "lend" | "guard" | "clock" | "grants" | "random" | "vault">;
  readonly arrangement: Arrangement;
  readonly store: Pick<Store, "lend">;
  readonly set: (name: string, value: string, hosts: readonly string[]) => Promise<unknown>;
}

/**
 * Logs the operator into an MCP server of the arrangement, in their browser. Only hosts its own grant
 * names are dialled, and what comes of it goes nowhere but into the store of secrets: the token for
 * the server alone, what renews it for the issuer alone.
 */
export async function logIn(parts: LoginParts, name: string, wish: LoginWish): Promise<LoginLine> {
  const { world, store, set, arrangement } = parts;
  const server = arrangement.mcpServers[name];
  const { url, oauth } = server ?? {};
  const at = url === undefined ? null : hostFor(url);
  if (!server || url === undefined || at === null) throw noServer(name, arrangement.mcpServers);
  // What a login brings is cleaned of nothing: it is kept as a secret, and shown to nobody.
  const guard = { ...world.guard, clean: <T>(value: T) => ({ value, held: [] }) };
  const reach = listing({ ...world, arrangement, guard })(name);
  if (!oauth) throw await whoGives(name, url, reach);
  const host = renewHost(server);
  const { login } = await import("../../tools/mcp/login/login.ts");
  const [signal, { scope = null, open }] = [untilLate(wish.signal), wish];
  const came = await login({
    ...{ name, url, oauth, reach, open, scope, signal },
    clientSecret: oauth.secret === undefined ? null : await store.lend(oauth.secret, host),
    state: world.random.hex(16),
    now: () => world.clock.now(),
  });
  if ("code" in came) throw new NanosError(came.code, came.message, came.next ?? "");
  const { token, kept } = came;
  await set(tokenSecret(name), token, [at]);
  const renews = kept === null ? [] : [refreshSecret(name)];
  const place = kept === null ? null : hostFor(kept.endpoint);
  if (kept && place) await set(refreshSecret(name), JSON.stringify(kept), [place]);
  const secrets = [tokenSecret(name), ...renews];
  return { server: name, issuer: oauth.issuer, secrets, scope: came.scope };
}

function untilLate(signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(LIMITS.loginMs);
  return signal ? AbortSignal.any([signal, late]) : late;
}

/** Who the server says gives its tokens: the operator has to write it down before it is dialled. */
async function whoGives(name: string, url: string, reach: Reach): Promise<NanosError> {
  const { issuerOf } = await import("../../tools/mcp/login/login.ts");
  const found = await issuerOf({ name, url, oauth: { issuer: url }, reach });
  if (typeof found !== "string") return new NanosError(found.code, found.message, found.next ?? "");
  const issuer = clip(plainText(found), 200);
  const oauth: Oauth = { issuer };
  return new NanosError(
    "mcp.no_issuer",
    `${name} says that ${issuer} gives its tokens, and mcp.json names nobody.`,
    `If that is right, write "oauth": ${JSON.stringify(oauth)} beside its url, then: nanos grant add ${name} --net ${hostFor(issuer) ?? "HOST:PORT"}`,
  );
}

function noServer(name: string, servers: Readonly<Record<string, McpServer>>): NanosError {
  const names = Object.keys(servers).filter((one) => servers[one]?.url !== undefined);
  return new NanosError(
    "mcp.no_server",
    `mcp.json has no server ${plainText(name)} with a url.`,
    `Servers with one: ${names.join(", ") || "none"}.`,
  );
}
