import type { ChatMessage } from "../../contracts/http/openai.ts";
import type { InputItem, ResponseRequest } from "../../contracts/http/responses.ts";
import type { Wish } from "../../contracts/http/wish.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { CallPart, Message } from "../../contracts/message.ts";
import type { RunEnd } from "../../contracts/run.ts";
import type { Json } from "../../std/json.ts";
import { NanosError } from "../../std/error.ts";
import { Refusal } from "../refusal.ts";
import { runFor } from "../runs.ts";
import type { Call } from "../route.ts";
import { type Asked, askedIn, isSaid, messagesOf, samplingOf, specOf, toolsOf } from "./asked.ts";

/**
 * What a client of responses asks. A response is a run: one that goes on from another is a run after
 * it, and one that brings what came of calls is that run's request once more, with what came of them.
 *
 * @throws Refusal `chat.*` and `response.*`, with the field it is about as `param`.
 */
export function responseAsked(call: Pick<Call<ResponseRequest>, "nanos" | "key" | "body">): Asked {
  const { body } = call;
  const { input, previous_response_id: previous } = body;
  const items: readonly InputItem[] =
    typeof input === "string" ? [{ role: "user", content: input }] : input;
  const wish = wishOf(body);
  const brings = Object.keys(wish).length === 0 ? {} : { wish };
  try {
    const messages = chatOf(items);
    if (!isSaid(previous)) return { ...askedIn({ messages: [...messages] }), ...brings };
    return { ...after(before(call, previous), messages), ...brings };
  } catch (error) {
    if (!(error instanceof Refusal) || error.param !== "messages") throw error;
    throw new Refusal(error.code, error.message, error.next, { param: "input" });
  }
}

/** The id of a run as a response. */
export const RESPONSE = "resp_";

interface Before {
  readonly run: string;
  readonly started: RunStarted;
  readonly end: RunEnd | null;
}

/** The run of a response of this key. @throws Refusal `response.unknown`, `response.running`. */
function before(call: Pick<Call<unknown>, "nanos" | "key">, id: string): Before {
  const param = "previous_response_id";
  const { run, started } = responseRun(call, id, param);
  const { state, end } = call.nanos.traces.show(run);
  if (state !== "running") return { run, started, end };
  const message = "That response is still being made.";
  throw new Refusal("response.running", message, "Wait until it has ended.", { param });
}

/** @throws Refusal `response.unknown`. */
export function responseRun(
  call: Pick<Call<unknown>, "nanos" | "key">,
  id: string,
  param = "id",
): Pick<Before, "run" | "started"> {
  try {
    const run = runFor(call, id.startsWith(RESPONSE) ? id.slice(RESPONSE.length) : "");
    const started = call.nanos.traces.events(run)[0]?.body;
    if (started?.kind === "run.started") return { run, started };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
  }
  const message = "There is no such response of this key.";
  throw new Refusal("response.unknown", message, "Ask without it.", { param });
}

function after({ run, started, end }: Before, messages: readonly ChatMessage[]): Asked {
  const { request, earlier, since = [] } = started;
  const held = earlier === undefined ? {} : { earlier };
  const calls = end?.calls ?? [];
  if (calls.length > 0) {
    const asked = chatCalls(end?.text ?? "", calls);
    const came = [...since, ...messagesOf([asked, ...messages])];
    return { text: request, ...held, after: started.after, since: came };
  }
  const own = askedIn({ messages: messages.filter(({ role }) => role !== "assistant") });
  if (messages.some(({ role }) => role === "assistant")) {
    const message = "What was answered before stands on record.";
    const next = "Send what is new, or all of it without previous_response_id.";
    throw new Refusal("response.twice", message, next, { param: "input" });
  }
  // What is said before the request of this turn comes after the turns on record.
  const first = (own.earlier ?? []).map(wordsIn).filter((text) => text !== "");
  const images = (own.earlier ?? []).filter(hasImages).map(belonging);
  return {
    text: [...first, own.text].join("\n\n"),
    ...held,
    after: [...started.after, run],
    ...(images.length === 0 ? {} : { since: images }),
  };
}

function wordsIn({ parts }: Message): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

function hasImages({ parts }: Message): boolean {
  return parts.some(({ type }) => type === "image");
}

/** Images that come after the words they belong to, as those come after the turns on record. */
function belonging(message: Message): Message {
  if (message.role !== "user") return message;
  return { ...message, parts: [...message.parts, { type: "text", text: "This came with it." }] };
}

function chatCalls(text: string, calls: readonly CallPart[]): ChatMessage {
  const called = calls.map(({ id, name, args }) => ({
    ...{ id, type: "function" as const, function: { name, arguments: JSON.stringify(args) } },
  }));
  return { role: "assistant", content: text, tool_calls: called };
}

/** Items as messages of a chat: calls belong to what was said with them. */
function chatOf(items: readonly InputItem[]): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const item of items) {
    if (item.type === "function_call") {
      const { call_id: id, name } = item;
      const call = { id, type: "function" as const, function: { name, arguments: item.arguments } };
      const last = messages.at(-1);
      if (last?.role === "assistant") last.tool_calls = [...(last.tool_calls ?? []), call];
      else messages.push({ role: "assistant", content: null, tool_calls: [call] });
    } else if (item.type === "function_call_output") {
      const content = textOf(item.output);
      messages.push({ role: "tool", tool_call_id: item.call_id, content });
    } else messages.push(messageOf(item));
  }
  return messages;
}

type Said = Exclude<InputItem, { type: "function_call" | "function_call_output" }>;

function messageOf({ role, content }: Said): ChatMessage {
  if (typeof content === "string") return { role, content };
  if (role !== "user") return { role, content: textOf(content) };
  return {
    role,
    content: content.map((part) =>
      part.type === "input_image"
        ? { type: "image_url" as const, image_url: { url: part.image_url } }
        : { type: "text" as const, text: textOf([part]) },
    ),
  };
}

function textOf(content: string | readonly { readonly type: string }[]): string {
  if (typeof content === "string") return content;
  return content
    .map((part) => ("text" in part ? part.text : "refusal" in part ? part.refusal : ""))
    .join("\n");
}

function wishOf(body: ResponseRequest): Wish {
  const { tools, tool_choice: choice, text, instructions, user, metadata } = body;
  const specs = (tools ?? []).map(specOf);
  return {
    ...toolsOf(specs, typeof choice === "object" ? (choice?.name ?? null) : choice),
    ...(specs.length > 0 && body.parallel_tool_calls === false ? { single: true as const } : {}),
    ...formOf(text?.format),
    ...samplingOf({
      maxTokens: body.max_output_tokens,
      temperature: body.temperature,
      topP: body.top_p,
    }),
    ...(isSaid(instructions) ? { instructions } : {}),
    ...(isSaid(user) ? { user } : {}),
    ...(isSaid(metadata) ? { metadata } : {}),
  };
}

function formOf(format: NonNullable<ResponseRequest["text"]>["format"]): Pick<Wish, "form"> {
  switch (format?.type) {
    case undefined:
    case "text":
      return {};
    case "json_object":
      return { form: { schema: null } };
    case "json_schema":
      return { form: { schema: format.schema as Json } };
  }
}
