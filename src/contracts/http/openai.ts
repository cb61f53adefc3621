import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";

/**
 * OpenAI's chat completions as they are read and answered here. Which fields have an effect, and which
 * are refused by their name, is one list (`server/openai/params.ts`): none is let pass in silence.
 */

const TextItem = z.looseObject({ type: z.literal("text"), text: z.string() });
const ImageItem = z.looseObject({
  type: z.literal("image_url"),
  /** `data:image/png;base64,…`; nothing is fetched. */
  image_url: z.looseObject({ url: z.string() }),
});
const RefusalItem = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });
const Content = z.union([z.string(), z.array(TextItem)]);
const name = z.string().optional();

/** A call of one of the client's tools, as it was answered with. */
export const ToolCall = z.looseObject({
  id: z.string(),
  type: z.literal("function"),
  /** `arguments` is JSON as text. */
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});
export type ToolCall = z.infer<typeof ToolCall>;

export const ChatMessage = z.discriminatedUnion("role", [
  z.looseObject({ role: z.enum(["system", "developer"]), content: Content, name }),
  z.looseObject({
    role: z.literal("user"),
    content: z.union([z.string(), z.array(z.union([TextItem, ImageItem]))]),
    name,
  }),
  z.looseObject({
    role: z.literal("assistant"),
    content: z.union([z.string(), z.array(z.union([TextItem, RefusalItem]))]).nullish(),
    tool_calls: z.array(ToolCall).nullish(),
    name,
  }),
  z.looseObject({ role: z.literal("tool"), tool_call_id: z.string(), content: Content }),
]);
export type ChatMessage = z.infer<typeof ChatMessage>;

/** Names as every provider takes them. */
export const FunctionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/u, "is no name of a function");

/** JSON Schema; whether it is one is found out where it is used. */
const JsonSchemaGiven = z.record(z.string(), z.unknown());

export const ChatTool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: FunctionName,
    description: z.string().nullish(),
    parameters: JsonSchemaGiven.nullish(),
    /** What a call has fits the parameters; here it always does. */
    strict: z.boolean().nullish(),
  }),
});

export const ChatForm = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text") }),
  z.looseObject({ type: z.literal("json_object") }),
  z.looseObject({
    type: z.literal("json_schema"),
    json_schema: z.looseObject({
      name: z.string(),
      description: z.string().nullish(),
      schema: JsonSchemaGiven,
      /** The answer fits the schema; here it always does. */
      strict: z.boolean().nullish(),
    }),
  }),
]);

const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((all) => Object.keys(all).length <= LIMITS.clientMetadata, "it has too many entries");

/** What clients of OpenAI say of how an answer is to be written, by whichever route. */
export const Common = z.looseObject({
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  user: z.string().max(256).nullish(),
  metadata: Metadata.nullish(),
});

/** The body of `POST /v1/chat/completions`. */
export const ChatRequest = Common.extend({
  /** `nanos/AGENT`; the bare name does as well. */
  model: z.string(),
  messages: z.array(ChatMessage).min(1),
  tools: z.array(ChatTool).max(LIMITS.clientTools).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.looseObject({
        type: z.literal("function"),
        function: z.looseObject({ name: z.string() }),
      }),
    ])
    .nullish(),
  response_format: ChatForm.nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(LIMITS.clientStops)]).nullish(),
  seed: z.number().int().nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

export const ChatUsage = z.strictObject({
  prompt_tokens: z.number().int(),
  completion_tokens: z.number().int(),
  total_tokens: z.number().int(),
});
export type ChatUsage = z.infer<typeof ChatUsage>;

/** What stands behind an answer, in the words of the seeds; null where there was none. */
export const ChatReceipt = z.strictObject({
  request_id: z.string(),
  /** What the gate said to keeping something. */
  memory_decision: z.string().nullable(),
  /** The route of routes.yaml that was followed. */
  route_decision: z.string().nullable(),
  /** The model that was asked. */
  model_decision: z.string().nullable(),
  /** What the last tool gave. */
  tool_result: z.unknown(),
});
export type ChatReceipt = z.infer<typeof ChatReceipt>;

export const FinishReason = z.enum(["stop", "length", "tool_calls"]);

export const ChatCompletion = z.strictObject({
  id: z.string(),
  object: z.literal("chat.completion"),
  /** Seconds since 1970. */
  created: z.number().int(),
  model: z.string(),
  choices: z.array(
    z.strictObject({
      index: z.literal(0),
      message: z.strictObject({
        role: z.literal("assistant"),
        /** Null where there are calls and nothing was said. */
        content: z.string().nullable(),
        refusal: z.null(),
        tool_calls: z.array(ToolCall).optional(),
      }),
      finish_reason: FinishReason,
      logprobs: z.null(),
    }),
  ),
  usage: ChatUsage,
  ...ChatReceipt.shape,
});
export type ChatCompletion = z.infer<typeof ChatCompletion>;

/** One event of a streamed answer; after the last comes `[DONE]`. */
export const ChatChunk = z.strictObject({
  id: z.string(),
  object: z.literal("chat.completion.chunk"),
  created: z.number().int(),
  model: z.string(),
  /** Empty in the one that brings the usage. */
  choices: z.array(
    z.strictObject({
      index: z.literal(0),
      delta: z.strictObject({
        role: z.literal("assistant").optional(),
        content: z.string().optional(),
        tool_calls: z.array(ToolCall.extend({ index: z.number().int() })).optional(),
      }),
      finish_reason: FinishReason.nullable(),
      logprobs: z.null(),
    }),
  ),
  usage: ChatUsage.nullable(),
  /** With the last: what stands behind the answer. */
  ...ChatReceipt.partial().shape,
});

/** An agent as clients of OpenAI see it. */
export const ModelObject = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.number().int(),
  owned_by: z.string(),
});
export const ModelList = z.strictObject({
  object: z.literal("list"),
  data: z.array(ModelObject),
});

const Text = z.string().min(1, "is empty");

/** The body of `POST /v1/embeddings`. */
export const EmbeddingRequest = z.looseObject({
  /** A model that was set up for it, by its name here or its provider's. */
  model: z.string(),
  input: z.union([
    Text,
    z.array(Text).min(1).max(LIMITS.embeddingInputs),
    // Tokens, which are read to be refused by name.
    z.array(z.union([z.number(), z.array(z.number())])).min(1),
  ]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.number().int().positive().max(LIMITS.embeddingDimensions).nullish(),
  user: z.string().nullish(),
});
export type EmbeddingRequest = z.infer<typeof EmbeddingRequest>;

export const EmbeddingAnswer = z.strictObject({
  object: z.literal("list"),
  data: z.array(
    z.strictObject({
      object: z.literal("embedding"),
      index: z.number().int(),
      /** Numbers, or the same as 32-bit floats in base64, the lowest byte first. */
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  model: z.string(),
  usage: z.strictObject({ prompt_tokens: z.number().int(), total_tokens: z.number().int() }),
});
export type EmbeddingAnswer = z.infer<typeof EmbeddingAnswer>;
