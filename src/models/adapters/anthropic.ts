import type { Message } from "../../contracts/message.ts";
import type { Finish, ModelConfig, ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Adapter } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import { historyEncoder, toolsEncoder } from "../wire/history.ts";
import { countOf, setUp, textOf, type Setup } from "../wire/setup.ts";
import type { FrameReader, Wire } from "../wire/wire.ts";
import { wireModel } from "../wire/wire-model.ts";

/**
 * Anthropic's messages. URL and key variable have defaults. `maxTokens` must be sent, so it has a
 * default too. The prompt is marked for the provider's cache at the system text and at the newest
 * message, which is where the next request will agree with this one.
 */
export const openAnthropic: Adapter = async (name, config, deps) => {
  const defaults = { url: "https://api.anthropic.com/v1", keyEnv: "ANTHROPIC_API_KEY" };
  const setup = await setUp(name, config, deps, defaults);
  return wireModel(name, anthropicWire(config, setup), config, deps);
};

const DEFAULT_MAX_TOKENS = 8_192;
const SEALED = "sealed:";

function anthropicWire(config: ModelConfig, setup: Setup): Wire {
  const history = historyEncoder((message) => encodeMessage(message, false));
  const tools = toolsEncoder(({ name, description, input }) => ({
    name,
    description,
    input_schema: input,
  }));
  const body = (request: ModelRequest): string => {
    const limit = request.maxTokens ?? config.maxTokens ?? DEFAULT_MAX_TOKENS;
    const head = [`"model":${JSON.stringify(setup.id)}`, `"stream":true`, `"max_tokens":${limit}`];
    const temperature = request.temperature ?? config.temperature;
    if (temperature !== undefined) head.push(`"temperature":${temperature}`);
    if (request.tools.length > 0) {
      head.push(`"tools":${tools(request.tools)}`);
      if (request.choice !== undefined) head.push(`"tool_choice":${choiceOf(request.choice)}`);
    }
    if (request.system !== "") {
      const block = { type: "text", text: request.system, cache_control: { type: "ephemeral" } };
      head.push(`"system":${JSON.stringify([block])}`);
    }
    const newest = request.messages.at(-1);
    const before = history(request.messages.slice(0, -1));
    const last = newest === undefined ? "" : encodeMessage(newest, true);
    const comma = before !== "" && last !== "" ? "," : "";
    return `{${head.join(",")},"messages":[${before}${comma}${last}]}`;
  };
  return {
    id: setup.id,
    url: `${setup.url}/messages`,
    headers: {
      "anthropic-version": "2023-06-01",
      ...(setup.key !== null && { "x-api-key": setup.key }),
    },
    secret: setup.key,
    framing: "sse",
    screened: false,
    body,
    reader: messagesReader,
  };
}

function choiceOf(choice: NonNullable<ModelRequest["choice"]>): string {
  if (typeof choice === "object") return JSON.stringify({ type: "tool", name: choice.name });
  return JSON.stringify({ type: choice === "required" ? "any" : choice });
}

function encodeMessage(message: Message, newest: boolean): string {
  const blocks = blocksOf(message);
  const last = blocks.at(-1);
  if (last === undefined) return "";
  if (newest) blocks[blocks.length - 1] = { ...last, cache_control: { type: "ephemeral" } };
  const role = message.role === "assistant" ? "assistant" : "user";
  return JSON.stringify({ role, content: blocks });
}

function blocksOf(message: Message): JsonObject[] {
  switch (message.role) {
    case "user":
      return message.parts.flatMap((part): JsonObject[] => {
        if (part.type === "text") return textBlock(part.text);
        const source = { type: "base64", media_type: part.media, data: part.data };
        return [{ type: "image", source }];
      });
    case "assistant":
      return message.parts.flatMap((part): JsonObject[] => {
        if (part.type === "text") return textBlock(part.text);
        if (part.type === "thinking") return thinkingBlock(part);
        const input = part.broken === undefined ? part.args : { broken: part.broken };
        // The API takes objects only; the next turn says what was wrong with the call.
        return [
          {
            type: "tool_use",
            id: wireId(part.id),
            name: part.name,
            input: isObject(input) ? input : { value: input },
          },
        ];
      });
    case "tool":
      return message.parts.map((part) => ({
        type: "tool_result",
        tool_use_id: wireId(part.id),
        content: part.text,
        ...(part.error && { is_error: true }),
      }));
  }
}

/** The API refuses blank text. */
function textBlock(text: string): JsonObject[] {
  return text.trim() === "" ? [] : [{ type: "text", text }];
}

