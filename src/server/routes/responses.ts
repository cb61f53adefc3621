import { ResponseRequest, ResponseShown } from "../../contracts/http/responses.ts";
import type { Live, RunHandle } from "../../contracts/nanos.ts";
import { agentNamed } from "../agents.ts";
import { begin, restOf, saidBy } from "../openai/chat.ts";
import { checkParams, RESPONSE_PARAMS } from "../openai/params.ts";
import { responseAsked, responseRun } from "../openai/response.ts";
import { callItem, messageItem, outputOf, outputText, responseShown } from "../openai/shown.ts";
import { openVoice, type Voice } from "../openai/voice.ts";
import { errorBody, failureOf, Refusal } from "../refusal.ts";
import { type Call, type Reply, type Route, route } from "../route.ts";
import type { Sink } from "../sse.ts";

/** Responses of OpenAI: each is a run of the agent named as its model, and kept as one. */
export const RESPONSES: readonly Route[] = [
  route({
    method: "POST",
    path: "/v1/responses",
    summary: "asks an agent, as a client of OpenAI makes a response",
    needs: "key",
    takes: ResponseRequest,
    gives: ResponseShown,
    streams: "asked",
    handle: respond,
  }),
  route({
    method: "GET",
    path: "/v1/responses/{id}",
    summary: "one response of this key, as it stands",
    needs: "key",
    takes: null,
    gives: ResponseShown,
    handle: async (call) => ({
      body: responseShown(call, responseRun(call, call.params["id"] ?? "")),
    }),
  }),
  route({
    method: "POST",
    path: "/v1/responses/{id}/cancel",
    summary: "stops a response that is being made",
    needs: "key",
    takes: null,
    gives: ResponseShown,
    handle: async (call) => {
      const found = responseRun(call, call.params["id"] ?? "");
      await call.nanos.cancel(found.run);
      return { body: responseShown(call, found) };
    },
  }),
];

async function respond(call: Call<ResponseRequest>): Promise<Reply> {
  const { body, carried, key } = call;
  checkParams(RESPONSE_PARAMS, body);
  const agent = agentNamed(call, body.model);
  const asked = { ...responseAsked(call), agent, params: RESPONSE_PARAMS };
  if (body.background === true) {
    if (body.stream === true) throw notBoth();
    const { run } = await carried.carry(key, (hooks) =>
      begin(call, asked, { ...hooks, waits: false }),
    );
    return { body: shown(call, run) };
  }
  const voice = openVoice();
  const begun = Promise.withResolvers<void>();
  const on = (live: Live): void => {
    begun.resolve();
    // An answer in a form is one once it is whole.
    if (!asked.wish?.form) voice.on(live);
  };
  const handle = await begin(call, asked, { on });
  const headers = { "x-nanos-run": handle.run };
  if (body.stream === true) {
    return {
      headers,
      stream: (sink) => speak(call, { handle, voice, begun: begun.promise }, sink),
    };
  }
  const { headers: more } = saidBy(await handle.done, call);
  return { headers: { ...headers, ...more }, body: shown(call, handle.run) };
}

function notBoth(): Refusal {
  const next = "Leave one of them out; a response in the background is looked at by its id.";
  const message = "A response is streamed or made in the background.";
  return new Refusal("http.not_supported", message, next, { param: "background" });
}

function shown(call: Call<unknown>, run: string): ResponseShown {
  return responseShown(call, responseRun(call, `resp_${run}`));
}

interface Making {
  readonly handle: RunHandle;
  readonly voice: Voice;
  /** Resolves once the beginning of its run is on disk. */
  readonly begun: Promise<void>;
}

/** Sends the events of a response while it is made. */
async function speak(
  call: Call<ResponseRequest>,
  { handle, voice, begun }: Making,
  { send, gone }: Sink,
): Promise<void> {
  const { run } = handle;
  const stop = (): void => handle.cancel();
  gone.addEventListener("abort", stop, { once: true });
  if (gone.aborted) stop();
  const done = handle.done.finally(voice.end);
  let sequence_number = 0;
  const tell = (type: string, event: object): Promise<void> =>
    send({
      event: type,
      data: JSON.stringify({ type, sequence_number: sequence_number++, ...event }),
    });
  try {
    await Promise.race([begun, done]);
    const first = { ...shown(call, run), status: "in_progress", output: [], usage: null };
    await tell("response.created", { response: first });
    await tell("response.in_progress", { response: first });
    const message = messageTold(run, tell);
    for await (const piece of voice.pieces()) await message.say(piece);
    if (voice.behind) return stop();
    const { text, calls } = saidBy(await done, call);
    await message.say(restOf(voice.said, text));
    await message.end();
    for (const [i, one] of calls.entries()) {
      const args = JSON.stringify(one.args);
      const at = { output_index: (message.said() === "" ? 0 : 1) + i };
      const item = { ...at, item_id: `fc_${one.id}` };
      await tell("response.output_item.added", { ...at, item: callItem(one, "", "in_progress") });
      await tell("response.function_call_arguments.delta", { ...item, delta: args });
      await tell("response.function_call_arguments.done", {
        ...{ ...item, name: one.name, arguments: args },
      });
      await tell("response.output_item.done", { ...at, item: callItem(one, args, "completed") });
    }
    const response = { ...shown(call, run), output: outputOf(run, message.said(), calls) };
    const how = response.status === "incomplete" ? "incomplete" : "completed";
    await tell(`response.${how}`, { response });
  } catch (error) {
    const { code, message } = errorBody(failureOf(error)).error;
    await done.catch(() => undefined);
    const response = { ...shown(call, run), status: "failed", error: { code, message } };
    await tell("response.failed", { response });
  } finally {
    await done.catch(() => undefined);
  }
}

type Tell = (type: string, event: object) => Promise<void>;

/** The message of a response, begun with its first words: where nothing is said there is none. */
function messageTold(run: string, tell: Tell) {
  const part = { item_id: `msg_${run}`, output_index: 0, content_index: 0 };
  let text = "";
  return {
    said: () => text,
    async say(delta: string): Promise<void> {
      if (delta === "") return;
      if (text === "") {
        const item = messageItem(run, [], "in_progress");
        await tell("response.output_item.added", { output_index: 0, item });
        await tell("response.content_part.added", { ...part, part: outputText("") });
      }
      text += delta;
      await tell("response.output_text.delta", { ...part, delta, logprobs: [] });
    },
    async end(): Promise<void> {
      if (text === "") return;
      await tell("response.output_text.done", { ...part, text, logprobs: [] });
      await tell("response.content_part.done", { ...part, part: outputText(text) });
      const item = messageItem(run, [outputText(text)], "completed");
      await tell("response.output_item.done", { output_index: 0, item });
    },
  };
}
