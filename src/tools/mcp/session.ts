import type { Json, JsonObject } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { failure } from "../failures.ts";

/**
 * The parts of MCP that are the same whatever carries it: what a server's tools and results look
 * like, read with suspicion. A server is foreign code; its names, descriptions and results are data.
 */

/** A tool as its server announces it. */
export interface AnnouncedTool {
  readonly name: string;
  readonly description: string;
  readonly input: JsonObject;
  readonly output?: JsonObject;
  /** The server's own hints, of which only the ones that raise suspicion are believed. */
  readonly destructive: boolean;
  readonly meta: JsonObject;
}

/** The revision both ends agreed on: the stateless one, or the one with a handshake. */
export type Era = "modern" | "legacy";

/** The tools on one page of `tools/list`, or what is wrong with it. */
export function readTools(server: string, result: Json): readonly AnnouncedTool[] | Failure {
  const tools = isObject(result) ? result["tools"] : undefined;
  if (!Array.isArray(tools)) return broken(server, "its list of tools is no list");
  if (tools.length > LIMITS.mcpTools) return tooMany(server);
  const found: AnnouncedTool[] = [];
  for (const one of tools as readonly Json[]) {
    if (!isObject(one) || typeof one["name"] !== "string") {
      return broken(server, "it announces a tool without a name");
    }
    const { description, inputSchema, outputSchema, annotations, _meta } = one;
    found.push({
      name: one["name"],
      description: typeof description === "string" ? description : "",
      input: isObject(inputSchema) ? inputSchema : { type: "object" },
      ...(isObject(outputSchema) ? { output: outputSchema } : {}),
      destructive: isObject(annotations) && annotations["destructiveHint"] === true,
      meta: isObject(_meta) ? _meta : {},
    });
  }
  return found;
}

/** Where the list goes on; null at its end. */
export function nextPage(result: Json): string | null {
  const cursor = isObject(result) ? result["nextCursor"] : undefined;
  return typeof cursor === "string" && cursor !== "" ? cursor : null;
}

/** What a `tools/call` came to: structure where there is some, else text, else the parts as sent. */
export function readResult(
  server: string,
  tool: string,
  result: Json,
):
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly failure: Failure } {
  if (!isObject(result)) return { ok: false, failure: broken(server, "a result is no object") };
  const { resultType, content, structuredContent, isError } = result;
  if (resultType === "input_required") {
    const message = `${tool} of ${server} asks for more before it goes on.`;
    return { ok: false, failure: failure("mcp.input_required", message) };
  }
  const parts = Array.isArray(content) ? (content as readonly Json[]) : [];
  const text = textOf(parts);
  if (isError === true) {
    const said = text === "" ? "it does not say why" : text.slice(0, MAX_TEXT);
    return { ok: false, failure: failure("mcp.failed", `${tool} of ${server} failed: ${said}`) };
  }
  if (structuredContent !== undefined) return { ok: true, output: structuredContent };
  if (!Array.isArray(content)) {
    return { ok: false, failure: broken(server, "a result has no content") };
  }
  const onlyText = parts.every((part) => isObject(part) && part["type"] === "text");
  return { ok: true, output: onlyText ? text : parts };
}

const MAX_TEXT = 4_000;

function textOf(parts: readonly Json[]): string {
  return parts
    .map((part) => (isObject(part) && part["type"] === "text" ? part["text"] : undefined))
    .filter((text) => typeof text === "string")
    .join("\n");
}

export function broken(server: string, what: string): Failure {
  return failure("mcp.protocol", `${server} does not keep to the protocol: ${what}.`);
}

export function tooMany(server: string): Failure {
  return failure("mcp.too_many_tools", `${server} announces more than ${LIMITS.mcpTools} tools.`);
}
