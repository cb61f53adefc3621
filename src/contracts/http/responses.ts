import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";
import { ChatReceipt, Common, FunctionName } from "./openai.ts";

/** OpenAI's responses as they are read and answered here: each is a run, and is kept as one. */

const TextItem = z.looseObject({
  type: z.enum(["input_text", "output_text", "text"]),
  text: z.string(),
});
const ImageItem = z.looseObject({ type: z.literal("input_image"), image_url: z.string() });
const RefusalItem = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });
const Texts = z.union([z.string(), z.array(TextItem)]);
const Schema = z.record(z.string(), z.unknown());

const MessageItem = z.looseObject({
  type: z.literal("message").optional(),
  role: z.enum(["user", "system", "developer", "assistant"]),
  content: z.union([z.string(), z.array(z.union([TextItem, ImageItem, RefusalItem]))]),
});
const CallItem = z.looseObject({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  /** JSON as text. */
  arguments: z.string(),
});
const ResultItem = z.looseObject({
  type: z.literal("function_call_output"),
  call_id: z.string(),
  output: Texts,
});

export const InputItem = z.union([CallItem, ResultItem, MessageItem]);
export type InputItem = z.infer<typeof InputItem>;

export const ResponseTool = z.looseObject({
  type: z.literal("function"),
  name: FunctionName,
  description: z.string().nullish(),
  parameters: Schema.nullish(),
  strict: z.boolean().nullish(),
});

export const ResponseFormat = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text") }),
  z.looseObject({ type: z.literal("json_object") }),
  z.looseObject({ type: z.literal("json_schema"), name: z.string(), schema: Schema }),
]);

/** The body of `POST /v1/responses`. */
export const ResponseRequest = Common.extend({
  /** `nanos/AGENT`; the bare name does as well. */
  model: z.string(),
  input: z.union([z.string(), z.array(InputItem).min(1).max(LIMITS.earlierMessages)]),
  instructions: z.string().nullish(),
  previous_response_id: z.string().nullish(),
  tools: z.array(ResponseTool).max(LIMITS.clientTools).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.looseObject({ type: z.literal("function"), name: z.string() }),
    ])
    .nullish(),
  text: z.looseObject({ format: ResponseFormat.nullish() }).nullish(),
  max_output_tokens: z.number().int().positive().nullish(),
  background: z.boolean().nullish(),
});
export type ResponseRequest = z.infer<typeof ResponseRequest>;

const OutputText = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.never()),
  logprobs: z.array(z.never()),
});
export type OutputText = z.infer<typeof OutputText>;

const Status = z.enum(["in_progress", "completed", "incomplete"]);

/** What an answer is made of: what was said, then what the client is to do. */
export const OutputItem = z.discriminatedUnion("type", [
  z.strictObject({
    id: z.string(),
    type: z.literal("message"),
    status: Status,
    role: z.literal("assistant"),
    content: z.array(OutputText),
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal("function_call"),
    status: Status,
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
]);
export type OutputItem = z.infer<typeof OutputItem>;

const ResponseUsage = z.strictObject({
  input_tokens: z.number().int(),
  input_tokens_details: z.strictObject({ cached_tokens: z.number().int() }),
  output_tokens: z.number().int(),
  output_tokens_details: z.strictObject({ reasoning_tokens: z.number().int() }),
  total_tokens: z.number().int(),
});

export const ResponseShown = z.strictObject({
  id: z.string(),
  object: z.literal("response"),
  /** Seconds since 1970. */
  created_at: z.number().int(),
  status: z.enum(["in_progress", "completed", "incomplete", "failed", "cancelled"]),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  incomplete_details: z.strictObject({ reason: z.literal("max_output_tokens") }).nullable(),
  instructions: z.string().nullable(),
  max_output_tokens: z.number().int().nullable(),
  model: z.string(),
  output: z.array(OutputItem),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.string().nullable(),
  store: z.literal(true),
  temperature: z.number().nullable(),
  text: z.strictObject({ format: z.looseObject({ type: z.string() }) }),
  tool_choice: z.unknown(),
  tools: z.array(z.unknown()),
  top_p: z.number().nullable(),
  truncation: z.literal("disabled"),
  /** Null while it goes on. */
  usage: ResponseUsage.nullable(),
  user: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  ...ChatReceipt.shape,
});
export type ResponseShown = z.infer<typeof ResponseShown>;
