import type { ModelConfig } from "../../contracts/model.ts";
import type { ModelDeps } from "../adapter.ts";
import { converse, type Speaker } from "../converse.ts";
import { type Model, FREE } from "../model.ts";
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
  const speaker: Speaker = {
    clock: deps.clock,
    random: deps.random,
    price: priced,
    secret,
    host,
    screened,
    begin: (request, answer, signal) =>
      new Exchange(
        { wire, name, host, via, clock: deps.clock, timing: deps.timing },
        request,
        answer,
        signal,
      ),
  };
  return {
    name,
    host,
    price: priced,
    takes: wire.takes,
    stream: (request, signal) => converse(speaker, request, signal),
  };
}

/** What asks for a key, or says that it is in a cloud, may only pass on what somebody else is paid for. */
function isHere({ secret, id }: Wire, host: string): boolean {
  return isLoopback(host) && secret === null && !/[-:]cloud$/u.test(id);
}