/** Reasoning goes back only with its signature; other providers' has none. */
function thinkingBlock({
  text,
  signature,
}: {
  text: string;
  signature?: string | undefined;
}): JsonObject[] {
  if (signature === undefined) return [];
  if (signature.startsWith(SEALED)) {
    return [{ type: "redacted_thinking", data: signature.slice(SEALED.length) }];
  }
  return [{ type: "thinking", thinking: text, signature }];
}

/** Ids made by other providers may hold characters this API refuses. */
function wireId(id: string): string {
  return id.replace(/[^\w-]/gu, "_");
}

function messagesReader(answer: Answer): FrameReader {
  return {
    frame: (frame) => {
      if (!isObject(frame)) return;
      switch (frame["type"]) {
        case "message_start":
          if (isObject(frame["message"])) readStart(answer, frame["message"]);
          break;
        case "content_block_start":
          if (isObject(frame["content_block"])) {
            readBlock(answer, Number(frame["index"]), frame["content_block"]);
          }
          break;
        case "content_block_delta":
          if (isObject(frame["delta"])) readDelta(answer, Number(frame["index"]), frame["delta"]);
          break;
        case "message_delta":
          readEnd(answer, frame);
          break;
        case "message_stop":
          answer.complete = true;
          break;
        case "message":
          readWhole(answer, frame);
          break;
        default:
          // Pings, ends of blocks, and whatever is added later, carry nothing that is needed.
          break;
      }
    },
  };
}

function readStart(answer: Answer, message: JsonObject): void {
  if (typeof message["model"] === "string") answer.model(message["model"]);
  const usage = message["usage"];
  // The output counted here is that of the first moment; only the end's counts.
  if (isObject(usage)) answer.usage(inputOf(usage));
}

function inputOf(usage: JsonObject): { input: number | undefined; cached: number | undefined } {
  const fresh = countOf(usage["input_tokens"]);
  const cached = countOf(usage["cache_read_input_tokens"]);
  const written = countOf(usage["cache_creation_input_tokens"]);
  const input = fresh === undefined ? undefined : fresh + (cached ?? 0) + (written ?? 0);
  return { input, cached };
}

function readBlock(answer: Answer, index: number, block: JsonObject): void {
  switch (block["type"]) {
    case "text":
      answer.text(textOf(block["text"]));
      break;
    case "thinking":
      answer.thinking(textOf(block["thinking"]));
      if (textOf(block["signature"]) !== "") answer.signature(textOf(block["signature"]));
      break;
    case "redacted_thinking":
      answer.sealed(SEALED + textOf(block["data"]));
      break;
    case "tool_use":
      answer.call(index, textOf(block["name"]), textOf(block["id"]));
      // A stream begins with an empty object here and sends the arguments after it.
      if (isObject(block["input"]) && Object.keys(block["input"]).length > 0) {
        answer.args(index, JSON.stringify(block["input"]));
      }
      break;
    default:
      break;
  }
}

function readDelta(answer: Answer, index: number, delta: JsonObject): void {
  switch (delta["type"]) {
    case "text_delta":
      answer.text(textOf(delta["text"]));
      break;
    case "thinking_delta":
      answer.thinking(textOf(delta["thinking"]));
      break;
    case "signature_delta":
      answer.signature(textOf(delta["signature"]));
      break;
    case "input_json_delta":
      answer.args(index, textOf(delta["partial_json"]));
      break;
    default:
      break;
  }
}

function readEnd(answer: Answer, frame: JsonObject): void {
  const usage = frame["usage"];
  if (isObject(usage)) {
    answer.usage({ ...inputOf(usage), output: countOf(usage["output_tokens"]) });
  }
  const reason = isObject(frame["delta"]) ? frame["delta"]["stop_reason"] : undefined;
  if (typeof reason === "string") answer.finish(finishOf(reason));
}

/** Some gateways answer whole although a stream was asked for. */
function readWhole(answer: Answer, message: JsonObject): void {
  readStart(answer, message);
  const content = message["content"];
  const blocks = Array.isArray(content) ? (content as readonly Json[]) : [];
  blocks.forEach((block, index) => {
    if (isObject(block)) readBlock(answer, index, block);
  });
  readEnd(answer, { usage: message["usage"] ?? null, delta: message });
}

function finishOf(reason: string): Finish {
  switch (reason) {
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length";
    case "refusal":
      return "filtered";
    case "tool_use":
      return "calls";
    default:
      return "stop";
  }
}
