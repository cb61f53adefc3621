import { isObject, type Json, type JsonObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip } from "../../std/text.ts";
import type { Usage } from "../../contracts/usage.ts";
import type { ToolCall } from "../tool-host.ts";

/**
 * What an agent tells of its turn while it works: the words of its answer, the steps it takes in its
 * own process, what it used. All of it is the agent's own word. It is bounded, and what is malformed
 * is passed over.
 */
export interface Hearing {
  update(method: string, params: JsonObject): void;
  /** The words of its answer so far. */
  answer(): string;
  steps(): readonly Json[];
  /** What of its usage it said. */
  used(): Usage | undefined;
}

export function newHearing(hear: ToolCall["hear"]): Hearing {
  const steps = new Map<string, Step>();
  let answer = "";
  let cost: number | undefined;
  let window = 0;
  const said = (kind: "text" | "thinking", content: Json | undefined): void => {
    const text = isObject(content) && content["type"] === "text" ? content["text"] : undefined;
    if (typeof text !== "string" || text === "") return;
    if (kind === "text") answer = `${answer}${text}`.slice(0, LIMITS.toolOutputBytes);
    hear?.({ kind, text });
  };
  return {
    update(method, { update }) {
      if (method !== "session/update" || !isObject(update)) return;
      const { sessionUpdate: kind } = update;
      if (kind === "agent_message_chunk") said("text", update["content"]);
      if (kind === "agent_thought_chunk") said("thinking", update["content"]);
      if (kind === "tool_call" || kind === "tool_call_update") noteStep(steps, update);
      if (kind !== "usage_update") return;
      if (typeof update["used"] === "number") window = Math.max(window, update["used"]);
      cost = dollars(update["cost"]) ?? cost;
    },
    answer: () => answer,
    steps: () => [...steps.values()].map((step) => ({ ...step })),
    used: () => usageOf(window, cost),
  };
}

/** A step as the agent tells it. */
interface Step {
  title: string;
  kind: string;
  status: string;
}

/** A step is told of once, and then what becomes of it. */
function noteStep(steps: Map<string, Step>, update: JsonObject): void {
  const { toolCallId: id, title, kind, status } = update;
  if (typeof id !== "string") return;
  const known = steps.get(id);
  if (!known && steps.size >= LIMITS.agentSteps) return;
  const step = known ?? { title: "", kind: "other", status: "pending" };
  if (typeof title === "string") step.title = clip(title, 200);
  if (typeof kind === "string") step.kind = clip(kind, 20);
  if (typeof status === "string") step.status = clip(status, 20);
  steps.set(id, step);
}

function dollars(cost: Json | undefined): number | undefined {
  const { amount, currency } = isObject(cost) ? cost : {};
  const isCount = typeof amount === "number" && Number.isFinite(amount) && amount >= 0;
  return isCount && currency === "USD" ? amount : undefined;
}

/** The window it fills stands for what it read, as that is all the stable protocol tells. */
function usageOf(window: number, cost: number | undefined): Usage | undefined {
  const input = Number.isSafeInteger(window) ? window : 0;
  if (input === 0 && cost === undefined) return undefined;
  return { input, output: 0, ...(cost === undefined ? {} : { cost }) };
}
