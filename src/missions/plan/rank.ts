import type { Rank } from "../../contracts/action.ts";
import type { Plan } from "../../contracts/plan.ts";
import { rankNumber, rankOfScopes } from "../../gate/ranks.ts";
import { rankOfTool } from "../../kernel/desk/tools.ts";
import { agentOf } from "../../kernel/frame.ts";
import { resolveScope } from "../../kernel/standing.ts";
import { isAttached } from "../../kernel/wants/tool.ts";
import type { Facts } from "../../kernel/world.ts";

/** The rank of a mission, and what gives it that rank. */
export interface PlanRank {
  readonly rank: Rank;
  /** `plan`, `tool NAME`, `agent NAME`. */
  readonly raised: string;
}

/**
 * How much hangs on a mission: the highest over what its plan says and what the tools it may use can
 * reach, those of the agents it asks among them. A plan can raise it and never lower it.
 */
export function rankOfPlan(facts: Facts, { rank, tasks }: Plan): PlanRank {
  const found: PlanRank[] = [{ rank, raised: "plan" }];
  const asked = new Set<string>();
  for (const { tool, agent, recover } of tasks) {
    const own = facts.tools.find(({ manifest }) => manifest.name === tool);
    if (own) found.push({ rank: rankOfTool(facts, own), raised: `tool ${tool}` });
    for (const name of [agent, ...recover.map(({ fallback }) => fallback?.agent)]) {
      if (name !== undefined) ask(facts, name, asked);
    }
  }
  for (const name of asked) found.push(...ranksOfAgent(facts, name));
  return found.reduce((most, one) => (rankNumber(one.rank) > rankNumber(most.rank) ? one : most));
}

/** An agent, and those it may hand work to where they may go on from there. */
function ask(facts: Facts, name: string, asked: Set<string>): void {
  if (asked.has(name)) return;
  asked.add(name);
  if (facts.depth < 2) return;
  for (const other of agentOf(facts, name)?.manifest.agents ?? []) ask(facts, other, asked);
}

function ranksOfAgent(facts: Facts, name: string): readonly PlanRank[] {
  const agent = agentOf(facts, name);
  if (!agent) return [];
  const scopes = (agent.manifest.scopes ?? []).map((one) =>
    resolveScope(one, facts.workspace, facts.userHome),
  );
  const own = rankOfScopes(scopes, facts.workspace, agent.manifest.rank);
  const tools = facts.tools.filter((tool) => isAttached({ agent }, tool));
  return [
    { rank: own, raised: `agent ${name}` },
    ...tools.map((tool) => ({
      rank: rankOfTool(facts, tool),
      raised: `tool ${tool.manifest.name}`,
    })),
  ];
}
