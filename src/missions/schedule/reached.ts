import type { AgentManifest } from "../../contracts/agent.ts";
import type { Plan } from "../../contracts/plan.ts";
import { agentOf } from "../../kernel/frame.ts";
import { isAttached } from "../../kernel/wants/tool.ts";
import { toolOf } from "../../kernel/wants/work.ts";
import type { Facts } from "../../kernel/world.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";

/** What a schedule begins, as it is found in the arrangement. */
export interface Meant {
  /** The agent that is asked, or whose plan it is. */
  readonly agent: string;
  /** Null for a request. */
  readonly plan: Plan | null;
}

/** All that what a schedule begins may come to use. */
export interface Reached {
  readonly agents: readonly Facts["agents"][number][];
  readonly tools: readonly LoadedTool[];
  /** Agents that think by a model; none for a plan that only calls tools. */
  readonly thinking: readonly AgentManifest[];
}

/**
 * Agents that are asked, those they may hand work to, and the tools of all of them. Where a plan
 * calls tools by name, only those are its own.
 */
export function reachedBy(facts: Facts, { agent, plan }: Meant): Reached {
  const names = new Set<string>();
  const ask = (name: string, depth: number): void => {
    if (names.has(name)) return;
    names.add(name);
    if (depth === 0) return;
    for (const other of agentOf(facts, name)?.manifest.agents ?? []) ask(other, depth - 1);
  };
  if (plan === null) ask(agent, facts.depth);
  for (const task of plan?.tasks ?? []) {
    const others = task.recover.map(({ fallback }) => fallback?.agent);
    for (const name of [task.agent, ...others]) {
      if (name !== undefined) ask(name, Math.max(0, facts.depth - 1));
    }
  }
  const called = new Set(plan?.tasks.flatMap(({ tool }) => tool ?? []));
  const asked = facts.agents.filter(({ manifest }) => names.has(manifest.name));
  const tools = facts.tools.filter(
    (tool) =>
      called.has(tool.manifest.name) || asked.some((one) => isAttached({ agent: one }, tool)),
  );
  const follower = facts.agents.filter(({ manifest }) => manifest.name === agent);
  return {
    agents: [...new Set([...follower, ...asked])],
    tools,
    thinking: asked
      .map(({ manifest }) => manifest)
      .filter((one) => toolOf(one) === null && one.kind !== "arrangement"),
  };
}
