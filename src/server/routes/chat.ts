import { ChatCompletion, ChatRequest } from "../../contracts/http/openai.ts";
import { AGENT_PREFIX, agentNamed } from "../agents.ts";
import { begin, conversationOf, receiptOf, saidBy, usageOf } from "../chat.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";

/** Chat completions of OpenAI: each is a run of the agent named as its model. */
export const CHAT: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/chat/completions",
    summary: "asks an agent, as a client of OpenAI asks a model",
    needs: "key",
    takes: ChatRequest,
    gives: ChatCompletion,
    handle: complete,
  }),
];

async function complete(call: Call<ChatRequest>): Promise<Reply> {
  const { body, nanos, signal, clock, id } = call;
  const agent = agentNamed(call, body.model);
  const asked = { ...conversationOf(body.messages), agent };
  // Whoever goes away reads no answer: what they asked for is stopped.
  const handle = await begin(call, asked, { signal });
  const { text, finish, headers } = saidBy(await handle.done);
  const trace = nanos.traces.show(handle.run);
  const message = { role: "assistant", content: text, refusal: null };
  return {
    headers,
    body: {
      ...{ id: `chatcmpl-${handle.run}`, object: "chat.completion" },
      ...{ created: Math.floor(clock.now() / 1000), model: AGENT_PREFIX + agent },
      choices: [{ index: 0, message, finish_reason: finish, logprobs: null }],
      usage: usageOf(trace),
      ...receiptOf(id, trace),
    },
  };
}
