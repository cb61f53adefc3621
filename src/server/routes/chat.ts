import type { ChatReceipt } from "../../contracts/http/openai.ts";
import { ChatCompletion, ChatRequest } from "../../contracts/http/openai.ts";
import type { RunHandle } from "../../contracts/nanos.ts";
import { agentNamed } from "../agents.ts";
import { askedIn } from "../openai/asked.ts";
import {
  begin,
  type Common,
  commonOf,
  completion,
  receiptOf,
  restOf,
  saidBy,
  toolCallOf,
  usageOf,
} from "../openai/chat.ts";
import { CHAT_PARAMS, checkParams } from "../openai/params.ts";
import { openVoice, type Voice } from "../openai/voice.ts";
import { errorBody, failureOf } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import type { Sink } from "../sse.ts";

/** Chat completions of OpenAI: each is a run of the agent named as its model. */
export const CHAT: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/chat/completions",
    summary: "asks an agent, as a client of OpenAI asks a model",
    needs: "key",
    takes: ChatRequest,
    gives: ChatCompletion,
    streams: "asked",
    handle: complete,
  }),
];

async function complete(call: Call<ChatRequest>): Promise<Reply> {
  const { body, clock } = call;
  checkParams(CHAT_PARAMS, body);
  const agent = agentNamed(call, body.model);
  const asked = { ...askedIn(body), agent, params: CHAT_PARAMS };
  if (body.stream !== true) return completion(call, agent, asked);
  const voice = openVoice();
  // An answer in a form is one once it is whole.
  const on = asked.wish?.form ? {} : { on: voice.on };
  const handle = await begin(call, asked, on);
  const common = commonOf(handle.run, agent, clock);
  const headers = { "x-nanos-run": handle.run };
  return { headers, stream: (sink) => speak(call, { common, handle, voice }, sink) };
}

interface Answering {
  readonly common: Common;
  readonly handle: RunHandle;
  readonly voice: Voice;
}

/** Sends an answer while it is made. */
async function speak(
  call: Call<ChatRequest>,
  { common, handle, voice }: Answering,
  { send, gone }: Sink,
): Promise<void> {
  const { nanos, id, body } = call;
  const stop = (): void => handle.cancel();
  gone.addEventListener("abort", stop, { once: true });
  if (gone.aborted) stop();
  const done = handle.done.finally(voice.end);
  const chunk = (delta: object, finish: string | null = null, receipt?: ChatReceipt) =>
    send({ data: JSON.stringify(chunkOf(common, delta, finish, receipt)) });
  try {
    await chunk({ role: "assistant", content: "" });
    for await (const piece of voice.pieces()) await chunk({ content: piece });
    if (voice.behind) return stop();
    const { text, finish, calls } = saidBy(await done, call);
    const rest = restOf(voice.said, text);
    if (rest !== "") await chunk({ content: rest });
    for (const [index, one] of calls.entries()) {
      await chunk({ tool_calls: [{ index, ...toolCallOf(one) }] });
    }
    const trace = nanos.traces.show(handle.run);
    await chunk({}, finish, receiptOf(id, trace));
    if (body.stream_options?.include_usage === true) {
      const usage = usageOf(trace);
      await send({ data: JSON.stringify({ ...chunkOf(common, {}, null), choices: [], usage }) });
    }
  } catch (error) {
    await send({ data: JSON.stringify(errorBody(failureOf(error))) });
  } finally {
    await done.catch(() => undefined);
    await send({ data: "[DONE]" });
  }
}

function chunkOf(common: Common, delta: object, finish: string | null, receipt?: ChatReceipt) {
  const choice = { index: 0, delta, finish_reason: finish, logprobs: null };
  const object = "chat.completion.chunk";
  return { ...common, object, choices: [choice], usage: null, ...receipt };
}
