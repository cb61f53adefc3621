import type { Oauth } from "../../src/contracts/tool.ts";
import { type Challenge, fetchBy, newTold, openHttpServer } from "../../src/tools/mcp/http.ts";
import { issuersOf, type LoggedIn, login } from "../../src/tools/mcp/login/login.ts";
import type { Reach } from "../../src/tools/tool-host.ts";
import { isObject, type Json, type JsonObject } from "../../src/std/json.ts";

/**
 * Our end of MCP over HTTP as a program, for the conformance suite: it is given an address, lists
 * what is there and calls each tool once. What it sends goes out as it is, where a run asks the gate.
 */
const reach: Reach = async (asked) => {
  if (asked.kind !== "fetch") throw new Error("nothing else is asked for");
  const { url, method, headers, body } = asked;
  const response = await fetch(url, { method, headers, body } as RequestInit);
  const text = await response.text();
  const value = {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: text,
  };
  return { ok: true, value };
};

/** Something that fits a schema. */
function madeUp(schema: Json | undefined, n: number): Json {
  const { type, properties, default: usual, enum: some } = isObject(schema) ? schema : {};
  if (usual !== undefined) return usual;
  if (Array.isArray(some)) return some[0] ?? null;
  if (type === "number" || type === "integer") return n + 5;
  if (type === "boolean") return true;
  if (type === "array") return [];
  if (type !== "object") return "text";
  const all = Object.entries(isObject(properties) ? properties : {});
  return Object.fromEntries(all.map(([name, one], i) => [name, madeUp(one, i)]));
}

interface Wanted {
  readonly name: string;
  readonly arguments: JsonObject;
}

/** Where the suite has the document that describes its client. */
const DOCUMENT = "https://conformance-test.local/client-metadata.json";
/** How often it logs in, for a server that always wants more. */
const LOGINS = 3;

/** What the suite is told of, in place of what an operator writes into mcp.json. */
async function oauthOf(url: string, challenge: Challenge): Promise<Oauth> {
  const sdk = await import("@modelcontextprotocol/client");
  const headers = { "www-authenticate": challenge.header };
  const { resourceMetadataUrl: at } = sdk.extractWWWAuthenticateParams(
    new Response(null, { headers }),
  );
  const where = at === undefined ? {} : { resourceMetadataUrl: at };
  const found = await issuersOf({ serverUrl: url, fetchFn: fetchBy(reach, newTold()), ...where });
  const issuer = found?.resource.authorization_servers?.[0] ?? new URL(url).origin;
  const client = context["client_id"];
  return { issuer, client: typeof client === "string" ? client : DOCUMENT };
}

/** Logs in as an operator does whose browser says yes to everything. */
async function loggedIn(url: string, challenge: Challenge, had: string | null): Promise<LoggedIn> {
  const sdk = await import("@modelcontextprotocol/client");
  const { scope: wanted } = sdk.extractWWWAuthenticateParams(
    new Response(null, { headers: { "www-authenticate": challenge.header } }),
  );
  const secret = context["client_secret"];
  const came = await login({
    ...{ name: "it", url, challenge, reach, now: () => 0, state: "0123456789abcdef" },
    oauth: await oauthOf(url, challenge),
    clientSecret: typeof secret === "string" ? secret : null,
    scope: (had === null ? wanted : sdk.computeScopeUnion(had, wanted)) ?? null,
    signal: AbortSignal.timeout(60_000),
    open: (link) => {
      void fetch(link, { redirect: "manual" }).then((there) =>
        fetch(there.headers.get("location") ?? ""),
      );
    },
  });
  if ("code" in came) throw new Error(`${came.code}: ${came.message}`);
  return came;
}

const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as JsonObject;

/** Lists and calls; a server that wants a login gets one, so often. */
async function main(url: string): Promise<number> {
  let challenge: Challenge | null = null;
  let came: LoggedIn | null = null;
  let scopes: string | null = null;
  for (let n = 0; n <= LOGINS; n++) {
    const wanted = challenge as Challenge | null;
    if (wanted !== null) {
      came = await loggedIn(url, wanted, scopes);
      ({ scope: scopes } = came);
    }
    challenge = null;
    const code = await drive(url, came?.token ?? null, (one) => (challenge = one));
    if (challenge === null) return code;
  }
  console.error("It wants more and more.");
  return 1;
}

async function drive(
  url: string,
  token: string | null,
  onChallenge: (challenge: Challenge) => void,
): Promise<number> {
  const bounds = { ms: 30_000, signal: AbortSignal.timeout(90_000) };
  const headers: Record<string, string> =
    token === null ? {} : { authorization: `Bearer ${token}` };
  const revision = process.env["MCP_CONFORMANCE_PROTOCOL_VERSION"] ?? "";
  const era = revision !== "" && revision < "2026" ? ("legacy" as const) : null;
  const about = { name: "it", url, headers, reach, bounds, era, onChallenge };
  const server = await openHttpServer(about);
  if ("code" in server) {
    console.error(server);
    return 1;
  }
  const tools = await server.tools();
  if ("code" in tools) {
    console.error(tools);
    return 1;
  }
  const wanted = context["toolCalls"] as unknown as readonly Wanted[] | undefined;
  const [first] = tools;
  const made = tools.map(({ name, input }) => {
    const args = madeUp(input, 0) as JsonObject;
    // One scenario asks for the schema it has sent, to see that all of it is there.
    return { name, arguments: "schema" in args ? { schema: first?.input ?? {} } : args };
  });
  for (const { name, arguments: args } of wanted ?? made) {
    console.log(name, JSON.stringify(await server.call(name, args)));
  }
  await server.close();
  return 0;
}

process.exit(await main(process.argv.at(-1) ?? ""));
