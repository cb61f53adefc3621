import type { ModelConfig } from "../../contracts/model.ts";
import type { Models } from "../../contracts/nanos.ts";
import type { Json } from "../../std/json.ts";
import { modelError } from "../../models/failures.ts";
import type { Model } from "../../models/model.ts";
import { begin } from "../runner.ts";
import type { World } from "../world.ts";
import { EMBED } from "./name.ts";

/** Has vectors made, in a run of its own; only by a model the operator set up for it. */
export async function embedWith(
  world: World,
  { model, config }: { readonly model: Model; readonly config: ModelConfig },
  ...[wish, hooks = {}]: [Parameters<Models["embed"]>[1], Parameters<Models["embed"]>[2]?]
): ReturnType<Models["embed"]> {
  const { name } = model;
  if (!model.embed) throw modelError("model.no_embeddings", { model: name });
  if (config.embeddings !== true) {
    throw modelError("model.no_embeddings", { model: name }, "It is not set up for them.");
  }
  const asked = { ...hooks, text: `embeddings by ${name}` };
  return begin(world, asked, { tool: EMBED, args: wish as unknown as Json, model: name });
}
