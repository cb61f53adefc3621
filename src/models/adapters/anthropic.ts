import type { Message } from "../../contracts/message.ts";
import type { Finish, ModelConfig, ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Adapter } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import { historyEncoder, toolsEncoder } from "../wire/history.ts";
import { settingsIn, type SettingNames, settingsOf } from "../wire/settings.ts";
import { countOf, setUp, textOf, type Setup } from "../wire/setup.ts";
import type { FrameReader, Wire } from "../wire/wire.ts";
import { wireModel } from "../wire/wire-model.ts";

/**
 * Anthropic's messages. URL and key variable have defaults. `maxTokens` must be sent, so it has a
 * default too. The prompt is marked for the provider's cache at the system text (tools come before
 * it), at the newest message, which is where the next request will agree with this one, and where the
 * last request ended: the provider looks back only so far, and a turn may add more than that.
 */
export const openAnthropic: Adapter = async (name, config, deps) => {
  const defaults = { url: "https://api.anthropic.com/v1", keyEnv: "ANTHROPIC_API_KEY" };
  const setup = await setUp(name, config, deps, defaults);
  return wireModel(name, anthropicWire(config, setup), config, deps);
};

const DEFAULT_MAX_TOKENS = 8_192;
/** Tokens it may think, for models that are told a number; fewer than LEAST are refused. */
const THINKING = { low: 2_048, medium: 8_192, high: 24_576 } as const;
const LEAST_THINKING = 1_024;
/** What its cache takes for a token, in parts of the usual price, for the five minutes we ask for. */
const CACHE = { read: 0.1, write: 1.25 };
const SEALED = "sealed:";

function anthropicWire(config: ModelConfig, setup: Setup): Wire {
  const messages = markedHistory();
  const tools = toolsEncoder(({ name, description, input }) => ({
    name,
    description,
    input_schema: input,
  }));
  let thinks: "adaptive" | "counted" = "adaptive";
  const body = (request: ModelRequest): string => {
    const { limit, fields } = limitsOf(request, config, thinks);
    const head = [`"model":${JSON.stringify(setup.id)}`, `"stream":true`, `"max_tokens":${limit}`];
    head.push(...fields);
    head.push(...fieldsOf(request, config, ENDS));
    if (request.tools.length > 0) {
      head.push(`"tools":${tools(request.tools)}`);
      if (request.choice !== undefined) head.push(`"tool_choice":${choiceOf(request.choice)}`);
    }
    if (request.system !== "") {
      const block = { type: "text", text: request.system, ...MARK };
      head.push(`"system":${JSON.stringify([block])}`);
    }
    return `{${head.join(",")},"messages":[${messages(request.messages)}]}`;
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
    ...pricedBy(config),
    // What thinks draws as it must.
    takes: ["maxTokens", ...settingsIn(config.thinking ? ENDS : { ...DRAWS, ...ENDS })],
    body,
    reader: messagesReader,
    adapt: (status, message) => {
      // Older models are told how many tokens they may think, newer ones only how hard.
      const isOlder = status === 400 && /thinking|effort|output_config/u.test(message);
      if (config.thinking === undefined || thinks !== "adaptive" || !isOlder) return false;
      thinks = "counted";
      return true;
    },
  };
}

function pricedBy({ price }: ModelConfig): Pick<Wire, "price"> {
  if (price === undefined) return {};
  const { read, write } = CACHE;
  return { price: { cacheRead: price.input * read, cacheWrite: price.input * write, ...price } };
}

const MARK = { cache_control: { type: "ephemeral" } };

/** How long the answer may be and how hard to think. A call that is forced, or heat, rules thinking out. */
function limitsOf(
  request: ModelRequest,
  config: ModelConfig,
  way: "adaptive" | "counted",
): { readonly limit: number; readonly fields: readonly string[] } {
  const { maxTokens, thinking } = config;
  const set = request.maxTokens ?? maxTokens;
  const { choice = "auto" } = request;
  const isForced = choice !== "auto" && choice !== "none";
  if (thinking === undefined || isForced) {
    const fields = fieldsOf(request, config, DRAWS);
    return { limit: set ?? DEFAULT_MAX_TOKENS, fields };
  }
  const limit = set ?? DEFAULT_MAX_TOKENS + THINKING[thinking];
  if (way === "adaptive") {
    const how = `"thinking":{"type":"adaptive","display":"summarized"}`;
    return { limit, fields: [how, `"output_config":{"effort":"${thinking}"}`] };
  }
  const budget = Math.min(THINKING[thinking], Math.floor(limit / 2));
  const how = `"thinking":{"type":"enabled","budget_tokens":${budget}}`;
  return { limit, fields: budget < LEAST_THINKING ? [] : [how] };
}

