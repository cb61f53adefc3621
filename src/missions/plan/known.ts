import type { Plan } from "../../contracts/plan.ts";
import { manifestError } from "../../home/arrangement/manifest.ts";
import { agentOf } from "../../kernel/frame.ts";
import { isAttached } from "../../kernel/wants/tool.ts";
import type { Facts } from "../../kernel/world.ts";
import { type Known, planFaults } from "./check.ts";

/** What a plan may name: what the agent that follows it has. */
export function knownTo(facts: Facts, by: string, models: readonly string[]): Known {
  const agent = agentOf(facts, by);
  if (!agent) return { by, tools: [], agents: [], models };
  const tools = facts.tools.filter((tool) => isAttached({ agent }, tool));
  const agents = [...new Set([...agent.manifest.agents, by])];
  return { by, tools: tools.map(({ manifest }) => manifest.name), agents, models };
}

/** @throws NanosError `manifest.invalid`. */
export function refuseFaults(plan: Plan, known: Known): void {
  const faults = planFaults(plan, known);
  if (faults.length === 0) return;
  const problems = faults.map(({ path, text }) => ({
    ...{ file: `plan ${plan.name}`, line: 1, column: 1 },
    text: `${path.join(".")}: ${text}`,
  }));
  throw manifestError("plans", problems);
}
