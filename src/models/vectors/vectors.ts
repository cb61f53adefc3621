import type { Embedded, EmbedWish } from "../../contracts/model.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { type Facts, modelFailure, type ModelFailureCode } from "../failures.ts";
import type { Model } from "../model.ts";

/** Asks a model for vectors, whether or not any can be had of its provider. */
export async function embedBy(
  model: Model,
  wish: EmbedWish,
  signal: AbortSignal,
): Promise<Embedded> {
  if (model.embed) return model.embed(wish, signal);
  return { kind: "failed", failure: modelFailure("model.no_embeddings", { model: model.name }) };
}

type Made = Pick<Extract<Embedded, { kind: "made" }>, "usage" | "model">;

/** What a provider gave as vectors, held to what the contract of `Model` promises of them. */
export function vectorsOf(
  given: readonly Json[],
  wish: EmbedWish,
  { facts, ...more }: Made & { readonly facts: Facts },
): Embedded {
  const failed = (code: ModelFailureCode, about: Facts = {}, detail = ""): Embedded => ({
    kind: "failed",
    failure: modelFailure(code, { ...facts, ...about }, detail),
  });
  if (given.length !== wish.inputs.length) {
    return failed("model.bad_frame", {}, `${given.length} vectors of ${wish.inputs.length} texts.`);
  }
  const vectors = given.map(numbersIn);
  const dimensions = vectors[0]?.length ?? 0;
  if (dimensions === 0 || vectors.some((one) => one?.length !== dimensions)) {
    return failed("model.bad_frame", {}, "Its vectors are none, or not of one length.");
  }
  if (dimensions * vectors.length > LIMITS.embeddingNumbers) {
    return failed("model.answer_too_long", { limit: 4 * LIMITS.embeddingNumbers });
  }
  if (wish.dimensions !== undefined && wish.dimensions !== dimensions) {
    return failed("model.no_dimensions", { made: dimensions });
  }
  return { kind: "made", vectors: vectors as number[][], ...more };
}

/** Numbers, or the same as floats in base64, as some servers send them; null for what is neither. */
function numbersIn(given: Json): readonly number[] | null {
  const numbers = typeof given === "string" ? unpacked(given) : given;
  if (!Array.isArray(numbers) || numbers.length > LIMITS.embeddingDimensions) return null;
  return (numbers as readonly Json[]).every((one) => Number.isFinite(one))
    ? (numbers as readonly number[])
    : null;
}

/** A vector as it is kept and sent: 32-bit floats, the lowest byte first, in base64. */
export function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * FLOAT);
  for (const [i, number] of vector.entries()) bytes.writeFloatLE(number, i * FLOAT);
  return bytes.toString("base64");
}

function unpacked(text: string): readonly number[] | null {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % FLOAT !== 0) return null;
  return Array.from({ length: bytes.length / FLOAT }, (_, i) => bytes.readFloatLE(i * FLOAT));
}

const FLOAT = 4;

/**
 * Vectors made of a text's words alone: the same for the same text, and nearer to another the more
 * words they share. What a scripted model makes; it knows nothing of what words mean.
 */
export function vectorsOfWords(
  wish: EmbedWish,
  { dimensions, model }: { readonly dimensions: number; readonly model: string },
): Embedded {
  const words = wish.inputs.map((text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [""]);
  const input = words.reduce((sum, { length }) => sum + length, 0);
  const vectors = words.map((one) => [...vectorOf(one, dimensions)]);
  const usage = { input, output: 0, cost: 0 };
  return vectorsOf(vectors, wish, { facts: { model, host: model }, usage });
}

function vectorOf(words: readonly string[], dimensions: number): readonly number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const word of words) {
    const at = Number.parseInt(sha256(word).slice(0, 8), 16) % dimensions;
    vector[at] = (vector[at] ?? 0) + 1;
  }
  const length = Math.hypot(...vector);
  return vector.map((number) => number / length);
}
