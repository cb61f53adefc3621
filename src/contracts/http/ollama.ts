import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";
import { ChatTool } from "./openai.ts";

/** Ollama's own routes as they are read and answered here: the same agents, for clients that speak it. */

const Schema = z.record(z.string(), z.unknown());

const OllamaCall = z.looseObject({
  id: z.string().optional(),
  function: z.looseObject({ name: z.string(), arguments: Schema }),
});
export type OllamaCall = z.infer<typeof OllamaCall>;

export const OllamaMessage = z.looseObject({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string().default(""),
  /** Base64, without a media type. */
  images: z.array(z.string()).nullish(),
  tool_calls: z.array(OllamaCall).nullish(),
  tool_name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
});
export type OllamaMessage = z.infer<typeof OllamaMessage>;

const Options = z.looseObject({
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(LIMITS.clientStops)]).nullish(),
  /** Tokens of the answer; as many as it takes where it is no positive number. */
  num_predict: z.number().int().nullish(),
});

const Asked = z.looseObject({
  /** `nanos/AGENT`; the bare name does as well. */
  model: z.string(),
  /** As it is made, where nothing is said. */
  stream: z.boolean().nullish(),
  format: z.union([z.literal(""), z.literal("json"), Schema]).nullish(),
  options: Options.nullish(),
});
export type OllamaAsked = z.infer<typeof Asked>;

/** The body of `POST /api/chat`. */
export const OllamaChat = Asked.extend({
  messages: z.array(OllamaMessage).min(1),
  tools: z.array(ChatTool).max(LIMITS.clientTools).nullish(),
});
export type OllamaChat = z.infer<typeof OllamaChat>;

/** The body of `POST /api/generate`. */
export const OllamaGenerate = Asked.extend({
  prompt: z.string(),
  system: z.string().nullish(),
  images: z.array(z.string()).nullish(),
});
export type OllamaGenerate = z.infer<typeof OllamaGenerate>;

const Line = {
  model: z.string(),
  /** ISO 8601. */
  created_at: z.string(),
  done: z.boolean(),
  done_reason: z.enum(["stop", "length"]).optional(),
  /** Nanoseconds. */
  total_duration: z.number().int().optional(),
  prompt_eval_count: z.number().int().optional(),
  eval_count: z.number().int().optional(),
};

/** An answer of `POST /api/chat`, or a line of it. */
export const OllamaChatLine = z.strictObject({
  ...Line,
  message: z.strictObject({
    role: z.literal("assistant"),
    content: z.string(),
    tool_calls: z.array(OllamaCall).optional(),
  }),
});
export const OllamaGenerateLine = z.strictObject({ ...Line, response: z.string() });

const Details = z.strictObject({
  parent_model: z.string(),
  format: z.string(),
  family: z.string(),
  families: z.array(z.string()),
  parameter_size: z.string(),
  quantization_level: z.string(),
});

export const OllamaTags = z.strictObject({
  models: z.array(
    z.strictObject({
      name: z.string(),
      model: z.string(),
      modified_at: z.string(),
      size: z.number().int(),
      digest: z.string(),
      details: Details,
    }),
  ),
});

/** The body of `POST /api/show`. */
export const OllamaShow = z.looseObject({ model: z.string() });
export type OllamaShow = z.infer<typeof OllamaShow>;
export const OllamaShown = z.strictObject({
  details: Details,
  model_info: z.record(z.string(), z.string()),
  capabilities: z.array(z.string()),
  modified_at: z.string(),
});

const Text = z.string().min(1, "is empty");

/** The body of `POST /api/embed`. */
export const OllamaEmbed = z.looseObject({
  model: z.string(),
  input: z.union([Text, z.array(Text).min(1).max(LIMITS.embeddingInputs)]),
  truncate: z.boolean().nullish(),
  dimensions: z.number().int().positive().max(LIMITS.embeddingDimensions).nullish(),
  options: Options.nullish(),
});
export type OllamaEmbed = z.infer<typeof OllamaEmbed>;
export const OllamaEmbedded = z.strictObject({
  model: z.string(),
  embeddings: z.array(z.array(z.number())),
  /** Nanoseconds. */
  total_duration: z.number().int(),
  prompt_eval_count: z.number().int(),
});

/** The body of `POST /api/embeddings`, as older clients ask for one vector. */
export const OllamaEmbedOld = z.looseObject({
  model: z.string(),
  prompt: Text,
  options: Options.nullish(),
});
export type OllamaEmbedOld = z.infer<typeof OllamaEmbedOld>;
export const OllamaEmbeddedOld = z.strictObject({ embedding: z.array(z.number()) });

export const OllamaVersion = z.strictObject({ version: z.string() });

/** How a refusal or failure is sent on these routes, and in the middle of their streams. */
export const OllamaError = z.strictObject({ error: z.string(), code: z.string() });
export type OllamaError = z.infer<typeof OllamaError>;
