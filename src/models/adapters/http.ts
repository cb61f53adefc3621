import type { Message } from "../../contracts/message.ts";
import type { ModelConfig, ModelRequest } from "../../contracts/model.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { Adapter } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import { modelError, modelFailure } from "../failures.ts";
import { newestText } from "../conversation.ts";
import { countOf, setUp, textOf, type Setup } from "../wire/setup.ts";
import { hostOf, type FrameReader, type Wire } from "../wire/wire.ts";
import { wireModel } from "../wire/wire-model.ts";

/**
 * Any HTTP endpoint, mapped by configuration. The request's body is `http.body` with these words
 * replaced in its strings, never in its structure:
 *
 * - `$MODEL`, `$SYSTEM`, `$PROMPT`: the model id, the system text, the newest operator or tool text
 * - `$MESSAGES`: as a string of its own the conversation as a list of `{role, content, …}`; inside a
 *   longer string a transcript
 * - `$TOOLS`: the tools as a list of `{name, description, parameters}`; inside a string their JSON
 *
 * The answer is read by dotted paths (`choices.0.message.content`). When it comes as server-sent
 * events, the same paths are read in every event, and the texts found are put together.
 */
export const openHttp: Adapter = async (name, config, deps) => {
  if (config.http === undefined) {
    throw modelError("model.bad_config", { model: name }, "It has no `http` mapping.");
  }
  const setup = await setUp(name, config, deps, { id: false });
  return wireModel(name, httpWire(config.http, config, name, setup), config, deps);
};

type Mapping = NonNullable<ModelConfig["http"]>;

function httpWire(map: Mapping, config: ModelConfig, name: string, setup: Setup): Wire {
  const headers = Object.entries(map.headers ?? {}).map(
    ([field, value]) =>
      [field.toLowerCase(), value.replaceAll("$KEY", () => setup.key ?? "")] as const,
  );
  const host = hostOf(setup.url);
  return {
    id: setup.id,
    // The URL is the whole address here, so a slash at its end may matter.
    url: config.url ?? setup.url,
    headers: Object.fromEntries(headers),
    secret: setup.key,
    framing: "sse",
    screened: true,
    takes: [],
    body: (request) => JSON.stringify(fillBody(map.body, setup.id, request)),
    reader: (answer) => mappedReader(answer, map, name, host),
  };
}

function fillBody(body: Json, id: string, request: ModelRequest): Json {
  const transcript = (): string =>
    request.messages.map((m) => `${m.role}: ${plain(m)}`).join("\n\n");
  const texts: Record<string, () => string> = {
    $MODEL: () => id,
    $SYSTEM: () => request.system,
    $PROMPT: () => newestText(request.messages),
    $MESSAGES: transcript,
    $TOOLS: () => JSON.stringify(toolsOf(request)),
  };
  const walk = (value: Json): Json => {
    if (value === "$MESSAGES") return request.messages.flatMap(encodeMessage);
    if (value === "$TOOLS") return toolsOf(request);
    if (typeof value === "string") {
      // One pass: what is filled in is never looked at again.
      return value.replace(WORD, (word) => texts[word]?.() ?? word);
    }
    if (Array.isArray(value)) return value.map(walk);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  return walk(body);
}

const WORD = /\$(?:MODEL|SYSTEM|PROMPT|MESSAGES|TOOLS)\b/gu;

function toolsOf({ tools }: ModelRequest): Json[] {
  return tools.map(({ name, description, input }) => ({ name, description, parameters: input }));
}

function encodeMessage(message: Message): Json[] {
  if (message.role === "tool") {
    return message.parts.map(({ id, name, text }) => ({
      role: "tool",
      tool_call_id: id,
      name,
      content: text,
    }));
  }
  const calls = message.parts.flatMap((part): Json[] =>
    part.type === "call" ? [{ id: part.id, name: part.name, arguments: part.args }] : [],
  );
  const content = plain(message);
  if (content === "" && calls.length === 0) return [];
  return [{ role: message.role, content, ...(calls.length > 0 && { tool_calls: calls }) }];
}

function plain(message: Message): string {
  return message.parts
    .flatMap((part) => (part.type === "text" || part.type === "result" ? [part.text] : []))
    .join("\n");
}

function mappedReader(answer: Answer, map: Mapping, name: string, host: string): FrameReader {
  let serial = 0;
  let found = false;
  const frame = (value: Json): void => {
    const text = at(value, map.text);
    const calls = map.calls === undefined ? undefined : at(value, map.calls);
    found ||= text !== undefined || calls !== undefined;
    const thinking = map.thinking === undefined ? undefined : at(value, map.thinking);
    found ||= typeof thinking === "string";
    if (typeof thinking === "string") answer.thinking(thinking);
    if (typeof text === "string") answer.text(text);
    for (const call of Array.isArray(calls) ? (calls as readonly Json[]) : []) {
      serial += 1;
      readCall(answer, serial, call);
    }
    const count = (path: string | undefined): number | undefined =>
      path === undefined ? undefined : countOf(at(value, path));
    const [input, output] = [count(map.inputTokens), count(map.outputTokens)];
    answer.usage({ input, output, cached: count(map.cachedTokens) });
  };
  // No mark tells the end of an answer nobody specified; the end of the stream has to.
  const over = (): void => {
    if (found) answer.complete = true;
    else answer.fail(modelFailure("model.bad_mapping", { model: name, host, path: map.text }));
  };
  return { frame, over };
}

function readCall(answer: Answer, serial: number, call: Json): void {
  if (!isObject(call)) return;
  const fn = isObject(call["function"]) ? call["function"] : call;
  answer.call(serial, textOf(fn["name"]), textOf(call["id"]));
  const args = fn["arguments"] ?? {};
  answer.args(serial, typeof args === "string" ? args : JSON.stringify(args));
}

/** The value at a dotted path; undefined where there is none. */
function at(value: Json, path: string): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path.split(".")) {
    if (Array.isArray(here)) here = /^\d+$/u.test(step) ? here[Number(step)] : undefined;
    else if (isObject(here) && Object.hasOwn(here, step)) here = here[step];
    else return undefined;
  }
  return here;
}
