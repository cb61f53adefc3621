import { openHttpServer } from "../../src/tools/mcp/http.ts";
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

async function main(url: string): Promise<number> {
  const bounds = { ms: 3_000, signal: AbortSignal.timeout(25_000) };
  const revision = process.env["MCP_CONFORMANCE_PROTOCOL_VERSION"] ?? "";
  const era = revision !== "" && revision < "2026" ? "legacy" : null;
  const server = await openHttpServer({ name: "it", url, headers: {}, reach, bounds, era });
  if ("code" in server) {
    console.error(server);
    return 1;
  }
  const tools = await server.tools();
  if ("code" in tools) {
    console.error(tools);
    return 1;
  }
  const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as JsonObject;
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