/** Encodes a conversation, each message once, with its marks. */
function markedHistory(): (messages: readonly Message[]) => string {
  const plain = historyEncoder((message) => encodeMessage(message, false));
  const known = new WeakMap<Message, string>();
  const marked = (message: Message): string => {
    const text = known.get(message) ?? encodeMessage(message, true);
    known.set(message, text);
    return text;
  };
  return (messages) => {
    const newest = messages.length - 1;
    const before = lastAsked(messages, newest);
    const parts = [plain(messages.slice(0, Math.max(0, before)))];
    for (let i = Math.max(0, before); i <= newest; i++) {
      const message = messages[i] as Message;
      const hasMark = i === newest || i === before;
      parts.push(hasMark ? marked(message) : encodeMessage(message, false));
    }
    return parts.filter((text) => text !== "").join(",");
  };
}

/** Where the last request ended: what stands before the newest answer; -1 where there is none. */
function lastAsked(messages: readonly Message[], newest: number): number {
  for (let i = newest - 1; i >= 0; i--) {
    if (messages[i]?.role !== "assistant" && messages[i + 1]?.role === "assistant") return i;
  }
  return -1;
}

// It takes no seed.
const DRAWS = { temperature: "temperature", topP: "top_p" };
const ENDS = { stop: "stop_sequences" };

function fieldsOf(request: ModelRequest, config: ModelConfig, names: SettingNames): string[] {
  return settingsOf(request, config, names).map(
    ([name, value]) => `"${name}":${JSON.stringify(value)}`,
  );
}

function choiceOf(choice: NonNullable<ModelRequest["choice"]>): string {
  if (typeof choice === "object") return JSON.stringify({ type: "tool", name: choice.name });
  return JSON.stringify({ type: choice === "required" ? "any" : choice });
}

function encodeMessage(message: Message, isMarked: boolean): string {
  const blocks = blocksOf(message);
  const last = blocks.at(-1);
  if (last === undefined) return "";
  if (isMarked) blocks[blocks.length - 1] = { ...last, ...MARK };
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
  const usage = usageReader(answer);
  return {
    frame: (frame) => {
      if (!isObject(frame)) return;
      switch (frame["type"]) {
        case "message_start":
          if (isObject(frame["message"])) readStart(answer, frame["message"], usage);
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
          readEnd(answer, frame, usage);
          break;
        case "message_stop":
          answer.complete = true;
          break;
        case "message":
          readWhole(answer, frame, usage);
          break;
        default:
          // Pings, ends of blocks, and whatever is added later, carry nothing that is needed.
          break;
      }
    },
  };
}

type ReadUsage = (usage: Json | undefined, isEnd: boolean) => void;

/** Puts together what was read new, from the cache and into it: each is said alone, and some only once. */
function usageReader(answer: Answer): ReadUsage {
  let [fresh, cached, written]: (number | undefined)[] = [];
  return (usage, isEnd) => {
    if (!isObject(usage)) return;
    fresh = countOf(usage["input_tokens"]) ?? fresh;
    cached = countOf(usage["cache_read_input_tokens"]) ?? cached;
    written = countOf(usage["cache_creation_input_tokens"]) ?? written;
    const input = fresh === undefined ? undefined : fresh + (cached ?? 0) + (written ?? 0);
    // The output counted at the start is that of the first moment; only the end's counts.
    const output = isEnd ? countOf(usage["output_tokens"]) : undefined;
    answer.usage({ input, cached, written, output });
  };
}

function readStart(answer: Answer, message: JsonObject, usage: ReadUsage): void {
  if (typeof message["model"] === "string") answer.model(message["model"]);
  usage(message["usage"], false);
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

function readEnd(answer: Answer, frame: JsonObject, usage: ReadUsage): void {
  usage(frame["usage"], true);
  const reason = isObject(frame["delta"]) ? frame["delta"]["stop_reason"] : undefined;
  if (typeof reason === "string") answer.finish(finishOf(reason));
}

/** Some gateways answer whole although a stream was asked for. */
function readWhole(answer: Answer, message: JsonObject, usage: ReadUsage): void {
  readStart(answer, message, usage);
  const content = message["content"];
  const blocks = Array.isArray(content) ? (content as readonly Json[]) : [];
  blocks.forEach((block, index) => {
    if (isObject(block)) readBlock(answer, index, block);
  });
  readEnd(answer, { usage: message["usage"] ?? null, delta: message }, usage);
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
