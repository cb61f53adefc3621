import type { AssistantMessage, Message } from "../../contracts/message.ts";
import type { ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";

/** The three wires a mock provider speaks. */
export type MockWire = "openai" | "anthropic" | "ollama";

/** A request as it came over a wire, read back into our own form. */
export interface MockRequest extends ModelRequest {
  readonly wire: MockWire;
  readonly model: string;
  readonly stream: boolean;
  /** The body as it came. */
  readonly body: JsonObject;
}

/** Reads a request; `agent` is the model id, as no wire carries the name of an agent. */
export function readRequest(wire: MockWire, body: JsonObject): MockRequest {
  const items = list(body["messages"]).filter(isObject);
  const names = new Map<string, string>();
  const messages = wire === "anthropic" ? items.map(fromAnthropic(names)) : fromChat(items, names);
  const model = text(body["model"]);
  return {
    wire,
    model,
    agent: model,
    // Ollama streams unless told otherwise; the others must be asked to.
    stream: wire === "ollama" ? body["stream"] !== false : body["stream"] === true,
    system: wire === "anthropic" ? textOf(body["system"]) : systemOf(items),
    messages: messages.flat(),
    tools: list(body["tools"]).filter(isObject).map(toolOf),
    body,
  };
}

function toolOf(tool: JsonObject): ModelRequest["tools"][number] {
  const fn = isObject(tool["function"]) ? tool["function"] : tool;
  return {
    name: text(fn["name"]),
    description: text(fn["description"]),
    input: fn["parameters"] ?? fn["input_schema"] ?? {},
  };
}

function systemOf(items: readonly JsonObject[]): string {
  const system = items.filter((item) => ["system", "developer"].includes(text(item["role"])));
  return system.map((item) => textOf(item["content"])).join("\n");
}

function fromChat(items: readonly JsonObject[], names: Map<string, string>): Message[][] {
  return items.map((item) => {
    const content = textOf(item["content"]);
    switch (item["role"]) {
      case "user":
        return [{ role: "user", parts: [{ type: "text", text: content }] }];
      case "assistant": {
        const parts: AssistantMessage["parts"] = content ? [{ type: "text", text: content }] : [];
        for (const call of list(item["tool_calls"]).filter(isObject)) {
          const fn = isObject(call["function"]) ? call["function"] : {};
          const id = text(call["id"]);
          names.set(id, text(fn["name"]));
          parts.push({ type: "call", id, name: text(fn["name"]), args: argsOf(fn["arguments"]) });
        }
        return [{ role: "assistant", parts }];
      }
      case "tool": {
        const id = text(item["tool_call_id"]);
        const name = text(item["tool_name"]) || (names.get(id) ?? "");
        return [
          { role: "tool", parts: [{ type: "result", id, name, text: content, error: false }] },
        ];
      }
      default:
        return [];
    }
  });
}

function fromAnthropic(names: Map<string, string>): (item: JsonObject) => Message[] {
  return (item) => {
    const content = item["content"];
    const blocks =
      typeof content === "string"
        ? [{ type: "text", text: content }]
        : list(content).filter(isObject);
    if (item["role"] === "assistant") return [assistantOf(blocks, names)];
    const results = blocks.filter((block) => block["type"] === "tool_result");
    const said = blocks.filter((block) => block["type"] === "text").map((b) => text(b["text"]));
    const messages: Message[] = [];
    if (results.length > 0) {
      messages.push({
        role: "tool",
        parts: results.map((block) => ({
          type: "result",
          id: text(block["tool_use_id"]),
          name: names.get(text(block["tool_use_id"])) ?? "",
          text: textOf(block["content"]),
          error: block["is_error"] === true,
        })),
      });
    }
    if (said.length > 0) {
      messages.push({ role: "user", parts: said.map((line) => ({ type: "text", text: line })) });
    }
    return messages;
  };
}

function assistantOf(blocks: readonly JsonObject[], names: Map<string, string>): Message {
  const parts: AssistantMessage["parts"] = [];
  for (const block of blocks) {
    if (block["type"] === "text") parts.push({ type: "text", text: text(block["text"]) });
    if (block["type"] !== "tool_use") continue;
    const id = text(block["id"]);
    names.set(id, text(block["name"]));
    parts.push({ type: "call", id, name: text(block["name"]), args: block["input"] ?? {} });
  }
  return { role: "assistant", parts };
}

function argsOf(value: Json | undefined): Json {
  if (typeof value !== "string") return value ?? {};
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Text of a content that is a string or a list of blocks. */
function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  return list(value)
    .filter(isObject)
    .map((block) => text(block["text"]))
    .join("\n");
}
