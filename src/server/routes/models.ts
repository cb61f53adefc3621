import { ModelList, ModelObject } from "../../contracts/http/openai.ts";
import { AGENT_PREFIX, agentNamed, agentsFor } from "../agents.ts";
import { type Route, route } from "../route.ts";

/** Agents as clients of OpenAI list models. */
export const MODELS: readonly Route[] = [
  route({
    method: "GET",
    path: "/v1/models",
    summary: "the agents this key may ask, as models",
    needs: "key",
    takes: null,
    gives: ModelList,
    handle: async (call) => ({
      body: { object: "list", data: agentsFor(call).map(modelOf) },
    }),
  }),
  route({
    method: "GET",
    path: "/v1/models/{id}",
    summary: "one of them; write nanos/NAME as nanos%2FNAME, or the bare name",
    needs: "key",
    takes: null,
    gives: ModelObject,
    handle: async (call) => ({ body: modelOf(agentNamed(call, call.params["id"] ?? "")) }),
  }),
];

// An agent is a file and has no age of its own; the field is there because clients read it.
const CREATED = 0;

function modelOf(agent: string): unknown {
  return { id: AGENT_PREFIX + agent, object: "model", created: CREATED, owned_by: "nanos" };
}
