import type { Embedded, EmbedWish, ModelEnd, ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json } from "../../std/json.ts";
import { converse, type Speaker } from "../converse.ts";
import { modelFailure } from "../failures.ts";
import type { Model } from "../model.ts";
import { vectorsOf } from "./vectors.ts";
import { type EmbedWire, hostOf, type Wire } from "../wire/wire.ts";

/**
 * Asks for vectors as an answer is asked for: the same connection, the same failures, and tried again
 * as often. What comes is one document instead of a stream.
 */
export function embedder(
  name: string,
  wire: Wire,
  embeds: EmbedWire,
  speaking: (wire: Wire) => Speaker,
): NonNullable<Model["embed"]> {
  const facts = { model: name, id: wire.id, host: hostOf(embeds.url), url: embeds.url };
  return async (wish, signal) => {
    let found: readonly Json[] | null = null;
    const { adapt: _, embeds: __, ...common } = wire;
    const asking: Wire = {
      ...common,
      url: embeds.url,
      // A document is read as the whole of a stream that is none.
      framing: "sse",
      body: () => embeds.body(wish),
      reader: (answer) => ({
        frame: (document) => {
          found = isObject(document) ? embeds.read(document, answer) : null;
        },
      }),
    };
    const end = await ended(speaking(asking), signal);
    return result(end, found, { wish, facts });
  };
}

async function ended(speaker: Speaker, signal: AbortSignal): Promise<ModelEnd> {
  for await (const event of converse(speaker, NOTHING_ASKED, signal)) {
    if (event.type === "end") return event;
  }
  throw new Error("bug: an answer had no end");
}

function result(
  { finish, failure, usage, model }: ModelEnd,
  found: readonly Json[] | null,
  { wish, facts }: { readonly wish: EmbedWish; readonly facts: object },
): Embedded {
  if (finish === "cancelled") return { kind: "cancelled" };
  // That nothing was said is no failure of an answer that is vectors.
  if (failure && failure.code !== "model.empty") return { kind: "failed", failure };
  if (found === null)
    return { kind: "failed", failure: modelFailure("model.bad_frame", { ...facts }) };
  return vectorsOf(found, wish, {
    facts: { ...facts },
    ...(usage && { usage }),
    ...(model && { model }),
  });
}

/** The wish is the request; what a conversation would be is empty. */
const NOTHING_ASKED: ModelRequest = { system: "", messages: [], tools: [], agent: "" };
