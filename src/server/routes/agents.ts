import { AgentAnswer, AgentChat, AgentList, AgentShown } from "../../contracts/http/seeds.ts";
import { agentNamed, agentsFor } from "../agents.ts";
import { askedIn } from "../openai/asked.ts";
import { completion } from "../openai/chat.ts";
import { AGENT_CHAT_PARAMS, checkParams } from "../openai/params.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Agents as agents, by the routes of the program they were first asked by. */
export const AGENTS: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/agents",
    summary: "the agents this key may ask",
    needs: "key",
    takes: null,
    gives: AgentList,
    handle: async (call) => ({ body: { agents: agentsFor(call).map((id) => shown(call, id)) } }),
  }),
  route({
    method: "GET",
    path: "/v1/agents/{name}",
    summary: "one of them, upper and lower case alike",
    needs: "key",
    takes: null,
    gives: AgentShown,
    handle: async (call) => ({ body: shown(call, agentNamed(call, call.params["name"] ?? "")) }),
  }),
  route({
    method: "POST",
    path: "/v1/agents/{name}/chat",
    summary: "asks it: messages as in a chat completion",
    needs: "key",
    takes: AgentChat,
    gives: AgentAnswer,
    handle: chat,
  }),
];

async function chat(call: Call<AgentChat>): Promise<Reply> {
  const agent = agentNamed(call, call.params["name"] ?? "");
  checkParams(AGENT_CHAT_PARAMS, call.body);
  const asked = { ...askedIn(call.body), params: AGENT_CHAT_PARAMS };
  const { headers, body } = await completion(call, agent, asked);
  return { headers, body: { ...body, agent } };
}

function shown({ nanos }: Pick<Call<unknown>, "nanos">, id: string): unknown {
  const { description } = nanos.agents.show(id).manifest;
  return { name: id.charAt(0).toUpperCase() + id.slice(1), id, description };
}
