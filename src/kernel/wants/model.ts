import { canonical } from "../../std/canonical.ts";
import { hashOf, sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Message } from "../../contracts/message.ts";
import type { ModelEnd, ModelRequest, ToolSpec } from "../../contracts/model.ts";
import type { Usage } from "../../contracts/usage.ts";
import type { Model } from "../../models/model.ts";
import { whyStopped } from "../deadline.ts";
import type { Want } from "../proposal.ts";
import { type Frame, draft } from "../frame.ts";

/** Adds a message to the conversation and to the running hash over it. */
export function say(frame: Frame, message: Message): void {
  frame.messages.push(message);
  frame.digest = sha256(`${frame.digest}\n${canonical(message as unknown as Json)}`);
}

/**
 * A model call as an action. Its arguments name the conversation by length and hash, not by text:
 * the text is what the earlier events hold, so a long run does not write its history at every step.
 */
export function modelWant(frame: Frame, tools: readonly ToolSpec[]): Want {
  const { name, host } = frame.model;
  const given = `${sha256(frame.system)} ${toolsHash(tools)}`;
  const action: Action = {
    gate: "call",
    kind: "model",
    name,
    agent: frame.agent.manifest.name,
    args: {
      messages: frame.messages.length,
      digest: frame.digest,
      // System text and tools by hash, said again only when they are others than before.
      ...(given === frame.given ? {} : { given }),
    },
    scopes: [`model:${name}`],
    destinations: host === null ? [] : [`net:${host}`],
    label: frame.label,
  };
  frame.given = given;
  return {
    action,
    declared: null,
    attached: true,
    repeatable: true,
    perform: (step) => callModel(frame, tools, step),
  };
}

const hashes = new WeakMap<readonly ToolSpec[], string>();

function toolsHash(tools: readonly ToolSpec[]): string {
  const known = hashes.get(tools);
  if (known) return known;
  const hash = hashOf(tools as unknown as Json);
  hashes.set(tools, hash);
  return hash;
}

async function callModel(frame: Frame, tools: readonly ToolSpec[], step: string): Promise<Draft> {
  const { world, drive, agent } = frame;
  if (!world) throw new Error("bug: a replay called a model");
  const start = drive.elapsed();
  const model = await world.model(frame.model.name);
  const request: ModelRequest = {
    system: frame.system,
    messages: frame.messages,
    tools,
    agent: agent.manifest.name,
  };
  const end = await listen(frame, model, request, step);
  const ms = Math.round(drive.elapsed() - start);
  const actor = `model:${model.name}`;
  const failure = end.finish === "cancelled" ? whyStopped(drive.signal) : end.failure;
  const usage = end.usage && priced(end.usage, model);
  return draft(frame, step, actor, {
    kind: "model.answered",
    message: end.message,
    finish: end.finish,
    ...(failure ? { failure } : {}),
    ...(usage ? { usage } : {}),
    ...(end.model ? { model: end.model } : {}),
    ms,
  });
}

async function listen(
  frame: Frame,
  model: Model,
  request: ModelRequest,
  step: string,
): Promise<ModelEnd> {
  const { on } = frame.hooks;
  const { run, signal } = frame.drive;
  for await (const event of model.stream(request, signal)) {
    if (event.type === "end") return event;
    if (on && (event.type === "text" || event.type === "thinking")) {
      on({ type: "delta", run, step, kind: event.type, text: event.delta });
    }
  }
  throw new Error(`bug: the stream of model ${model.name} had no end`);
}

/** Adds what it cost, when the price is known and the provider did not say. */
function priced(usage: Usage, model: Model): Usage {
  if (usage.cost !== undefined || model.price === null) return usage;
  const cost = (usage.input * model.price.input + usage.output * model.price.output) / 1_000_000;
  return { ...usage, cost };
}
