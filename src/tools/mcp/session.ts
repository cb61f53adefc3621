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
  /** A prompt of its: a text for whoever is asked next, and not for a model to call. */
  readonly prompt?: true;
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

/** The prompts on one page of `prompts/list`, each as a tool that takes texts; or what is wrong with it. */
export function readPrompts(server: string, result: Json): readonly AnnouncedTool[] | Failure {
  const prompts = isObject(result) ? result["prompts"] : undefined;
  if (!Array.isArray(prompts)) return broken(server, "its list of prompts is no list");
  if (prompts.length > LIMITS.mcpTools) return tooMany(server);
  const found: AnnouncedTool[] = [];
  for (const one of prompts as readonly Json[]) {
    if (!isObject(one) || typeof one["name"] !== "string") {
      return broken(server, "it announces a prompt without a name");
    }
    const { name, description } = one;
    const text = typeof description === "string" ? description : "";
    const about = { name, description: text, input: inputOf(one["arguments"]) };
    found.push({ ...about, destructive: false, meta: {}, prompt: true });
  }
  return found;
}

/** One text for each argument, in their order. */
function inputOf(given: Json | undefined): JsonObject {
  const named = (Array.isArray(given) ? (given as readonly Json[]) : [])
    .slice(0, MOST_ARGUMENTS)
    .flatMap((one) => {
      const { name, description, required } = isObject(one) ? one : {};
      if (typeof name !== "string") return [];
      const about =
        typeof description === "string" ? { description: description.slice(0, 500) } : {};
      return [{ name, needed: required === true, field: { type: "string", ...about } }];
    });
  const properties = named.map(({ name, field }): [string, Json] => [name, field]);
  const required = named.flatMap(({ name, needed }) => (needed ? [name] : []));
  return { type: "object", properties: Object.fromEntries(properties), required };
}

const MOST_ARGUMENTS = 16;

/** The words of a prompt; who is to have said them where there are several. */
export function readPrompt(
  server: string,
  prompt: string,
  result: Json,
): ReturnType<typeof readResult> {
  const messages = isObject(result) ? result["messages"] : undefined;
  if (!Array.isArray(messages)) {
    return { ok: false, failure: broken(server, `the prompt ${prompt} has no messages`) };
  }
  const said = (messages as readonly Json[]).filter(isObject).map(({ role, content }) => {
    const parts = (Array.isArray(content) ? content : [content]) as readonly Json[];
    return { role: role === "assistant" ? "assistant" : "user", text: textOf(parts) };
  });
  const [only, ...more] = said;
  const text = said.map((one) => `${one.role}: ${one.text}`).join("\n");
  return { ok: true, output: more.length === 0 ? (only?.text ?? "") : text };
}
