import type { Message } from "../../contracts/message.ts";
import type { Finish, ModelConfig, ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { ModelDeps } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import { modelFailure } from "../failures.ts";
import type { Model } from "../model.ts";
import { historyEncoder, toolsEncoder } from "./history.ts";
import { settingsIn, settingsOf } from "./settings.ts";
import { countOf, textOf, type Setup } from "./setup.ts";
import { hostOf, type EmbedWire, type FrameReader, type Wire } from "./wire.ts";
import { wireModel } from "./wire-model.ts";

/** What differs between OpenAI itself and the many servers that speak like it. */
export interface Dialect {
  /** Name of the field that limits the answer. */
  readonly maxTokens: "max_tokens" | "max_completion_tokens";
}

/** A model behind `POST {url}/chat/completions`. */
export function chatModel(
  name: string,
  config: ModelConfig,
  setup: Setup,
  dialect: Dialect,
  deps: ModelDeps,
): Model {
  const wire = { ...chatWire(config, setup, dialect), embeds: embedsAt(setup) };
  return wireModel(name, wire, config, deps);
}

function chatWire(config: ModelConfig, setup: Setup, dialect: Dialect): Wire {
  const history = reasonedHistory();
  const tools = toolsEncoder(({ name, description, input }) => ({
    type: "function",
    function: { name, description, parameters: input },
  }));
  const host = hostOf(setup.url);
  let { maxTokens } = dialect;
  let askUsage = true;
  const body = (request: ModelRequest): string => {
    const head: string[] = [`"model":${JSON.stringify(setup.id)}`, `"stream":true`];
    if (askUsage) head.push(`"stream_options":{"include_usage":true}`);
    for (const [name, value] of settingsOf(request, config, { ...SETTINGS, maxTokens })) {
      head.push(`"${name}":${JSON.stringify(value)}`);
    }
    if (config.thinking !== undefined) head.push(`"reasoning_effort":"${config.thinking}"`);
    if (request.tools.length > 0) {
      head.push(`"tools":${tools(request.tools)}`);
      if (request.choice !== undefined) head.push(`"tool_choice":${choiceOf(request.choice)}`);
    }
    const system =
      request.system === "" ? "" : JSON.stringify({ role: "system", content: request.system });
    const items = history.encode(request.messages);
    const comma = system !== "" && items !== "" ? "," : "";
    return `{${head.join(",")},"messages":[${system}${comma}${items}]}`;
  };
  return {
    id: setup.id,
    url: `${setup.url}/chat/completions`,
    headers: setup.key === null ? {} : { authorization: `Bearer ${setup.key}` },
    secret: setup.key,
    framing: "sse",
    screened: true,
    takes: settingsIn(SETTINGS),
    body,
    reader: (answer) => chatReader(answer, host, history.thinksIn),
    adapt: (status, message) => {
      if (status !== 400 && status !== 422) return false;
      if (askUsage && message.includes("stream_options")) {
        askUsage = false;
        return true;
      }
      if (maxTokens === "max_tokens" && message.includes("max_completion_tokens")) {
        maxTokens = "max_completion_tokens";
        return true;
      }
      return history.refused(message);
    },
  };
}

function embedsAt({ url, id }: Setup): EmbedWire {
  return {
    url: `${url}/embeddings`,
    // Floats as they are: not every server knows them in base64.
    body: ({ inputs, dimensions }) => JSON.stringify({ model: id, input: inputs, dimensions }),
    read: ({ data, usage, model }, answer) => {
      if (!Array.isArray(data)) return null;
      if (isObject(usage)) answer.usage({ input: countOf(usage["prompt_tokens"]), output: 0 });
      if (textOf(model) !== "") answer.model(textOf(model));
      const items = (data as readonly Json[]).map((one) => (isObject(one) ? one : {}));
      const placed = items.map((one, i) => ({ at: countOf(one["index"]) ?? i, one }));
      return placed.toSorted((a, b) => a.at - b.at).map(({ one }) => one["embedding"] ?? null);
    },
  };
}

/**
 * What is told of earlier reasoning: what there was, an empty text where there was none, or nothing.
 * Servers whose models call tools while they reason want it back; some refuse what they do not know.
 */
type Echo = "given" | "always" | "never";

interface ReasonedHistory {
  encode(messages: readonly Message[]): string;
  /** The field in which this server says what its model thinks. */
  thinksIn(name: string): void;
  /** True where a request was refused for it, and the next one is written otherwise. */
  refused(message: string): boolean;
}

function reasonedHistory(): ReasonedHistory {
  let echo: Echo = "given";
  let field = "reasoning_content";
  const encoder = (): ReturnType<typeof historyEncoder> =>
    historyEncoder((message) => encodeMessage(message, { echo, field }));
  let encode = encoder();
  return {
    encode: (messages) => encode(messages),
    thinksIn: (name) => (field = name),
    refused: (message) => {
      if (echo !== "given" || !message.includes(field)) return false;
      echo = /missing|must|required/iu.test(message) ? "always" : "never";
      encode = encoder();
      return true;
    },
  };
}

const SETTINGS = {
  maxTokens: "max_tokens",
  temperature: "temperature",
  topP: "top_p",
  seed: "seed",
  stop: "stop",
};

function choiceOf(choice: NonNullable<ModelRequest["choice"]>): string {
  if (typeof choice === "string") return `"${choice}"`;
  return JSON.stringify({ type: "function", function: { name: choice.name } });
}

interface Earlier {
  readonly echo: Echo;
  readonly field: string;
}

function encodeMessage(message: Message, earlier: Earlier): string {
  switch (message.role) {
    case "user":
      return JSON.stringify({ role: "user", content: userContent(message) });
    case "assistant":
      return encodeAssistant(message, earlier);
    case "tool":
      return message.parts
        .map(({ id, text }) => JSON.stringify({ role: "tool", tool_call_id: id, content: text }))
        .join(",");
  }
}

function userContent({ parts }: Extract<Message, { role: "user" }>): Json {
  if (parts.every((part) => part.type === "text")) {
    return parts.map((part) => part.text).join("\n");
  }
  return parts.map((part) =>
    part.type === "text"
      ? { type: "text", text: part.text }
      : { type: "image_url", image_url: { url: `data:${part.media};base64,${part.data}` } },
  );
}

function encodeAssistant(
  { parts }: Extract<Message, { role: "assistant" }>,
  { echo, field }: Earlier,
): string {
  let content = "";
  let thinking = "";
  const calls: Json[] = [];
  for (const part of parts) {
    if (part.type === "text") content += part.text;
    // What another provider signed is for nobody else.
    if (part.type === "thinking" && part.signature === undefined) thinking += part.text;
    if (part.type !== "call") continue;
    const { id, name } = part;
    // Servers parse the arguments to put them into a template, and fail where they are no JSON.
    const args = JSON.stringify(part.broken === undefined ? part.args : { broken: part.broken });
    calls.push({ id, type: "function", function: { name, arguments: args } });
  }
  if (content === "" && calls.length === 0) return "";
  return JSON.stringify({
    role: "assistant",
    content: content === "" ? null : content,
    ...(echo === "always" || (echo === "given" && thinking !== "") ? { [field]: thinking } : {}),
    ...(calls.length > 0 && { tool_calls: calls }),
  });
}

/** Reads chunks of a stream; a whole completion is read as one chunk that holds everything. */
function chatReader(answer: Answer, host: string, thinksIn: (field: string) => void): FrameReader {
  const calls = callReader(answer);
  return {
    frame: (frame) => {
      if (!isObject(frame)) return;
      const usage = frame["usage"];
      if (isObject(usage)) readUsage(answer, usage);
      if (typeof frame["model"] === "string" && frame["model"] !== "") answer.model(frame["model"]);
      const choices = frame["choices"];
      const choice = Array.isArray(choices) ? (choices[0] as Json | undefined) : undefined;
      if (!isObject(choice)) return;
      const delta = choice["delta"] ?? choice["message"];
      if (isObject(delta)) {
        const thinking = THINKING.find((name) => typeof delta[name] === "string");
        if (thinking !== undefined) {
          thinksIn(thinking);
          answer.thinking(textOf(delta[thinking]));
        }
        readDelta(answer, delta, calls);
      }
      const reason = choice["finish_reason"];
      if (reason === "error") answer.fail(modelFailure("model.provider_error", { host }));
      else if (typeof reason === "string" && reason !== "") answer.finish(finishOf(reason));
    },
  };
}

const THINKING = ["reasoning_content", "reasoning"] as const;

function readDelta(
  answer: Answer,
  delta: JsonObject,
  calls: (items: readonly Json[]) => void,
): void {
  const content = delta["content"];
  if (typeof content === "string") answer.text(content);
  else if (Array.isArray(content)) {
    for (const part of content as readonly Json[]) {
      if (isObject(part)) answer.text(textOf(part["text"]));
    }
  }
  if (typeof delta["refusal"] === "string" && delta["refusal"] !== "") {
    answer.text(delta["refusal"]);
    answer.finish("filtered");
  }
  const items = delta["tool_calls"];
  if (Array.isArray(items)) calls(items as readonly Json[]);
}

/**
 * Puts pieces of calls where they belong. By the book every piece has an index; in the wild the
 * index is missing or always 0, and the id or the name says that another call begins.
 */
function callReader(answer: Answer): (items: readonly Json[]) => void {
  let current: string | null = null;
  let serial = 0;
  const keys = new Map<number, string>();
  return (items) => {
    for (const item of items) {
      if (!isObject(item)) continue;
      const fn = isObject(item["function"]) ? item["function"] : {};
      const name = textOf(fn["name"]);
      const id = textOf(item["id"]);
      const index = typeof item["index"] === "number" ? item["index"] : null;
      let key: string | null = index === null ? current : (keys.get(index) ?? null);
      const known = key === null ? undefined : answer.idIn(key);
      const other = id !== "" && known !== "" && id !== known;
      if (key === null || other || (index === null && name !== "")) {
        serial += 1;
        key = `call ${serial}`;
        if (index !== null) keys.set(index, key);
      }
      current = key;
      answer.call(key, name, id);
      const args = fn["arguments"];
      if (typeof args === "string") answer.args(key, args);
      else if (isObject(args)) answer.args(key, JSON.stringify(args));
    }
  };
}

function readUsage(answer: Answer, usage: JsonObject): void {
  const details = usage["prompt_tokens_details"];
  answer.usage({
    input: countOf(usage["prompt_tokens"]),
    output: countOf(usage["completion_tokens"]),
    cached: isObject(details)
      ? countOf(details["cached_tokens"])
      : countOf(usage["prompt_cache_hit_tokens"]),
    written: isObject(details) ? countOf(details["cache_write_tokens"]) : undefined,
  });
}

function finishOf(reason: string): Finish {
  switch (reason) {
    case "length":
    case "max_tokens":
      return "length";
    case "content_filter":
      return "filtered";
    case "tool_calls":
    case "function_call":
      return "calls";
    default:
      return "stop";
  }
}
