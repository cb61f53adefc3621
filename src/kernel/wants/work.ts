import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { AgentSession } from "../../contracts/run.ts";
import type { LoadedTool } from "../../tools/tool-host.ts";
import type { Frame } from "../frame.ts";

/**
 * An agent that is not a model with a prompt is one tool: a program of its own, or what a server
 * offers. Its whole run is that one call, which passes the gate like every other.
 */
export function toolOf({ kind, name, tool }: AgentManifest): string | null {
  switch (kind) {
    case "prompt":
    case "arrangement":
      return null;
    case "process":
    case "acp":
      return name;
    case "mcp":
      return tool ?? null;
  }
}

/**
 * What such an agent's tool is called with: the request, after what its manifest says before it and
 * what was said earlier, as it remembers nothing of that.
 */
export function workArgs(
  frame: Pick<Frame, "agent" | "messages" | "requestAt" | "window" | "facts">,
  request: string,
): Json {
  const { manifest, prompt } = frame.agent;
  const earlier = earlierIn(frame);
  const text = [prompt.trim(), ...earlier, request].filter((part) => part !== "").join("\n\n");
  return filled(manifest.args ?? { request: REQUEST }, text);
}

/** What was said before, the newest of it where it is too much: as one text, or none. */
function earlierIn({
  messages,
  requestAt,
  window,
  facts,
}: Parameters<typeof workArgs>[0]): string[] {
  const isBounded = facts.retold === true;
  const skipped = isBounded ? window.past : 0;
  const lines = messages.slice(skipped, requestAt).flatMap((message) => {
    const text = message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    return text === "" ? [] : [`${message.role === "user" ? "Asked" : "Answered"}: ${text}`];
  });
  let chars = 0;
  const last = lines.findLastIndex((line) => (chars += line.length) > LIMITS.earlierChars);
  const cut = isBounded ? last + 1 : 0;
  const left = skipped + cut;
  const kept = [
    ...(left > 0 ? [`(${left} older messages are left out)`] : []),
    ...lines.slice(cut),
  ];
  return kept.length === 0 ? [] : [`Earlier:\n${kept.join("\n")}`];
}

/**
 * For an agent that can keep a conversation itself: the session it was in, and the request alone,
 * which is all it is told where it goes on there. Nothing where nothing was said before.
 */
export function continued(
  frame: Parameters<typeof workArgs>[0] & Pick<Frame, "started">,
  { hash }: Pick<LoadedTool, "hash">,
  before: AgentSession | null,
): JsonObject {
  if (frame.facts.retold !== true || frame.requestAt === 0) return {};
  const session = before?.hash === hash ? before.id : null;
  return { continues: { session, request: frame.started.request } };
}

/** The session an agent says it can go on in. Its name is the agent's own word. */
export function sessionIn(output: Json, { hash }: Pick<LoadedTool, "hash">): AgentSession | null {
  const { session } = isObject(output) ? output : {};
  return typeof session === "string" ? { id: session, hash } : null;
}

/** The words of an agent that told its steps with them, and whether a limit of its own cut it short. */
export function answerIn(output: Json): { readonly answer: Json; readonly cut: boolean } {
  const { answer = "", stop } = isObject(output) ? output : {};
  return { answer, cut: stop === "max_tokens" || stop === "max_turn_requests" };
}

const REQUEST = "{request}";

/** Arguments with the request where they say so. */
export function filled(value: Json, request: string): Json {
  if (value === REQUEST) return request;
  if (Array.isArray(value)) return value.map((item: Json) => filled(item, request));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, filled(item, request)]),
  );
}
