import { NanosError } from "../../std/error.ts";
import type { Cognition, ThoughtTool, WriteWish } from "../../contracts/cognition.ts";
import type { ModelLine } from "../../contracts/nanos.ts";
import { begin } from "../../kernel/runner.ts";
import type { World } from "../../kernel/world.ts";

/**
 * Has an agent write what takes a model: a run past the same gate as any, which notes by the agent's
 * own tools or notes nothing. Without a model nothing is begun, and nothing made up in its place.
 */
export function writing(world: World, models: () => readonly ModelLine[]): Cognition["write"] {
  return async (wish, hooks = {}) => {
    const { agent } = wish;
    const facts = await world.facts();
    const found = facts.agents.find(({ manifest }) => manifest.name === agent);
    if (!found) {
      throw new NanosError("agent.unknown", `There is no agent ${agent}.`, "nanos agent list");
    }
    const { manifest } = found;
    const tools = "claim" in wish ? TO_ARGUE : TO_OBJECT;
    const missing = tools.filter((name) => manifest.tools?.includes(name) !== true);
    if (missing.length > 0) {
      const message = `${agent} does not list ${missing.join(" and ")}.`;
      throw new NanosError("thought.no_writer", message, `Add it to tools in agents/${agent}.md`);
    }
    if (facts.traits?.includes("CLAIM_ANALYZE") !== true) {
      const message = "The trait CLAIM_ANALYZE is not on.";
      throw new NanosError("thought.no_writer", message, "nanos trait list");
    }
    const name = manifest.model === "inherit" ? world.defaultModel() : manifest.model;
    const model = models().find((one) => one.name === name);
    if (!model || model.config.adapter === "rules") {
      const message = "no model: the built-in rules write neither arguments nor objections.";
      throw new NanosError("thought.no_model", message, "nanos model add NAME --adapter …");
    }
    return begin(world, { ...hooks, agent, text: requestOf(wish) });
  };
}

const TO_ARGUE: readonly ThoughtTool[] = ["thought_argue"];
const TO_OBJECT: readonly ThoughtTool[] = ["thought_show", "thought_counter"];

function requestOf(wish: WriteWish): string {
  return "claim" in wish
    ? `Lay out the argument for this claim with thought_argue, the claim last: ${wish.claim}`
    : `Read the argument ${wish.against} with thought_show, then note the strongest objection to it with thought_counter.`;
}
