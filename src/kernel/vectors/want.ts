import { NanosError, messageOf } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import { type Embedded, EmbedWish, type KeptVectors } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { Model } from "../../models/model.ts";
import { scrubbed } from "../../models/scrub/scrub.ts";
import { embedBy, packed } from "../../models/vectors/vectors.ts";
import { unlessStopped, whyStopped } from "../drive/watch.ts";
import { type Frame, draft } from "../frame.ts";
import type { Want } from "../proposal.ts";
import { isScrubbed, priced } from "../wants/model.ts";
import { tokensOf } from "../wants/window.ts";

/**
 * Vectors of texts, made by the run's model: a model call like any other, judged by the same model,
 * host and budget. Its arguments name the texts by number and hash; the run's start holds them.
 */
export function embedWant(frame: Frame, given: Json): Want {
  const wish = EmbedWish.parse(given);
  const { model, label, within } = frame;
  const { name, host } = model;
  const { inputs, dimensions } = wish;
  const destinations = host === null ? [] : [`net:${host}`];
  const action: Action = {
    ...{ gate: "call", kind: "model", name, agent: frame.agent.manifest.name, label },
    args: {
      ...{ texts: inputs.length, digest: hashOf([...inputs]) },
      ...(dimensions === undefined ? {} : { dimensions }),
    },
    scopes: [`model:${name}`],
    destinations,
  };
  const sends = inputs.reduce((sum, text) => sum + tokensOf(text), 0);
  return {
    action,
    // Nobody's agent asks for it: whoever is held to a reach has the model in it. Where that goes is
    // the operator's choice of the model.
    declared: within && [...within, ...destinations],
    attached: true,
    repeatable: true,
    inert: true,
    model: { priced: model.priced, resting: false, sends, answers: false },
    perform: ({ step }) => makeVectors(frame, wish, step),
  };
}

async function makeVectors(frame: Frame, wish: EmbedWish, step: string): Promise<Draft> {
  const { world, drive, model } = frame;
  if (!world) throw new Error("bug: a replay called a model");
  const start = drive.elapsed();
  const sent = { ...wish, inputs: world.guard.same([...wish.inputs]) };
  const asked = world
    .model(model.name)
    .then(async (found) => {
      const one = isScrubbed(frame, found.name) ? scrubbed(found) : found;
      return { found, made: await embedBy(one, sent, drive.signal) };
    })
    .catch((error: unknown) => ({ found: null, made: brokenBy(model.name, error) }));
  const stopped = { found: null, made: { kind: "cancelled" } } as const;
  const { found, made } = await unlessStopped(
    ...([asked, drive.signal, LIMITS.lastWordsMs] as const),
    () => stopped,
  );
  const outcome = outcomeOf(frame, found, made);
  const ms = Math.round(drive.elapsed() - start);
  return draft(frame, step, `model:${model.name}`, { kind: "action.settled", outcome, ms });
}

/** A model that is not there any more, or that broke its contract. */
function brokenBy(name: string, error: unknown): Embedded {
  if (error instanceof NanosError) {
    const { code, message, next } = error;
    return { kind: "failed", failure: { code, message, next } };
  }
  const message = `The model ${name} broke: ${messageOf(error)}.`;
  return { kind: "failed", failure: { code: "model.broken", message } };
}

function outcomeOf({ model, drive }: Frame, found: Model | null, made: Embedded): Outcome {
  const hosts = model.host === null ? {} : { hosts: [model.host] };
  switch (made.kind) {
    case "failed":
      return { status: "failed", failure: made.failure, ...hosts };
    case "cancelled":
      return { status: "cancelled", failure: whyStopped(drive.signal), ...hosts };
    case "made": {
      const output = {
        dimensions: made.vectors[0]?.length ?? 0,
        vectors: made.vectors.map(packed),
        ...(made.model === undefined ? {} : { model: made.model }),
      } satisfies KeptVectors;
      const used = made.usage && { used: priced(made.usage, found?.price ?? null) };
      return { status: "done", output, ...hosts, ...used };
    }
  }
}

/** What a run of it says of itself; the vectors are its step's. */
export function toldOf(output: Json): string {
  const { dimensions, vectors } = output as KeptVectors;
  const { length } = vectors;
  return `${length} ${length === 1 ? "vector" : "vectors"} of ${dimensions} numbers`;
}
