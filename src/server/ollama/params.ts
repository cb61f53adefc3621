import type { Param } from "../openai/params.ts";

/** What becomes of each parameter of Ollama's own routes; see `openai/params.ts`. */

const OFF = [false];

const COMMON: readonly Param[] = [
  { name: "model", does: "which agent is asked: `nanos/AGENT`, or the bare name" },
  { name: "stream", does: "the answer comes as it is made, a line each; `false`: whole" },
  { name: "format", does: "`json` or a schema: the answer is JSON, held against it" },
  { name: "options", does: "how the answer is written, as said below" },
  { name: "think", idle: OFF, next: "How a model thinks is set where it is added." },
  { name: "keep_alive", next: "Nothing is loaded here, so nothing is kept." },
  { name: "logprobs", idle: OFF, next: "No probabilities of tokens are given." },
  { name: "top_logprobs", idle: [0], next: "No probabilities of tokens are given." },
];

/** `POST /api/chat`. */
export const OLLAMA_CHAT: readonly Param[] = [
  ...COMMON,
  { name: "messages", does: "as in a chat completion; images in base64" },
  { name: "tools", does: "functions the client carries out: a call of one ends the answer" },
];

/** `POST /api/generate`. */
export const OLLAMA_GENERATE: readonly Param[] = [
  ...COMMON,
  { name: "prompt", does: "the request" },
  { name: "system", does: "what the client says first" },
  { name: "images", does: "given with the request, in base64, to a model that takes them" },
  { name: "suffix", idle: [""], next: "Ask for it in the prompt." },
  { name: "template", idle: [""], next: "A model has a template of its own." },
  { name: "raw", idle: OFF, next: "A model has a template of its own." },
  { name: "context", idle: [[]], next: "Send the conversation to /api/chat." },
];

const NO_OPTIONS: Param = {
  name: "options",
  idle: [{}],
  next: "How a model reads is set where it is added.",
};
const KEEP: Param = { name: "keep_alive", next: "How long a model stays loaded is its server's." };

/** `POST /api/embed`. */
export const OLLAMA_EMBED: readonly Param[] = [
  { name: "model", does: "a model that was set up for it, by its name here or its provider's" },
  { name: "input", does: "a text, or a list of them" },
  { name: "dimensions", does: "given to the model; refused where it makes no such vectors" },
  { name: "truncate", does: "`false`: a text that is too long fails, and is not cut" },
  NO_OPTIONS,
  KEEP,
];

/** `POST /api/embeddings`. */
export const OLLAMA_EMBED_OLD: readonly Param[] = [
  { name: "model", does: "a model that was set up for it, by its name here or its provider's" },
  { name: "prompt", does: "the text" },
  NO_OPTIONS,
  KEEP,
];

/** `options` of chat and generate. */
export const OLLAMA_OPTIONS: readonly Param[] = [
  { name: "temperature", does: "given to the agent's model", setting: "temperature" },
  { name: "top_p", does: "given to the agent's model", setting: "topP" },
  { name: "seed", does: "given to the agent's model", setting: "seed" },
  { name: "stop", does: "given to the agent's model", setting: "stop" },
  {
    name: "num_predict",
    does: "given to the agent's model, where it is above 0",
    setting: "maxTokens",
  },
  { name: "num_ctx", next: "How much a model reads is set where it is added." },
];
