import type { EmbeddingAnswer, EmbeddingRequest } from "../../contracts/http/openai.ts";
import { type EmbedWish, KeptVectors, type ModelConfig } from "../../contracts/model.ts";
import { assert, type NanosError } from "../../std/error.ts";
import { AGENT_PREFIX } from "../agents.ts";
import { askerOf } from "../door/asker.ts";
import { waitedFor } from "../live.ts";
import { Refusal } from "../refusal.ts";
import type { Call, Reply } from "../route.ts";
import { type Addressed, saidBy, usageOf } from "./chat.ts";
import { checkParams, EMBEDDING_PARAMS } from "./params.ts";

/** Vectors for clients: each request is a run of one step, past the same gate as an agent's. */

/** Answers as OpenAI does. */
export async function embeddings(call: Call<EmbeddingRequest>): Promise<Reply> {
  const { body } = call;
  checkParams(EMBEDDING_PARAMS, body);
  const { dimensions, user } = body;
  const made = await vectorsFor(call, body.model, {
    inputs: textsIn(body.input),
    ...(dimensions ? { dimensions } : {}),
    ...(user ? { user } : {}),
  });
  const isPacked = body.encoding_format === "base64";
  const data = made.vectors.map((vector, index) => {
    const embedding = isPacked ? vector : numbersIn(vector);
    return { object: "embedding" as const, index, embedding };
  });
  const usage = { prompt_tokens: made.tokens, total_tokens: made.tokens };
  const answer: EmbeddingAnswer = { object: "list", data, model: made.model, usage };
  return { headers: made.headers, body: answer };
}

function textsIn(input: EmbeddingRequest["input"]): string[] {
  if (typeof input === "string") return [input];
  const texts = input.filter((one) => typeof one === "string");
  if (texts.length === input.length) return texts;
  const message =
    "Tokens are numbers of one model's own; which text they stand for is not known here.";
  throw new Refusal("http.not_supported", message, "Send the text itself.", { param: "input" });
}

/** Vectors as they are kept, and what making them took. */
export interface Vectors {
  readonly model: string;
  /** In base64; see `KeptVectors`. */
  readonly vectors: readonly string[];
  /** Of the texts, as the model's server counts them; 0 where it does not. */
  readonly tokens: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Has vectors made for the key of a call.
 *
 * @throws Refusal `model_not_found`, `run.waiting`; NanosError `model.*`, `key.*`, `run.*`.
 */
export async function vectorsFor(
  call: Pick<Call<unknown>, "nanos" | "key" | "signal" | "leaves"> & Addressed,
  named: string,
  wish: EmbedWish,
): Promise<Vectors> {
  const { nanos, key } = call;
  const model = makerNamed(nanos.models.list(), named);
  const handle = await waitedFor(call, (signal) =>
    nanos.models.embed(model, wish, { signal, ...askerOf(key) }),
  );
  const state = await handle.done;
  const { headers, text } = saidBy(state, call);
  if (state.state === "waiting") throw waits(text, headers);
  const trace = nanos.traces.show(handle.run);
  const outcome = trace.steps.find(({ kind }) => kind === "model")?.outcome;
  assert(outcome?.status === "done", "a run that succeeded made vectors");
  const { vectors } = KeptVectors.parse(outcome.output);
  return { model, vectors, tokens: usageOf(trace).prompt_tokens, headers };
}

type Line = { readonly name: string; readonly config: ModelConfig };

/** The model of that name, or that its provider calls so, among those set up for it. */
function makerNamed(lines: readonly Line[], named: string): string {
  const makers = lines.filter(({ config }) => config.embeddings === true);
  const found =
    makers.find(({ name }) => name === named) ??
    makers.find(({ name, config }) => config.model === named || AGENT_PREFIX + name === named);
  if (found) return found.name;
  const [next, param] = [nextOf(makers), "model"];
  if (makers.length > 0) {
    throw new Refusal("model_not_found", "No such model makes embeddings here.", next, { param });
  }
  throw new Refusal("model.no_embeddings", "No model here makes embeddings.", next, { param });
}

function nextOf(makers: readonly Line[]): string {
  if (makers.length > 0) return `Ask one of: ${makers.map(({ name }) => name).join(", ")}.`;
  return "The operator sets one up: nanos model add NAME --adapter ollama --model ID --embeddings";
}

/** Nothing is made yet, and a text is no vector. */
function waits(text: string, headers: Readonly<Record<string, string>>): NanosError {
  const next =
    "Ask again once the operator has changed what asks, or find the vectors in that run.";
  return new Refusal("run.waiting", text, next, { headers });
}

/** A kept vector as numbers. */
export function numbersIn(kept: string): number[] {
  const bytes = Buffer.from(kept, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
}
