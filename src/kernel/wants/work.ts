import { isObject, type Json } from "../../std/json.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
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
  frame: Pick<Frame, "agent" | "messages" | "requestAt">,
  request: string,
): Json {
  const { manifest, prompt } = frame.agent;
  const before = frame.messages.slice(0, frame.requestAt).flatMap(({ role, parts }) => {
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    return text === "" ? [] : [`${role === "user" ? "Asked" : "Answered"}: ${text}`];
  });
  const earlier = before.length === 0 ? [] : [`Earlier:\n${before.join("\n")}`];
  const text = [prompt.trim(), ...earlier, request].filter((part) => part !== "").join("\n\n");
  return filled(manifest.args ?? { request: REQUEST }, text);
}

/** The words of an agent that told its steps with them, and whether a limit of its own cut it short. */
export function answerIn(output: Json): { readonly answer: Json; readonly cut: boolean } {
  const { answer = "", stop } = isObject(output) ? output : {};
  return { answer, cut: stop === "max_tokens" || stop === "max_turn_requests" };
}

const REQUEST = "{request}";

function filled(value: Json, request: string): Json {
  if (value === REQUEST) return request;
  if (Array.isArray(value)) return value.map((item: Json) => filled(item, request));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, filled(item, request)]),
  );
}
