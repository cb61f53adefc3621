import { z } from "zod";
import { Review } from "../artifact.ts";
import { ArtifactType } from "../plan.ts";
import { ChatCompletion, ChatRequest } from "./openai.ts";

/** What clients of the programs nanos grew out of ask for, where it is nobody else's. */

export const AgentShown = z.strictObject({
  /** As it is spoken of: `Holly`. */
  name: z.string(),
  /** As it is asked for: `holly`. */
  id: z.string(),
  description: z.string(),
});
export const AgentList = z.strictObject({ agents: z.array(AgentShown) });

/** The body of `POST /v1/agents/{name}/chat`: a chat without a model, which the path names. */
export const AgentChat = ChatRequest.omit({ model: true, stream: true, stream_options: true });
export type AgentChat = z.infer<typeof AgentChat>;
export const AgentAnswer = ChatCompletion.extend({ agent: z.string() });

/** One version of an artifact in a list. */
export const ArtifactOut = z.strictObject({
  id: z.string(),
  run: z.string(),
  title: z.string(),
  type: ArtifactType,
  version: z.number().int(),
  hash: z.string(),
  /** Milliseconds since 1970. */
  at: z.number().int(),
  status: z.enum(["pending", ...Review.shape.verdict.options]),
  flagged: z.boolean(),
});
export const ArtifactList = z.strictObject({ artifacts: z.array(ArtifactOut) });

/** One of them with its words, where it is text. */
export const ArtifactShown = ArtifactOut.extend({
  bytes: z.number().int(),
  agent: z.string(),
  made: z.string(),
  previous: z.string().nullable(),
  review: Review.extend({ at: z.number().int() }).nullable(),
});

/** The body of a review; nothing has to be said. */
export const Reviewing = z.strictObject({ why: z.string().optional() });
export type Reviewing = z.infer<typeof Reviewing>;
