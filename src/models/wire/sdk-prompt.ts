import type { Message } from "../../contracts/message.ts";
import type { ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";

/** Version of the interface a model object from outside implements. */
export type Version = "v2" | "v3" | "v4";

/**
 * A request as the options of `doStream`, which the three versions read almost alike. `marks`: the
 * provider has to be told what to keep in its cache.
 */
export function sdkOptions(request: ModelRequest, version: Version, marks: boolean): JsonObject {
  const { tools, choice, maxTokens, temperature, topP, seed, stop, system } = request;
  const mark = marks ? MARK : {};
  const given = request.messages.flatMap((message) => encodeMessage(message, version));
  const newest = given.length - 1;
  const messages = given.map((message, i) => (i === newest ? { ...message, ...mark } : message));
  return {
    prompt: system === "" ? messages : [{ role: "system", content: system, ...mark }, ...messages],
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stopSequences: [...stop] }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, input }) => ({
        type: "function",
        name,
        description,
        inputSchema: input,
      })),
      toolChoice:
        typeof choice === "object"
          ? { type: "tool", toolName: choice.name }
          : { type: choice ?? "auto" },
    }),
  };
}

const MARK = { providerOptions: { anthropic: { cacheControl: { type: "ephemeral" } } } };

function encodeMessage(message: Message, version: Version): JsonObject[] {
  const content = contentOf(message, version);
  return content.length === 0 ? [] : [{ role: message.role, content }];
}

function contentOf(message: Message, version: Version): JsonObject[] {
  switch (message.role) {
    case "user":
      return message.parts.map((part) =>
        part.type === "text"
          ? { type: "text", text: part.text }
          : {
              type: "file",
              mediaType: part.media,
              data: version === "v4" ? { type: "data", data: part.data } : part.data,
            },
      );
    case "assistant":
      return message.parts.flatMap((part): JsonObject[] => {
        if (part.type === "text") return [{ type: "text", text: part.text }];
        if (part.type === "thinking") return reasoning(part.text, part.signature);
        const input = part.broken === undefined ? part.args : { broken: part.broken };
        return [{ type: "tool-call", toolCallId: part.id, toolName: part.name, input }];
      });
    case "tool":
      return message.parts.map(({ id, name, text, error }) => ({
        type: "tool-result",
        toolCallId: id,
        toolName: name,
        output: { type: error ? "error-text" : "text", value: text },
      }));
  }
}

/** What a provider said about its reasoning goes back to it as it came. */
function reasoning(text: string, signature: string | undefined): JsonObject[] {
  const options = signature === undefined ? undefined : unsigned(signature);
  return [{ type: "reasoning", text, ...(isObject(options) && { providerOptions: options }) }];
}

/** A provider's metadata in the form our messages keep it. */
export function signed(metadata: unknown): string {
  return JSON.stringify(metadata);
}

function unsigned(signature: string): Json | undefined {
  try {
    return JSON.parse(signature) as Json;
  } catch {
    // Signed by an adapter of ours: it says nothing to this provider.
    return undefined;
  }
}
