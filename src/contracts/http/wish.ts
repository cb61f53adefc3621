import { z } from "zod";
import { JsonSchema } from "../json.ts";
import { Sampling, type Setting, ToolSpec } from "../model.ts";

/**
 * What a client brings beside its words, for the one run it asks for: tools it carries out itself, and
 * how it wants to be answered. All of it is a client's word, and none of it widens what its run may do.
 */
export const Wish = z.strictObject({
  /** Tools the client carries out: a call of one ends the run, and goes back to it. */
  tools: z.array(ToolSpec).optional(),
  /** One of those tools has to be called: any, or this one. */
  must: z.union([z.literal(true), z.string()]).optional(),
  /** At most one of them is called at a time. */
  single: z.literal(true).optional(),
  /** The answer is one JSON value that fits this schema; null for any object. */
  form: z.strictObject({ schema: JsonSchema.nullable() }).optional(),
  sampling: Sampling.optional(),
  /** What the client says first, for this run alone. */
  instructions: z.string().optional(),
  /** Whom the client says it asks for; kept, and nothing more. */
  user: z.string().optional(),
  /** Words the client puts beside it for itself; kept, and given back where it looks at the run. */
  metadata: z.record(z.string(), z.string()).optional(),
});
export type Wish = z.infer<typeof Wish>;

/** The codes of a refusal where a model does not take a setting: nothing is begun then. */
export const NO_SETTING: Readonly<Record<Setting, string>> = {
  maxTokens: "client.no_max_tokens",
  temperature: "client.no_temperature",
  topP: "client.no_top_p",
  seed: "client.no_seed",
  stop: "client.no_stop",
};
