import type { EmbedWish } from "../../contracts/model.ts";
import type { Json, JsonObject } from "../../std/json.ts";
import { vectorsOfWords } from "../vectors/vectors.ts";

/** Paths vectors are asked at, and in whose shape they are answered. */
export const VECTOR_PATHS: Readonly<Record<string, "openai" | "ollama">> = {
  "/v1/embeddings": "openai",
  "/api/embed": "ollama",
};

/** What a provider answers that makes vectors of so many numbers, of the words of the texts. */
export function vectorAnswer(
  wire: "openai" | "ollama",
  body: JsonObject,
  dimensions: number,
): { readonly status: number; readonly value: Json } {
  const { input = "", model = "mock" } = body;
  const inputs = (Array.isArray(input) ? input : [input]) as EmbedWish["inputs"];
  const made = vectorsOfWords({ inputs }, { dimensions, model: String(model) });
  if (made.kind !== "made") return { status: 500, value: { error: { message: "not made" } } };
  const vectors = made.vectors.map((one) => [...one]);
  const tokens = made.usage?.input ?? 0;
  if (wire === "ollama") {
    return { status: 200, value: { model, embeddings: vectors, prompt_eval_count: tokens } };
  }
  const data = vectors.map((embedding, index) => ({ object: "embedding", index, embedding }));
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { status: 200, value: { object: "list", data, model, usage } };
}
