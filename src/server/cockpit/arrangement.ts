import {
  ArrangementShown,
  Asking,
  CanShown,
  Done,
  Granted,
  Granting,
  Simulated,
  Simulating,
  ToolList,
} from "../../contracts/http/cockpit.ts";
import type { ModelLine } from "../../contracts/nanos.ts";
import { NanosError } from "../../std/error.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Who there is and what holds them; and what other rules would have made of the past. */
export const ARRANGEMENT: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/arrangement",
    summary: "agents, skills, grants, rules, models and plans",
    needs: "operator",
    takes: null,
    gives: ArrangementShown,
    handle: show,
  }),
  route({
    method: "GET",
    path: "/v1/tools",
    summary: "every tool with what it reaches and who may use it",
    needs: "operator",
    takes: null,
    gives: ToolList,
    handle: async ({ nanos }) => {
      const data = (await nanos.tools.list()).map((line) => {
        const { name, skill, kind, description, rank, scopes, agents, failure } = line;
        const why = failure ? { code: failure.code, message: failure.message } : null;
        return { name, skill, kind, description, rank, scopes, agents, failure: why };
      });
      return { body: { data } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/can",
    summary: "what the gate would say to a call; nothing is done and nothing recorded",
    needs: "operator",
    takes: Asking,
    gives: CanShown,
    handle: async ({ nanos, body: { agent, tool, args } }) => {
      const { decision, explanation, question } = await nanos.can(agent, tool, args);
      return { body: { decision, explanation, asks: question !== null } };
    },
  }),
  route({
    method: "POST",
    path: "/v1/rules/simulate",
    summary: "what these rules would have made of all that was judged here",
    needs: "operator",
    takes: Simulating,
    gives: Simulated,
    handle: async ({ nanos, body: { rules } }) => ({
      body: await nanos.rules.simulate({ text: rules }),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/grants",
    summary: "says yes to a skill as it was shown",
    needs: "operator",
    takes: Granting,
    gives: Granted,
    handle: grant,
  }),
  route({
    method: "DELETE",
    path: "/v1/grants/{skill}",
    summary: "takes the yes to a skill back",
    needs: "operator",
    takes: null,
    gives: Done,
    handle: async ({ nanos, params }) => {
      const id = params["skill"] ?? "";
      if (await nanos.grants.revoke(id)) return { body: { id } };
      throw new NanosError("skill.unknown", "There is no such skill.", "See GET /v1/arrangement.");
    },
  }),
];

async function show({ nanos }: Call<unknown>): Promise<Reply> {
  const { manifest, hash, workspace, warnings, agents, rules, plans } = nanos.arrangement;
  const skills = await nanos.skills.list();
  return {
    body: {
      ...{ name: manifest.name ?? null, hash, workspace, warnings },
      agents: [...agents.values()].map(({ manifest: one }) => {
        const { name, description, kind, model, rank = null, tools = [] } = one;
        return {
          name,
          description,
          kind,
          model,
          rank,
          tools,
          skills: one.skills,
          agents: one.agents,
        };
      }),
      skills: skills.map((one) => {
        const { name, kind, description, state, hash: its, agents: users, tools, may } = one;
        const changed = one.changes !== null;
        return { name, kind, description, state, hash: its, agents: users, tools, may, changed };
      }),
      grants: nanos.grants.list(),
      rules,
      models: nanos.models.list().map(modelOf),
      plans: Object.keys(plans),
      commands: nanos.commands.map(({ name, skill, description }) => ({
        name,
        skill,
        description,
      })),
    },
  };
}

/** Of an address the host alone: what else stands in it may be a secret. */
function modelOf({ name, config, from, inUse }: ModelLine): unknown {
  const { adapter, model = null, url } = config;
  const host = url !== undefined && URL.canParse(url) ? new URL(url).host : null;
  return { name, adapter, model, host, from, inUse };
}

async function grant({ nanos, body }: Call<Granting>): Promise<Reply> {
  const { skill, hash, net, exec, read, until } = body;
  const wish = {
    hash,
    ...(net === undefined ? {} : { net }),
    ...(exec === undefined ? {} : { exec }),
    ...(read === undefined ? {} : { read }),
    ...(until === undefined ? {} : { until }),
  };
  return { body: await nanos.grants.add(skill, wish) };
}
