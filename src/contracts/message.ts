import { z } from "zod";
import { JsonSchema } from "./json.ts";

export const TextPart = z.strictObject({ type: z.literal("text"), text: z.string() });

/** A model's own reasoning; `signature` must be sent back unchanged where a provider asks it. */
export const ThinkingPart = z.strictObject({
  type: z.literal("thinking"),
  text: z.string(),
  signature: z.string().optional(),
});

/** An image as base64 with its media type, e.g. `image/png`. */
export const ImagePart = z.strictObject({
  type: z.literal("image"),
  media: z.string(),
  data: z.string(),
  /** Of one that is kept in the vault: its hash, and then no data, until it is sent. */
  hash: z.string().optional(),
  name: z.string().optional(),
});
export type ImagePart = z.infer<typeof ImagePart>;

/** An image that came with a request, as it was when it was asked about. */
export const GivenImage = z.strictObject({
  /** Absolute, no link. */
  path: z.string(),
  media: z.string(),
  /** SHA-256 of its bytes. */
  hash: z.string(),
  bytes: z.number().int(),
  /** What was named is another path, which leads to it: nobody named this one. */
  linked: z.literal(true).optional(),
});
export type GivenImage = z.infer<typeof GivenImage>;

/**
 * A call the model wants. `args` is what could be parsed; when the model's JSON was broken,
 * `args` is null and `broken` holds the text as it came.
 */
export const CallPart = z.strictObject({
  type: z.literal("call"),
  id: z.string(),
  name: z.string(),
  args: JsonSchema,
  broken: z.string().optional(),
  /** Stored secrets whose values stood in the arguments, by name; their handles stand there now. */
  secrets: z.array(z.string()).optional(),
});
export type CallPart = z.infer<typeof CallPart>;

/** What came of a call, as the model reads it. */
export const ResultPart = z.strictObject({
  type: z.literal("result"),
  /** The `id` of the call it answers. */
  id: z.string(),
  name: z.string(),
  text: z.string(),
  error: z.boolean(),
});
export type ResultPart = z.infer<typeof ResultPart>;

export const UserMessage = z.strictObject({
  role: z.literal("user"),
  parts: z.array(z.discriminatedUnion("type", [TextPart, ImagePart])),
});
export const AssistantMessage = z.strictObject({
  role: z.literal("assistant"),
  parts: z.array(z.discriminatedUnion("type", [TextPart, ThinkingPart, CallPart])),
});
export type AssistantMessage = z.infer<typeof AssistantMessage>;
export const ToolMessage = z.strictObject({
  role: z.literal("tool"),
  parts: z.array(ResultPart),
});

/** One message of a conversation. The system text is not a message; it travels beside them. */
export const Message = z.discriminatedUnion("role", [UserMessage, AssistantMessage, ToolMessage]);
export type Message = z.infer<typeof Message>;
