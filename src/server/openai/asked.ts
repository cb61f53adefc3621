import type { ChatMessage, ChatRequest } from "../../contracts/http/openai.ts";
import type { AgentChat } from "../../contracts/http/seeds.ts";
import type { Wish } from "../../contracts/http/wish.ts";
import type { CallPart, Message } from "../../contracts/message.ts";
import type { Sampling, ToolSpec } from "../../contracts/model.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { Refusal } from "../refusal.ts";

/** What a client asks, as a run is asked it. */
export interface Asked {
  readonly text: string;
  /** The conversation before it. */
  readonly earlier?: readonly Message[];
  /** Runs it goes on from, oldest first. */
  readonly after?: readonly string[];
  /** What came after the request: calls of the client's tools, and what came of them. */
  readonly since?: readonly Message[];
  readonly wish?: Wish;
}

/**
 * What a client of chat completions asks.
 *
 * @throws Refusal `chat.*` with `messages` or `tool_choice` as `param`.
 */
export function askedIn(body: AgentChat): Asked {
  const { messages } = body;
  if (messages.length > LIMITS.earlierMessages) {
    const message = `A conversation has at most ${LIMITS.earlierMessages} messages.`;
    throw refused("chat.too_many", message, "Send the newest.");
  }
  const at = messages.findLastIndex(({ role }) => role === "user");
  const since = messagesOf(messages.slice(at + 1));
  const last = messages[at];
  const isAnswered = since.length === 0 || since.at(-1)?.role === "tool";
  const text = last && isAnswered ? wordsOf(last) : "";
  if (last === undefined || text.trim() === "") {
    const message = "The conversation ends with neither words of a user nor what came of a call.";
    throw refused("chat.no_request", message, "End with a message of role user or tool.");
  }
  const wish = wishOf(body);
  return {
    text,
    ...spoken("earlier", [...messagesOf(messages.slice(0, at)), ...imagesAlone(last)]),
    ...spoken("since", since),
    ...(Object.keys(wish).length === 0 ? {} : { wish }),
  };
}

function spoken(name: "earlier" | "since", messages: readonly Message[]) {
  return messages.length === 0 ? {} : { [name]: messages };
}

/** Messages as runs hold them; calls and what came of them stand together. */
export function messagesOf(given: readonly ChatMessage[]): readonly Message[] {
  const messages: Message[] = [];
  const open = new Map<string, string>();
  for (const message of given) {
    if (message.role !== "tool") checkAnswered(open);
    const last = messages.at(-1);
    if (message.role !== "tool") messages.push(...messageOf(message, open));
    else {
      const part = resultOf(message.tool_call_id, textOf(message.content), open);
      if (last?.role === "tool") last.parts.push(part);
      else messages.push({ role: "tool", parts: [part] });
    }
  }
  checkAnswered(open);
  return messages;
}

function messageOf(
  message: Exclude<ChatMessage, { role: "tool" }>,
  open: Map<string, string>,
): readonly Message[] {
  const text = wordsOf(message);
  switch (message.role) {
    case "assistant": {
      const calls = (message.tool_calls ?? []).map((call) =>
        callOf({ ...call.function, id: call.id }),
      );
      for (const { id, name } of calls) open.set(id, name);
      const said = text === "" && calls.length > 0 ? [] : [{ type: "text", text } as const];
      return [{ role: "assistant", parts: [...said, ...calls] }];
    }
    case "user":
      return [...imagesAlone(message), { role: "user", parts: [{ type: "text", text }] }];
    // What the agent is stands in its own file; a client's wishes are words of the client.
    case "system":
    case "developer":
      return [{ role: "user", parts: [{ type: "text", text: `${SAYS_FIRST}${text}` }] }];
  }
}

const SAYS_FIRST = "The client says first: ";

/** A call as it was given out, with its arguments as text. */
export function callOf(given: { id: string; name: string; arguments: string }): CallPart {
  const { id, name } = given;
  try {
    return { type: "call", id, name, args: JSON.parse(given.arguments) as Json };
  } catch {
    return { type: "call", id, name, args: null, broken: given.arguments };
  }
}

/** What came of a call. @throws Refusal `chat.no_call`. */
export function resultOf(id: string, text: string, open: Map<string, string>) {
  const name = open.get(id);
  if (name === undefined) {
    const message = "A result answers no call that was made before it.";
    throw refused("chat.no_call", message, "Send the answer with the call before its result.");
  }
  open.delete(id);
  return { type: "result" as const, id, name, text, error: false };
}

/** @throws Refusal `chat.no_result`. */
export function checkAnswered(open: ReadonlyMap<string, string>): void {
  const [name] = open.values();
  if (name === undefined) return;
  const message = `A call of ${name} has no result.`;
  throw refused("chat.no_result", message, "Send what came of each call after it.");
}

