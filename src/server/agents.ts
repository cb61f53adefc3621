import type { Call } from "./route.ts";
import { Refusal } from "./refusal.ts";

/** Agents are models to clients of OpenAI: `nanos/AGENT`. */
export const AGENT_PREFIX = "nanos/";

type Given = Pick<Call<unknown>, "nanos" | "key">;

/** Names of the agents a key may ask. */
export function agentsFor({ nanos, key }: Given): readonly string[] {
  const all = [...nanos.arrangement.agents.keys()];
  return key === null || key.agent === null ? all : all.filter((name) => name === key.agent);
}

/**
 * The agent a client names as a model, upper and lower case alike.
 *
 * @throws Refusal `model_not_found`: there is none, or it is none of this key's.
 */
export function agentNamed(given: Given, model: string): string {
  const name = model.startsWith(AGENT_PREFIX) ? model.slice(AGENT_PREFIX.length) : model;
  const found = agentsFor(given).find((one) => one === name.toLowerCase());
  if (found !== undefined) return found;
  const names = agentsFor(given).map((one) => AGENT_PREFIX + one);
  throw new Refusal(
    "model_not_found",
    "There is no such model for this key.",
    `It may ask: ${names.join(", ") || "none"}.`,
    { param: "model" },
  );
}
