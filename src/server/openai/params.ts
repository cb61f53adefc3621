import { NO_SETTING } from "../../contracts/http/wish.ts";
import type { Setting } from "../../contracts/model.ts";
import { isObject } from "../../std/json.ts";
import {
  OLLAMA_CHAT,
  OLLAMA_EMBED,
  OLLAMA_EMBED_OLD,
  OLLAMA_GENERATE,
  OLLAMA_OPTIONS,
} from "../ollama/params.ts";
import { Refusal } from "../refusal.ts";

/**
 * What becomes of each parameter a client may send, as data: it has the effect that is said here, or it
 * is refused by its name before anything is begun. One that no list knows is refused as well. Checks,
 * reference and tests read these lists and nothing else.
 */
export interface Param {
  readonly name: string;
  /** What it does; absent where it is refused. */
  readonly does?: string;
  /** Of a refused one: values that ask for nothing, and are let pass. */
  readonly idle?: readonly unknown[];
  /** Of a refused one: what to do instead. */
  readonly next?: string;
  /** The setting of the model it is, which a model may not take. */
  readonly setting?: Setting;
  /** Codes of other refusals of a run that are about it. */
  readonly refuses?: readonly string[];
}

const LEAVE = "Leave it out.";
const OFF = [false];

/** Named by every route that asks an agent. */
const COMMON: readonly Param[] = [
  { name: "model", does: "which agent is asked: `nanos/AGENT`, or the bare name" },
  { name: "stream", does: "the answer comes as it is made" },
  { name: "temperature", does: "given to the agent's model", setting: "temperature" },
  { name: "top_p", does: "given to the agent's model", setting: "topP" },
  {
    name: "parallel_tool_calls",
    does: "`false`: at most one of the client's tools is called at a time",
  },
  { name: "user", does: "kept on the run's record" },
  { name: "metadata", does: "kept on the run's record" },
  { name: "top_logprobs", idle: [0], next: "No probabilities of tokens are given." },
  { name: "service_tier", idle: ["auto", "default"], next: LEAVE },
  { name: "safety_identifier", next: "Say whom it is for in user." },
  { name: "prompt_cache_key", next: "Models keep what they keep by themselves." },
  { name: "prompt_cache_retention", next: "Models keep what they keep by themselves." },
  { name: "verbosity", next: "Say in the request how long the answer is to be." },
];

export const TOOLS_REFUSED = [
  ...["client.tool_taken", "client.bad_tool", "client.no_tools", "client.no_model"],
];
export const FORM_REFUSED = ["client.bad_form"];
export const IMAGE_REFUSED = [
  ...["image.not_taken", "image.no_image", "image.too_large", "image.too_many", "image.scrubbed"],
];
const SPEAKING = "Agents answer in text.";
const PENALTY = "Leave it out, or set temperature.";

/** `POST /v1/chat/completions`, and `POST /v1/agents/{name}/chat` but for model and stream. */
export const CHAT_PARAMS: readonly Param[] = [
  ...COMMON,
  {
    name: "messages",
    does:
      "the last one of role `user` is the request, what is before it the conversation; after it come " +
      "calls of the client's tools and what came of them",
    refuses: IMAGE_REFUSED,
  },
  { name: "stream_options", does: "`include_usage`: the last chunk says what was used" },
  {
    name: "tools",
    does: "functions the client carries out: a call of one ends the answer with `tool_calls`",
    refuses: TOOLS_REFUSED,
  },
  {
    name: "tool_choice",
    does: "`none`: none of them is offered; `required` or a name: one has to be called",
  },
  {
    name: "response_format",
    does: "the answer is JSON, held against the schema; the model is told once what does not fit",
    refuses: FORM_REFUSED,
  },
  { name: "max_tokens", does: "given to the agent's model", setting: "maxTokens" },
  { name: "max_completion_tokens", does: "the same as max_tokens", setting: "maxTokens" },
  { name: "stop", does: "given to the agent's model", setting: "stop" },
  { name: "seed", does: "given to the agent's model", setting: "seed" },
  { name: "n", idle: [1], next: "One answer is made; ask again for another." },
  { name: "logprobs", idle: OFF, next: "No probabilities of tokens are given." },
  { name: "logit_bias", idle: [{}], next: "Tokens are the model's own." },
  { name: "presence_penalty", idle: [0], next: PENALTY },
  { name: "frequency_penalty", idle: [0], next: PENALTY },
  { name: "functions", idle: [[]], next: "Give them as tools." },
  { name: "function_call", idle: ["none", "auto"], next: "Say it with tool_choice." },
  { name: "store", idle: OFF, next: "Every run is on record, and shown by /v1/runs/{id}." },
  { name: "modalities", idle: [["text"]], next: SPEAKING },
  { name: "audio", next: SPEAKING },
  { name: "prediction", next: LEAVE },
  {
    name: "reasoning_effort",
    idle: ["none"],
    next: "How a model thinks is set where it is added.",
  },
  { name: "web_search_options", next: "An agent searches with the tools its own file names." },
];