function refused(code: string, message: string, next: string, param = "messages"): Refusal {
  return new Refusal(code, message, next, { param });
}

function wordsOf(message: ChatMessage): string {
  const text = textOf(message.content);
  const { name } = message as { name?: string };
  return name === undefined ? text : `${name}: ${text}`;
}

function textOf(content: ChatMessage["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? [])
    .flatMap((item) =>
      item.type === "text" ? [item.text] : item.type === "refusal" ? [item.refusal] : [],
    )
    .join("\n");
}

function imagesOf({ content }: ChatMessage): readonly string[] {
  if (typeof content === "string") return [];
  return (content ?? []).flatMap((item) =>
    item.type === "image_url" ? [(item as { image_url: { url: string } }).image_url.url] : [],
  );
}

/** The images of a message, as a message of their own before it. */
function imagesAlone(message: ChatMessage): readonly Message[] {
  return imagesMessage(imagesOf(message));
}

/** Images as a client sends them, in a message; none where there are none. @throws `chat.image`. */
export function imagesMessage(urls: readonly string[], param = "messages"): readonly Message[] {
  if (urls.length === 0) return [];
  const parts = urls.map((url) => {
    const [, media, data] = /^data:(image\/[a-z+.-]{1,32});base64,([\w+/=-]+)$/iu.exec(url) ?? [];
    if (media === undefined || data === undefined) {
      const message = "An image is not in the request itself.";
      throw refused("chat.image", message, "Send it as data:image/png;base64,...", param);
    }
    return { type: "image" as const, media, data };
  });
  return [{ role: "user", parts }];
}

/** What is said beside the words, of what means the same in chat completions and elsewhere. */
export function wishOf(body: AgentChat): Wish {
  const { tools, tool_choice: choice, response_format: format } = body;
  const specs = (tools ?? []).map((tool) => specOf(tool.function));
  const { user, metadata } = body;
  return {
    ...toolsOf(specs, typeof choice === "object" ? (choice?.function.name ?? null) : choice),
    ...(specs.length > 0 && body.parallel_tool_calls === false ? { single: true as const } : {}),
    ...formOf(format),
    ...samplingOf({
      maxTokens: least(body.max_tokens, body.max_completion_tokens),
      temperature: body.temperature,
      topP: body.top_p,
      seed: body.seed,
      stop: typeof body.stop === "string" ? [body.stop] : body.stop,
    }),
    ...(isSaid(user) ? { user } : {}),
    ...(isSaid(metadata) ? { metadata } : {}),
  };
}

/** A function of the client as a tool. */
export function specOf(given: {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
}): ToolSpec {
  const { name, description, parameters } = given;
  const input = (parameters ?? { type: "object", properties: {} }) as Json;
  return { name, description: description ?? "", input };
}

/** Which of the tools are offered, and whether one has to be called. @throws Refusal `chat.no_tool`. */
export function toolsOf(tools: readonly ToolSpec[], choice: string | null | undefined): Wish {
  const isNamed = isSaid(choice) && !["none", "auto", "required"].includes(choice);
  const isThere = tools.some(({ name }) => name === choice);
  if ((isNamed && !isThere) || (choice === "required" && tools.length === 0)) {
    const message = "The tool that has to be called is none of the tools.";
    throw refused("chat.no_tool", message, "Give it in tools.", "tool_choice");
  }
  if (tools.length === 0 || choice === "none") return {};
  const must = isNamed ? choice : choice === "required" ? (true as const) : undefined;
  return { tools: [...tools], ...(must === undefined ? {} : { must }) };
}

/** The settings that were said. */
export function samplingOf(given: {
  readonly [name in keyof Sampling]: Sampling[name] | null | undefined;
}): Pick<Wish, "sampling"> {
  const said = Object.entries(given).filter(([, value]) => isSaid(value));
  const some = said.filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return some.length === 0 ? {} : { sampling: Object.fromEntries(some) as Sampling };
}

function formOf(format: ChatRequest["response_format"]): Pick<Wish, "form"> {
  switch (format?.type) {
    case undefined:
    case "text":
      return {};
    case "json_object":
      return { form: { schema: null } };
    case "json_schema":
      return { form: { schema: format.json_schema.schema as Json } };
  }
}

function least(...given: readonly (number | null | undefined)[]): number | undefined {
  const said = given.filter(isSaid);
  return said.length === 0 ? undefined : Math.min(...said);
}

/** A field may be left out, or be null for nothing said. */
export function isSaid<T>(given: T | null | undefined): given is T {
  return given !== null && given !== undefined;
}
