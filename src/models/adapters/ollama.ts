import type { Message } from "../../contracts/message.ts";
import type { ModelConfig, ModelRequest, ToolSpec } from "../../contracts/model.ts";
import { LIMITS } from "../../std/limits.ts";
import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import type { Adapter } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import { historyEncoder, toolsEncoder } from "../wire/history.ts";
import { settingsIn, settingsOf } from "../wire/settings.ts";
import { countOf, setUp, textOf, type Setup } from "../wire/setup.ts";
import type { EmbedWire, FrameReader, Wire } from "../wire/wire.ts";
import { wireModel } from "../wire/wire-model.ts";

/**
 * Ollama's own `POST {url}/api/chat`, which unlike its /v1 takes the context window: `context` of
 * the request or the config is sent as `num_ctx`, else LIMITS.contextTokens. Left to itself Ollama
 * takes a small one and silently drops the beginning of what does not fit.
 */
export const openOllama: Adapter = async (name, config, deps) => {
  const made = await setUp(name, config, deps, { url: "http://127.0.0.1:11434" });
  // People often set the URL of Ollama's OpenAI-like end here as well.
  const setup = { ...made, url: made.url.replace(/\/v1$/u, "") };
  const wire = { ...ollamaWire(config, setup), embeds: embedsAt(config, setup) };
  return wireModel(name, wire, config, deps);
};

function ollamaWire(config: ModelConfig, setup: Setup): Wire {
  const history = historyEncoder(encodeMessage);
  const tools = toolsEncoder(({ name, description, input }) => ({
    type: "function",
    function: { name, description, parameters: input },
  }));
  const body = (request: ModelRequest): string => {
    const context = request.context ?? config.context ?? LIMITS.contextTokens;
    const options = {
      num_ctx: context,
      ...Object.fromEntries(settingsOf(request, config, SETTINGS)),
    };
    const offers = offered(request);
    const head = [`"model":${JSON.stringify(setup.id)}`, `"stream":true`];
    head.push(`"options":${JSON.stringify(options)}`);
    if (config.thinking !== undefined) head.push(`"think":"${config.thinking}"`);
    if (offers.length > 0) head.push(`"tools":${tools(offers)}`);
    const system =
      request.system === "" ? "" : JSON.stringify({ role: "system", content: request.system });
    const items = history(request.messages);
    const comma = system !== "" && items !== "" ? "," : "";
    return `{${head.join(",")},"messages":[${system}${comma}${items}]}`;
  };
  return {
    id: setup.id,
    url: `${setup.url}/api/chat`,
    headers: setup.key === null ? {} : { authorization: `Bearer ${setup.key}` },
    secret: setup.key,
    framing: "ndjson",
    screened: true,
    takes: settingsIn(SETTINGS),
    body,
    reader: ollamaReader,
  };
}

/** `POST {url}/api/embed`. Left to itself Ollama cuts a text that does not fit, without a word. */
function embedsAt({ context }: ModelConfig, { id, url }: Setup): EmbedWire {
  const options = context === undefined ? {} : { options: { num_ctx: context } };
  return {
    url: `${url}/api/embed`,
    body: ({ inputs, dimensions, truncate = false }) =>
      JSON.stringify({ model: id, input: inputs, truncate, dimensions, ...options }),
    read: ({ embeddings, prompt_eval_count, model }, answer) => {
      if (!Array.isArray(embeddings)) return null;
      answer.usage({ input: countOf(prompt_eval_count), output: 0 });
      if (textOf(model) !== "") answer.model(textOf(model));
      return embeddings as readonly Json[];
    },
  };
}

const SETTINGS = {
  maxTokens: "num_predict",
  temperature: "temperature",
  topP: "top_p",
  seed: "seed",
  stop: "stop",
};

/** Ollama cannot be told to call or not to call: what must not be called is not offered. */
function offered({ tools, choice }: ModelRequest): readonly ToolSpec[] {
  if (choice === "none") return [];
  if (typeof choice !== "object") return tools;
  return tools.filter((tool) => tool.name === choice.name);
}

function encodeMessage(message: Message): string {
  switch (message.role) {
    case "user": {
      const images = message.parts.flatMap((part) => (part.type === "image" ? [part.data] : []));
      return JSON.stringify({
        role: "user",
        content: message.parts
          .flatMap((part) => (part.type === "text" ? [part.text] : []))
          .join("\n"),
        ...(images.length > 0 && { images }),
      });
    }
    case "assistant":
      return encodeAssistant(message);
    case "tool":
      return message.parts
        .map(({ name, text, id }) =>
          JSON.stringify({ role: "tool", tool_name: name, tool_call_id: id, content: text }),
        )
        .join(",");
  }
}

function encodeAssistant({ parts }: Extract<Message, { role: "assistant" }>): string {
  let content = "";
  let thinking = "";
  const calls: Json[] = [];
  for (const part of parts) {
    if (part.type === "text") content += part.text;
    if (part.type === "thinking") thinking += part.text;
    if (part.type !== "call") continue;
    const { id, name, broken, args } = part;
    const given = broken === undefined ? args : { broken };
    // Ollama reads arguments as an object and refuses the whole request otherwise.
    calls.push({ id, function: { name, arguments: isObject(given) ? given : { value: given } } });
  }
  if (content === "" && calls.length === 0) return "";
  return JSON.stringify({
    role: "assistant",
    content,
    ...(thinking !== "" && { thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  });
}

function ollamaReader(answer: Answer): FrameReader {
  let serial = 0;
  return {
    frame: (frame) => {
      if (!isObject(frame)) return;
      if (typeof frame["model"] === "string") answer.model(frame["model"]);
      const message = frame["message"];
      if (isObject(message)) {
        answer.thinking(textOf(message["thinking"]));
        answer.text(textOf(message["content"]));
        const calls = message["tool_calls"];
        for (const call of Array.isArray(calls) ? (calls as readonly Json[]) : []) {
          serial += 1;
          if (isObject(call)) readCall(answer, serial, call);
        }
      }
      if (frame["done"] === true) readDone(answer, frame);
    },
  };
}

function readCall(answer: Answer, serial: number, call: JsonObject): void {
  const fn = isObject(call["function"]) ? call["function"] : {};
  answer.call(serial, textOf(fn["name"]), textOf(call["id"]));
  const args = fn["arguments"];
  answer.args(serial, typeof args === "string" ? args : JSON.stringify(args ?? {}));
}

function readDone(answer: Answer, frame: JsonObject): void {
  answer.usage({
    input: countOf(frame["prompt_eval_count"]),
    output: countOf(frame["eval_count"]),
  });
  answer.finish(frame["done_reason"] === "length" ? "length" : "stop");
  answer.complete = true;
}