/** `POST /v1/responses`. */
export const RESPONSE_PARAMS: readonly Param[] = [
  ...COMMON,
  {
    name: "input",
    does:
      "a text, or messages, calls and what came of them; with `previous_response_id` what is new, or " +
      "what came of that response's calls",
    refuses: IMAGE_REFUSED,
  },
  { name: "instructions", does: "what the client says first, for this response alone" },
  {
    name: "previous_response_id",
    does: "it goes on from that response, with all that its run did",
  },
  { name: "max_output_tokens", does: "given to the agent's model", setting: "maxTokens" },
  {
    name: "tools",
    does: "functions the client carries out: a call of one ends the response",
    refuses: TOOLS_REFUSED,
  },
  {
    name: "tool_choice",
    does: "`none`: none of them is offered; `required` or a name: one has to be called",
  },
  {
    name: "text",
    does: "`format`: the answer is JSON, held against the schema",
    refuses: FORM_REFUSED,
  },
  {
    name: "background",
    does: "it is made without its client, who looks at it by its id; not in a stream",
  },
  { name: "store", idle: [true], next: "Every response is a run, and stays on record." },
  { name: "stream_options", idle: [{ include_obfuscation: false }], next: LEAVE },
  { name: "include", idle: [[]], next: LEAVE },
  {
    name: "truncation",
    idle: ["disabled"],
    next: "What does not fit a model is left out, oldest first.",
  },
  { name: "max_tool_calls", next: "A key says how many calls a run may make: nanos key new." },
  { name: "reasoning", idle: [{}], next: "How a model thinks is set where it is added." },
  { name: "conversation", next: "Go on from a response with previous_response_id." },
  { name: "prompt", next: "Send its words as input." },
  { name: "context_management", next: LEAVE },
];

/** The same as chat by the path that names the agent. */
export const AGENT_CHAT_PARAMS: readonly Param[] = [
  ...CHAT_PARAMS.filter(({ name }) => !["model", "stream", "stream_options"].includes(name)),
  { name: "model", next: "The path names the agent." },
  { name: "stream", idle: OFF, next: "Ask POST /v1/chat/completions." },
  { name: "stream_options", next: "Ask POST /v1/chat/completions." },
];

/** `POST /v1/embeddings`. */
export const EMBEDDING_PARAMS: readonly Param[] = [
  { name: "model", does: "a model that was set up for it, by its name here or its provider's" },
  { name: "input", does: "a text, or a list of them; tokens are refused, being a model's own" },
  { name: "encoding_format", does: "`float`: numbers; `base64`: the same as 32-bit floats" },
  { name: "dimensions", does: "given to the model; refused where it makes no such vectors" },
  { name: "user", does: "kept on the run's record" },
];

/** The parameters of one route. */
export interface Parameters {
  readonly route: string;
  readonly params: readonly Param[];
}

export const PARAMETERS: readonly Parameters[] = [
  { route: "POST /v1/chat/completions", params: CHAT_PARAMS },
  { route: "POST /v1/responses", params: RESPONSE_PARAMS },
  { route: "POST /v1/embeddings", params: EMBEDDING_PARAMS },
  { route: "POST /api/chat", params: OLLAMA_CHAT },
  { route: "POST /api/generate", params: OLLAMA_GENERATE },
  { route: "POST /api/chat and /api/generate: options", params: OLLAMA_OPTIONS },
  { route: "POST /api/embed", params: OLLAMA_EMBED },
  { route: "POST /api/embeddings", params: OLLAMA_EMBED_OLD },
];

/** The parameter a run was refused for; undefined where it is none of them. */
export function paramOf(params: readonly Param[], code: string): string | undefined {
  const setting = params.find(
    (one) => one.setting !== undefined && NO_SETTING[one.setting] === code,
  );
  const about = params.find(({ refuses }) => refuses?.some((one) => one === code));
  return (setting ?? about)?.name;
}

/**
 * Lets nothing pass that would have no effect.
 *
 * @throws Refusal `http.not_supported`, with the name as `param`.
 */
export function checkParams(
  params: readonly Param[],
  given: Readonly<Record<string, unknown>>,
  inside = "",
): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    const param = params.find((one) => one.name === name);
    if (param?.does !== undefined || param?.idle?.some((one) => same(one, value))) continue;
    const whole = `${inside}${name}`;
    const message = param
      ? `${whole} is not supported here.`
      : `There is no parameter ${whole} here.`;
    const next = param?.next ?? "Leave it out; the server's reference lists what there is.";
    throw new Refusal("http.not_supported", message, next, { param: whole });
  }
}

function same(one: unknown, other: unknown): boolean {
  if (!isObject(one) && !Array.isArray(one)) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}
