import {
  OllamaChat,
  OllamaChatLine,
  OllamaEmbed,
  OllamaEmbedded,
  OllamaEmbeddedOld,
  OllamaEmbedOld,
  OllamaError,
  OllamaGenerate,
  OllamaGenerateLine,
  OllamaShow,
  OllamaShown,
  OllamaTags,
  OllamaVersion,
} from "../../contracts/http/ollama.ts";
import type { CallPart } from "../../contracts/message.ts";
import type { RunHandle } from "../../contracts/nanos.ts";
import { VERSION } from "../../version.ts";
import { AGENT_PREFIX, agentNamed, agentsFor } from "../agents.ts";
import { chatAsked, generateAsked } from "../ollama/asked.ts";
import { embed, embedOne, untagged } from "../ollama/embed.ts";
import type { Asked } from "../openai/asked.ts";
import { begin, restOf, type Said, saidBy, usageOf } from "../openai/chat.ts";
import { openVoice, type Voice } from "../openai/voice.ts";
import { errorBody, failureOf } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import type { Sink } from "../sse.ts";

/** A failure in one sentence, and by its code for whoever looks. */
function failedAs(failed: Parameters<typeof errorBody>[0]): OllamaError {
  const { message: error, code } = errorBody(failed).error;
  return { error, code };
}

const common = {
  needs: "key",
  refusal: {
    gives: OllamaError,
    of: failedAs,
  },
} as const;

/** Ollama's own routes, as thin translations of the same runs. */
export const OLLAMA: readonly Route[] = [
  route({
    ...{ method: "POST", path: "/api/chat", ...common, streams: "asked" },
    summary: "asks an agent, as a client of Ollama chats with a model",
    takes: OllamaChat,
    gives: OllamaChatLine,
    handle: (call) => answer(call, chatAsked(call.body), CHAT),
  }),
  route({
    ...{ method: "POST", path: "/api/generate", ...common, streams: "asked" },
    summary: "asks an agent, as a client of Ollama gives a model a prompt",
    takes: OllamaGenerate,
    gives: OllamaGenerateLine,
    handle: (call) => answer(call, generateAsked(call.body), GENERATE),
  }),
  route({
    ...{ method: "GET", path: "/api/tags", ...common, takes: null },
    summary: "the agents this key may ask, as models of Ollama",
    gives: OllamaTags,
    handle: async (call) => ({ body: { models: agentsFor(call).map(tagOf) } }),
  }),
  route({
    ...{ method: "POST", path: "/api/show", ...common },
    summary: "one of them",
    takes: OllamaShow,
    gives: OllamaShown,
    handle: async (call) => ({ body: shown(call, named(call, call.body.model)) }),
  }),
  route({
    ...{ method: "POST", path: "/api/embed", ...common },
    summary: "vectors of texts, as a client of Ollama has them made",
    takes: OllamaEmbed,
    gives: OllamaEmbedded,
    handle: embed,
  }),
  route({
    ...{ method: "POST", path: "/api/embeddings", ...common },
    summary: "one vector, as older clients of Ollama ask for it",
    takes: OllamaEmbedOld,
    gives: OllamaEmbeddedOld,
    handle: embedOne,
  }),
  route({
    ...{ method: "GET", path: "/api/version", ...common, takes: null },
    summary: "the version of nanos",
    gives: OllamaVersion,
    handle: async () => ({ body: { version: VERSION } }),
  }),
];

/** What says a piece of an answer in the words of a route. */
type Speak = (content: string, calls?: readonly CallPart[]) => object;

const CHAT: Speak = (content, calls = []) => {
  const called = calls.map(({ id, name, args }) => ({ id, function: { name, arguments: args } }));
  return {
    message: { role: "assistant", content, ...(called.length === 0 ? {} : { tool_calls: called }) },
  };
};
const GENERATE: Speak = (response) => ({ response });

function named(call: Call<unknown>, model: string): string {
  return agentNamed(call, untagged(model));
}

async function answer(
  call: Call<OllamaChat | OllamaGenerate>,
  wished: Asked,
  speak: Speak,
): Promise<Reply> {
  const { body, clock } = call;
  const agent = named(call, body.model);
  const asked = { ...wished, agent, params: [] };
  const head = { model: AGENT_PREFIX + agent, created_at: new Date(clock.now()).toISOString() };
  const start = clock.elapsed();
  const voice = openVoice();
  // An answer in a form is one once it is whole.
  const on = body.stream === false || asked.wish?.form ? {} : { on: voice.on };
  const handle = await begin(call, asked, on);
  const last = (said: Said, content: string): object => {
    const { prompt_tokens, completion_tokens } = usageOf(call.nanos.traces.show(handle.run));
    return {
      ...{ ...head, ...speak(content, said.calls), done: true },
      done_reason: said.finish === "length" ? "length" : "stop",
      total_duration: Math.round((clock.elapsed() - start) * NANOSECONDS),
      ...{ prompt_eval_count: prompt_tokens, eval_count: completion_tokens },
    };
  };
  if (body.stream === false) {
    const said = saidBy(await handle.done, call);
    return { headers: said.headers, body: last(said, said.text) };
  }
  const line = (content: string): string =>
    JSON.stringify({ ...head, ...speak(content), done: false });
  const telling = { call, handle, voice, line, last };
  const headers = { "x-nanos-run": handle.run };
  return { headers, lines: line(""), stream: (sink) => tell(telling, sink) };
}

const NANOSECONDS = 1_000_000;

interface Telling {
  readonly call: Call<unknown>;
  readonly handle: RunHandle;
  readonly voice: Voice;
  readonly line: (content: string) => string;
  readonly last: (said: Said, content: string) => object;
}

/** Sends an answer while it is made, a line of JSON for each piece. */
async function tell(telling: Telling, { send, gone }: Sink): Promise<void> {
  const { call, handle, voice, line, last } = telling;
  const stop = (): void => handle.cancel();
  gone.addEventListener("abort", stop, { once: true });
  if (gone.aborted) stop();
  const done = handle.done.finally(voice.end);
  try {
    for await (const piece of voice.pieces()) await send({ data: line(piece) });
    if (voice.behind) return stop();
    const said = saidBy(await done, call);
    await send({ data: JSON.stringify(last(said, restOf(voice.said, said.text))) });
  } catch (error) {
    await send({ data: JSON.stringify(failedAs(failureOf(error))) });
  } finally {
    await done.catch(() => undefined);
  }
}

// An agent is a file and has no age or weight of its own; the fields are there because clients read them.
const AGE = new Date(0).toISOString();
const DETAILS = {
  ...{ parent_model: "", format: "", family: "nanos", families: ["nanos"] },
  ...{ parameter_size: "", quantization_level: "" },
};

function tagOf(agent: string): object {
  const name = AGENT_PREFIX + agent;
  return { name, model: name, modified_at: AGE, size: 0, digest: "", details: DETAILS };
}

function shown({ nanos }: Call<unknown>, agent: string): object {
  const { description } = nanos.agents.show(agent).manifest;
  const model_info = { "general.architecture": "nanos", "general.description": description };
  return { details: DETAILS, model_info, capabilities: ["completion", "tools"], modified_at: AGE };
}
