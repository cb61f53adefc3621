import type { ModelConfig } from "../../contracts/model.ts";
import type { ModelDeps } from "../adapter.ts";
import { converse, type Speaker } from "../converse.ts";
import { type Model, FREE } from "../model.ts";
import { embedder } from "../vectors/asked.ts";
import { Exchange } from "./exchange.ts";
import { hostOf, isLoopback, type Wire } from "./wire.ts";

/** A model that speaks `wire`. */
export function wireModel(
  name: string,
  wire: Wire,
  { price, via }: Pick<ModelConfig, "price" | "via">,
  deps: ModelDeps,
): Model {
  const host = hostOf(wire.url);
  const { secret, screened } = wire;
  const priced = wire.price ?? price ?? (isHere(wire, host) ? FREE : null);
  const speaking = (spoken: Wire): Speaker => ({
    clock: deps.clock,
    random: deps.random,
    price: priced,
    secret,
    host,
    screened,
    begin: (request, answer, signal) =>
      new Exchange(
        { wire: spoken, name, host, via, clock: deps.clock, timing: deps.timing },
        request,
        answer,
        signal,
      ),
  });
  const speaker = speaking(wire);
  return {
    name,
    host,
    price: priced,
    takes: wire.takes,
    stream: (request, signal) => converse(speaker, request, signal),
    ...(wire.embeds && { embed: embedder(name, wire, wire.embeds, speaking) }),
  };
}

/** What asks for a key, or says that it is in a cloud, may only pass on what somebody else is paid for. */
function isHere({ secret, id }: Wire, host: string): boolean {
  return isLoopback(host) && secret === null && !/[-:]cloud$/u.test(id);
}
