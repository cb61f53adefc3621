import {
  EmbeddingAnswer,
  EmbeddingRequest,
  ModelList,
  ModelObject,
} from "../../contracts/http/openai.ts";
import { AGENT_PREFIX, agentNamed, agentsFor } from "../agents.ts";
import { embeddings } from "../openai/embeddings.ts";
import { type Route, route } from "../route.ts";

/** Agents as clients of OpenAI list models, and the models that make vectors. */
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
  route({
    method: "POST",
    path: "/v1/embeddings",
    summary: "vectors of texts, by a model that was set up for it",
    needs: "key",
    takes: EmbeddingRequest,
    gives: EmbeddingAnswer,
    handle: embeddings,
  }),
];

// An agent is a file and has no age of its own; the field is there because clients read it.
const CREATED = 0;

function modelOf(agent: string): unknown {
  return { id: AGENT_PREFIX + agent, object: "model", created: CREATED, owned_by: "nanos" };
}
