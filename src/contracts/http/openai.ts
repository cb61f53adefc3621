import { z } from "zod";

/**
 * OpenAI's chat completions as they are read and answered here. Fields not named are let pass and have
 * no effect, as clients of many makes send more than any server knows; but tools of the client and a
 * form of the answer are refused (`http.not_supported`), since without them it is another answer.
 */

const TextItem = z.looseObject({ type: z.literal("text"), text: z.string() });
const Content = z.union([z.string(), z.array(TextItem)]);

export const ChatMessage = z.discriminatedUnion("role", [
  z.looseObject({ role: z.enum(["system", "developer"]), content: Content }),
  z.looseObject({ role: z.literal("user"), content: Content }),
  z.looseObject({ role: z.literal("assistant"), content: Content.nullish() }),
]);
export type ChatMessage = z.infer<typeof ChatMessage>;

/** The body of `POST /v1/chat/completions`. */
export const ChatRequest = z.looseObject({
  /** `nanos/AGENT`; the bare name does as well. */
  model: z.string(),
  messages: z.array(ChatMessage).min(1),
  /** One answer is made. */
  n: z.literal(1).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
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

export const FinishReason = z.enum(["stop", "length"]);

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
        content: z.string(),
        refusal: z.null(),
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
