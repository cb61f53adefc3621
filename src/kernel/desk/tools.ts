import { NanosError } from "../../std/error.ts";
import { hashOf } from "../../std/hash.ts";
import type { Rank } from "../../contracts/action.ts";
import { keyOfClient } from "../../contracts/http/key.ts";
import type { ToolLine, Tools } from "../../contracts/nanos.ts";
import { highest, rankOfScopes } from "../../gate/ranks.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import { refusalOf } from "../asks/beforehand.ts";
import { refused } from "../asks/refusals.ts";
import { OPERATOR } from "../frame.ts";
import { begin } from "../runner.ts";
import { resolveScope } from "../standing.ts";
import { noTool } from "../turn.ts";
import type { Facts, World } from "../world.ts";

/** Tools as a person asks about them; a call goes through the same gate as an agent's. */
export function toolDesk(world: World): Tools {
  const find = async (name: string): Promise<{ facts: Facts; tool: LoadedTool }> => {
    const facts = await world.facts();
    const tool = facts.tools.find(({ manifest }) => manifest.name === name);
    if (tool) return { facts, tool };
    const { code, message, next = "See `nanos tool list`." } = noTool(name, facts);
    throw new NanosError(code, message, next);
  };
  return {
    list: async () => {
      const facts = await world.facts();
      const { broken } = await world.tools.list();
      const lines = facts.tools.map((tool) => lineOf(facts, tool));
      return [
        ...lines,
        ...broken.map(({ source, failure }) => ({ ...BROKEN, name: source, source, failure })),
      ];
    },
    show: async (name) => {
      const { facts, tool } = await find(name);
      return { ...lineOf(facts, tool), manifest: tool.manifest };
    },
    call: async (name, args, hooks = {}) => {
      await find(name);
      const id = hooks.client === undefined ? null : keyOfClient(hooks.client);
      const agent = (id === null ? null : (await world.key(id)).agent) ?? OPERATOR;
      const use = { agent, kind: "tool", name, argsHash: hashOf(args) } as const;
      for (const given of hooks.approvals ?? []) {
        const found = refusalOf(world, given, use);
        if (found !== null) throw refused(found, given);
      }
      return begin(world, { ...hooks, text: `tool ${name}` }, { tool: name, args });
    },
  };
}

const BROKEN = { skill: "", kind: "broken", description: "", scopes: [], rank: "", agents: [] };

function lineOf(facts: Facts, tool: LoadedTool): ToolLine {
  const { manifest } = tool;
  return {
    name: manifest.name,
    skill: tool.skill,
    kind: tool.kind,
    source: tool.source,
    description: manifest.description,
    scopes: manifest.scopes,
    rank: rankOfTool(facts, tool),
    ...(tool.unconfined && { unconfined: true }),
    agents: facts.agents
      .filter(
        ({ manifest: agent }) =>
          agent.skills.includes(tool.skill) || (agent.tools ?? []).includes(manifest.name),
      )
      .map(({ manifest: agent }) => agent.name),
  };
}

/** The rank of a tool before anything is known of a call. */
export function rankOfTool(facts: Facts, { manifest, skill, unconfined }: LoadedTool): Rank {
  const scopes = manifest.scopes.map((one) => resolveScope(one, facts.workspace, facts.userHome));
  const named = facts.skills.find(({ name }) => name === skill)?.rank ?? "E";
  const least = highest(manifest.rank ?? "E", unconfined ? "A" : "E");
  return rankOfScopes(scopes, facts.workspace, highest(least, named));
}
