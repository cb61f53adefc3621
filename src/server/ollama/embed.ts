import type { OllamaEmbed, OllamaEmbedOld } from "../../contracts/http/ollama.ts";
import { numbersIn, vectorsFor } from "../openai/embeddings.ts";
import { checkParams } from "../openai/params.ts";
import type { Call, Reply } from "../route.ts";
import { OLLAMA_EMBED, OLLAMA_EMBED_OLD } from "./params.ts";

/** `POST /api/embed`. Left to itself Ollama cuts a text that is too long; so it may here. */
export async function embed(call: Call<OllamaEmbed>): Promise<Reply> {
  const { body, clock } = call;
  checkParams(OLLAMA_EMBED, body);
  const start = clock.elapsed();
  const { input, dimensions, truncate } = body;
  const made = await vectorsFor(call, untagged(body.model), {
    inputs: typeof input === "string" ? [input] : input,
    ...(dimensions ? { dimensions } : {}),
    truncate: truncate ?? true,
  });
  return {
    headers: made.headers,
    body: {
      model: body.model,
      embeddings: made.vectors.map(numbersIn),
      total_duration: Math.round((clock.elapsed() - start) * NANOSECONDS),
      prompt_eval_count: made.tokens,
    },
  };
}

const NANOSECONDS = 1_000_000;

/** `POST /api/embeddings`, which older clients ask: one text. */
export async function embedOne(call: Call<OllamaEmbedOld>): Promise<Reply> {
  const { body } = call;
  checkParams(OLLAMA_EMBED_OLD, body);
  const wish = { inputs: [body.prompt], truncate: true };
  const { vectors, headers } = await vectorsFor(call, untagged(body.model), wish);
  return { headers, body: { embedding: vectors.flatMap(numbersIn) } };
}

/** Clients of Ollama write a tag behind a name. */
export function untagged(model: string): string {
  return model.replace(/:latest$/u, "");
}
