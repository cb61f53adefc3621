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
      return null;
    case "process":
      return name;
    case "mcp":
      return tool ?? null;
  }
}

/** What such an agent's tool is called with: the request, after what its manifest says before it. */
export function workArgs({ agent }: Pick<Frame, "agent">, request: string): Json {
  const { manifest, prompt } = agent;
  const text = prompt.trim() === "" ? request : `${prompt.trim()}\n\n${request}`;
  return filled(manifest.args ?? { request: REQUEST }, text);
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
