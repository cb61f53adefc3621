import { z } from "zod";
import { LIMITS } from "../std/limits.ts";
import { JsonSchema } from "./json.ts";
import type { AssistantMessage, Message } from "./message.ts";
import type { Failure } from "./outcome.ts";
import type { Usage } from "./usage.ts";

/** A tool as a model sees it. */
export const ToolSpec = z.strictObject({
  name: z.string(),
  description: z.string(),
  /** JSON Schema of the arguments, an object. */
  input: JsonSchema,
});
export type ToolSpec = z.infer<typeof ToolSpec>;

export const ToolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.strictObject({ name: z.string() }),
]);
export type ToolChoice = z.infer<typeof ToolChoice>;

/** How a model is to write an answer; what is not said is the model's own to choose. */
export const Sampling = z.strictObject({
  /** Most tokens of one answer. */
  maxTokens: z.number().int().positive().optional(),
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  /** The same seed for the same request gives the same answer, as far as a provider can. */
  seed: z.number().int().optional(),
  /** Texts before which an answer ends. */
  stop: z.array(z.string().min(1)).optional(),
});
export type Sampling = z.infer<typeof Sampling>;
export type Setting = keyof Sampling;

/**
 * One call of a model. `messages` only ever grows within a run and its items are never changed,
 * so an adapter may keep what it encoded by message identity.
 */
export interface ModelRequest extends Readonly<Sampling> {
  readonly system: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  readonly choice?: ToolChoice;
  /** Context window to ask for, in tokens, where a provider takes it. */
  readonly context?: number;
  /** `printed`: its tools are told in words and its calls are read from what it prints. */
  readonly dialect?: "printed";
  /** Name of the agent that asks; the scripted model matches on it. */
  readonly agent: string;
}

/** Why a model stopped. */
export const Finish = z.enum(["stop", "calls", "length", "filtered", "failed", "cancelled"]);
export type Finish = z.infer<typeof Finish>;

/** Deltas as they come, and exactly one `end`, always last, which holds the whole answer. */
export type ModelEvent =
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "thinking"; readonly delta: string }
  /** A call has begun to arrive; its arguments are in the end event. */
  | { readonly type: "call"; readonly id: string; readonly name: string }
  /** The provider refused for now and will be tried again after `ms`. */
  | { readonly type: "retry"; readonly ms: number; readonly why: string }
  | ModelEnd;

export interface ModelEnd {
  readonly type: "end";
  readonly finish: Finish;
  /** What arrived, also when `finish` is `failed`: then possibly incomplete. */
  readonly message: AssistantMessage;
  readonly usage?: Usage;
  /** The provider's own name of the model that answered. */
  readonly model?: string;
  readonly failure?: Failure;
}

/** What a model was measured to do, by `nanos model probe`. */
export const ModelCard = z.strictObject({
  /** Calls a tool with the right arguments. */
  tools: z.boolean(),
  /** Calls several in one answer. */
  parallel: z.boolean(),
  /** Answers with the JSON it was asked for and nothing around it. */
  json: z.boolean(),
  /** Tokens of the longest text it answered a question about; 0 when it could not. */
  context: z.number().int(),
  /** Tokens a second of its answers; null when it does not say how many it gave. */
  speed: z.number().nullable(),
  /** Set where it calls tools only when told of them in words, and prints its calls. */
  dialect: z.literal("printed").optional(),
  /** Tools among which it still calls the right one; absent where it calls none, or nobody looked. */
  toolCount: z.number().int().positive().optional(),
  /** Names the colour of an image; absent where its adapter has no place for one. */
  images: z.boolean().optional(),
});
export type ModelCard = z.infer<typeof ModelCard>;

/** Texts that vectors are to be made of, one each. */
export const EmbedWish = z.strictObject({
  inputs: z.array(z.string().min(1)).min(1).max(LIMITS.embeddingInputs),
  /** Numbers a vector has; the model's own where nothing is said. */
  dimensions: z.number().int().positive().max(LIMITS.embeddingDimensions).optional(),
  /** A text that is longer than the model reads may be cut by its server; it fails where not said. */
  truncate: z.boolean().optional(),
  /** Whom its client says it is for; kept on the record. */
  user: z.string().optional(),
});
export type EmbedWish = z.infer<typeof EmbedWish>;

/** A vector for each text, in their order and of one length, or why there is none. */
export type Embedded =
  | {
      readonly kind: "made";
      readonly vectors: readonly (readonly number[])[];
      readonly usage?: Usage;
      /** The provider's own name of the model. */
      readonly model?: string;
    }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "cancelled" };

