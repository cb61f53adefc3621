import type { Action } from "../contracts/action.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { Live, Nanos } from "../contracts/nanos.ts";
import type { Outcome } from "../contracts/outcome.ts";
import type { Plan } from "../contracts/plan.ts";
import type { RunEnd } from "../contracts/run.ts";
import type { Json, JsonObject } from "../std/json.ts";
import { clip, plainJson, plainText } from "../std/text.ts";
import { diffContent } from "./diff.ts";
import { said } from "./permit.ts";

export type Send = (update: JsonObject) => void;

/** Tells an editor of a run while it goes on: words, thoughts, steps, and the tasks of a plan. */
export interface Telling {
  readonly on: (live: Live) => void;
  /** Words of its own, outside what a model streamed. */
  say(text: string): void;
  /** The answer, where it was not streamed already, and why it is less than was asked for. */
  ended(end: RunEnd): void;
}

export function telling(nanos: Nanos, send: Send): Telling {
  let streamed = "";
  const chunk = (kind: "agent_message_chunk" | "agent_thought_chunk", text: string): void =>
    send({ sessionUpdate: kind, content: { type: "text", text: plainText(text) } });
  return {
    say: (text) => chunk("agent_message_chunk", text),
    on: (live) => {
      if (live.type === "event") return tellEvent(nanos, send, live.recorded);
      if (live.run.includes("_")) return;
      if (live.kind === "thinking") return chunk("agent_thought_chunk", live.text);
      streamed = `${streamed}${live.text}`;
      chunk("agent_message_chunk", live.text);
    },
    ended: ({ text, failure }) => {
      if (text !== "" && !streamed.endsWith(text)) chunk("agent_message_chunk", text);
      if (!failure) return;
      const next = failure.next === undefined ? "" : ` ${failure.next}`;
      chunk("agent_message_chunk", `\n\n${failure.message}${next}`);
    },
  };
}

/** One event as an editor shows it. Asking a model is no step of its own there. */
export function tellEvent(nanos: Nanos, send: Send, { event, body }: Recorded): void {
  const { step } = event;
  if (step === null || body === null) return;
  switch (body.kind) {
    case "action.proposed":
      if (!isShown(body.action)) return;
      return send({ sessionUpdate: "tool_call", toolCallId: step, ...callOf(body.action) });
    case "action.judged": {
      const { verdict, reason } = body.decision;
      if (verdict !== "allow" || reason === "allow:chosen_model") return;
      return send({ sessionUpdate: "tool_call_update", toolCallId: step, status: "in_progress" });
    }
    case "action.settled": {
      const { outcome } = body;
      const status = outcome.status === "done" ? "completed" : "failed";
      const content = [said(textOf(outcome)), ...changedIn(nanos, step, outcome)];
      return send({ sessionUpdate: "tool_call_update", toolCallId: step, status, content });
    }
    default:
      return;
  }
}

function isShown({ kind }: Action): boolean {
  return kind !== "model" && kind !== "run";
}

function callOf(action: Action): JsonObject {
  const { name, agent, args, scopes } = action;
  const locations = scopes.flatMap((scope) => {
    const [, path] = /^(?:read|write):(\/.*)$/u.exec(scope) ?? [];
    return path === undefined ? [] : [{ path: plainText(path) }];
  });
  return {
    title: clip(plainText(`${name} (${agent})`), 200),
    kind: kindOf(action),
    status: "pending",
    rawInput: plainJson(args),
    ...(locations.length > 0 ? { locations: locations.slice(0, 20) } : {}),
  };
}

function kindOf({ kind, scopes }: Action): string {
  if (kind === "commit") return "edit";
  if (kind === "fetch") return "fetch";
  const reach = new Set(scopes.map((scope) => scope.slice(0, scope.indexOf(":"))));
  if (reach.has("exec")) return "execute";
  if (reach.has("write")) return "edit";
  if (reach.has("net")) return "fetch";
  return reach.has("read") ? "read" : "other";
}

function textOf(outcome: Outcome): string {
  if (outcome.status !== "done") {
    const { message, next } = outcome.failure;
    return next === undefined ? message : `${message} ${next}`;
  }
  const { output } = outcome;
  return clip(typeof output === "string" ? output : JSON.stringify(output, null, 2), SHOWN_CHARS);
}

/** What of a step's result an editor is shown; all of it is in the record. */
const SHOWN_CHARS = 4_000;

/** The files a step changed, read from what an undo of it would change back. */
function changedIn({ undo }: Nanos, step: string, outcome: Outcome): readonly Json[] {
  if (outcome.status !== "done" || (outcome.files?.length ?? 0) === 0) return [];
  try {
    return diffContent(undo.plan(step).changes, true);
  } catch {
    // The step is told of all the same; what it wrote is in the record.
    return [];
  }
}

/** The tasks of a plan, and how far each of them is. */
export function planTelling(plan: Plan, send: Send): (live: Live) => void {
  const states = new Map(plan.tasks.map(({ id }) => [id, "pending"]));
  const tell = (): void => {
    const entries = plan.tasks.map(({ id, tool, agent }) => {
      const content = `${id}: ${tool ?? agent ?? ""}`;
      return { content, priority: "medium", status: states.get(id) ?? "pending" };
    });
    send({ sessionUpdate: "plan", entries });
  };
  tell();
  return (live) => {
    const body = live.type === "event" ? live.recorded.body : null;
    if (body?.kind !== "task.started" && body?.kind !== "task.ended") return;
    states.set(body.task, body.kind === "task.started" ? "in_progress" : "completed");
    tell();
  };
}
