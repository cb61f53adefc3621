import { isObject, type Json } from "../../std/json.ts";
import type { AssistantMessage, Message } from "../../contracts/message.ts";
import type { ModelEvent, ModelRequest } from "../../contracts/model.ts";
import type { Model } from "../model.ts";
import { openPlaceholders, type Placeholders } from "./placeholders.ts";

/**
 * A model that is not told who is who: addresses, numbers, user names and what looks like a key go
 * out as placeholders, tool results included, and come back as what they stand for, in the answer
 * and in the arguments of calls. Everybody else sees the conversation as it is.
 *
 * It is a partial defence. What it does not know as sensitive goes out: names in prose, places, what
 * a sentence tells about somebody. Reasoning stays as the model wrote it, as its signature demands.
 */
export function scrubbed(model: Model): Model {
  const { embed } = model;
  return {
    name: model.name,
    host: model.host,
    price: model.price,
    ...(model.takes && { takes: model.takes }),
    stream: (request, signal) => streamScrubbed(model, request, signal),
    // A text's vector is the same whatever is beside it, so each has a table of its own.
    ...(embed && {
      embed: (wish, signal) => {
        const inputs = wish.inputs.map((text) => openPlaceholders().scrub(text));
        return embed({ ...wish, inputs }, signal);
      },
    }),
  };
}

async function* streamScrubbed(
  model: Model,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const table = openPlaceholders();
  const sent: ModelRequest = {
    ...request,
    system: table.scrub(request.system),
    messages: request.messages.map((message) => outgoing(message, table)),
  };
  const text = table.stream();
  for await (const event of model.stream(sent, signal)) {
    if (event.type === "text") {
      const delta = text.push(event.delta);
      if (delta !== "") yield { type: "text", delta };
      continue;
    }
    if (event.type !== "end") {
      yield event;
      continue;
    }
    const rest = text.end();
    if (rest !== "") yield { type: "text", delta: rest };
    yield { ...event, message: incoming(event.message, table) };
  }
}

function outgoing(message: Message, { scrub }: Placeholders): Message {
  switch (message.role) {
    case "user":
      return {
        role: "user",
        parts: message.parts.map((part) =>
          part.type === "text" ? { ...part, text: scrub(part.text) } : part,
        ),
      };
    case "tool":
      return {
        role: "tool",
        parts: message.parts.map((part) => ({ ...part, text: scrub(part.text) })),
      };
    case "assistant":
      return assistant(message, scrub);
  }
}

function incoming(message: AssistantMessage, { restore }: Placeholders): AssistantMessage {
  return assistant(message, restore);
}

/** What a model said, with its texts and the arguments of its calls changed; reasoning stays. */
function assistant(
  { role, parts }: AssistantMessage,
  change: (text: string) => string,
): AssistantMessage {
  return {
    role,
    parts: parts.map((part) => {
      if (part.type === "text") return { ...part, text: change(part.text) };
      if (part.type !== "call") return part;
      const broken = part.broken === undefined ? {} : { broken: change(part.broken) };
      return { ...part, args: inTexts(part.args, change), ...broken };
    }),
  };
}

function inTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item: Json) => inTexts(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [change(key), inTexts(item, change)]),
  );
}