/** Vectors as they are kept: 32-bit floats, the lowest byte first, in base64. */
export const KeptVectors = z.strictObject({
  dimensions: z.number().int(),
  vectors: z.array(z.string()),
  model: z.string().optional(),
});
export type KeptVectors = z.infer<typeof KeptVectors>;

/** A model as a run knows it. */
export const RunModel = z.strictObject({
  name: z.string(),
  /** Where its requests go; null when it runs inside nanos. */
  host: z.string().nullable(),
  priced: z.boolean(),
  /** Tokens it can read at once; absent where nothing is cut to fit. */
  context: z.number().int().optional(),
  /** False for one that was measured not to call tools: it is offered none. */
  tools: z.boolean().optional(),
  /** Tools it is offered at once at most; absent where it is offered all. */
  toolCount: z.number().int().positive().optional(),
  /** How it is told of tools, where its server has no way of its own. */
  dialect: z.literal("printed").optional(),
  /** True for one that takes images. */
  images: z.literal(true).optional(),
});
export type RunModel = z.infer<typeof RunModel>;

/** The model of a run, with those that stand in for it. */
export const ChosenModel = RunModel.extend({
  /** Asked in its place when it fails or rests, in this order. */
  fallback: z.array(RunModel).optional(),
});
export type ChosenModel = z.infer<typeof ChosenModel>;

/** US dollars per million tokens. Of a provider's cache: absent is what any other token costs. */
export const Price = z.strictObject({
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  cacheRead: z.number().nonnegative().optional(),
  cacheWrite: z.number().nonnegative().optional(),
});
export type Price = z.infer<typeof Price>;

/** One line of `config.yaml` under `models`: a provider and how to reach it. */
export const ModelConfig = z.strictObject({
  adapter: z.enum([
    "openai-compatible",
    "openai",
    "anthropic",
    "ollama",
    "http",
    "gguf",
    "script",
    "rules",
  ]),
  /** Base URL, e.g. `http://127.0.0.1:11434/v1`. */
  url: z.url().optional(),
  /** Forward proxy, `http://HOST:PORT`: every call goes through it and no other host is dialled. */
  via: z.url().optional(),
  /** The provider's id of the model. */
  model: z.string().optional(),
  /** Environment variable that holds the key. The key itself is never written. */
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/u)
    .optional(),
  /** Models asked in its place when it fails or rests, in this order. */
  fallback: z.array(z.string()).max(LIMITS.fallbacks).optional(),
  /** `on`: what is sensitive goes out as placeholders, and comes back as what they stand for. */
  scrub: z.enum(["on", "off"]).optional(),
  /** Stored secret that is the key; it has to be bound to the host of the URL. */
  keySecret: z.string().optional(),
  /** Script of the `script` adapter or model of the `gguf` one, relative to the arrangement. */
  file: z.string().optional(),
  /** Folder that node-llama-cpp was installed in, for the `gguf` adapter; absent: on PATH. */
  package: z.string().optional(),
  /** Request and response mapping of the `http` adapter. */
  http: z
    .strictObject({
      /** Headers; `$KEY` stands for the key. */
      headers: z.record(z.string(), z.string()).optional(),
      /** Request body; the strings `$MODEL $SYSTEM $PROMPT $MESSAGES $TOOLS` are replaced. */
      body: JsonSchema,
      /** Path to the text in the response, e.g. `choices.0.message.content`. */
      text: z.string(),
      /** Path to tool calls, each with `name` and `arguments`. */
      calls: z.string().optional(),
      /** Path to the reasoning. */
      thinking: z.string().optional(),
      inputTokens: z.string().optional(),
      outputTokens: z.string().optional(),
      /** Path to how many of the tokens read were cached; they are part of `inputTokens`. */
      cachedTokens: z.string().optional(),
    })
    .optional(),
  /** Clients may have vectors made by it; the operator says so. */
  embeddings: z.boolean().optional(),
  /** Whether it takes images; absent is what `nanos model probe` found, and no before that. */
  images: z.boolean().optional(),
  /** How hard to think before answering, for a model that only does when it is asked to. */
  thinking: z.enum(["low", "medium", "high"]).optional(),
  /** Context window in tokens; 110,000 where unknown. */
  context: z.number().int().positive().optional(),
  /** Tools it is offered at once at most; absent is what `nanos model probe` found. */
  toolCount: z.number().int().positive().optional(),
  maxTokens: z.number().int().positive().optional(),
  temperature: z.number().min(0).max(2).optional(),
  /** US dollars per million tokens. Absent means unknown, which is not free. */
  price: Price.optional(),
});
export type ModelConfig = z.infer<typeof ModelConfig>;
