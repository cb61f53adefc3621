import { canonical } from "../../std/canonical.ts";
import { NanosError, messageOf } from "../../std/error.ts";
import { hashOf, sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Action } from "../../contracts/action.ts";
import type { Draft } from "../../contracts/event.ts";
import type { Message } from "../../contracts/message.ts";
import type { ModelEnd, ModelRequest, RunModel, ToolSpec } from "../../contracts/model.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Usage } from "../../contracts/usage.ts";
import { type Model, costOf } from "../../models/model.ts";
import { scrubbed } from "../../models/scrub/scrub.ts";
import { unlessStopped, whyStopped } from "../drive/watch.ts";
import { type Frame, draft } from "../frame.ts";
import type { Guard } from "../secrets/guard.ts";
import { isHere } from "../images/image.ts";
import { withImages } from "../images/sent.ts";
import type { Want } from "../proposal.ts";
import { askedOf } from "../clients/want.ts";
import { type Sent, sizeOf, tokensOf, weigh, within } from "./window.ts";

/** Adds a message to the conversation and to the running hash over it. */
export function say(frame: Frame, message: Message): void {
  const text = canonical(message as unknown as Json);
  frame.messages.push(message);
  frame.tokens += weigh(message, text);
  frame.digest = sha256(`${frame.digest}\n${text}`);
}

/**
 * A model call as an action. Its arguments name the conversation by length and hash, not by text:
 * the text is what the earlier events hold, so a long run does not write its history at every step.
 */
export function modelWant(
  frame: Frame,
  tools: readonly ToolSpec[],
  model: RunModel = frame.model,
  resting = false,
): Want {
  const { name, host, priced, context, dialect } = model;
  const sent = sentOf(frame, tools);
  const left = frame.window.past + frame.window.turns;
  const given = `${frame.systemHash} ${toolsHash(tools)}`;
  const request: ModelRequest = {
    system: frame.system,
    messages: within(sent, frame.window),
    tools,
    ...askedOf(frame, tools),
    agent: frame.agent.manifest.name,
    ...(context === undefined ? {} : { context }),
    ...(dialect && { dialect }),
  };
  const action: Action = {
    agent: frame.agent.manifest.name,
    args: {
      digest: frame.digest,
      // System text and tools by hash, said again only when they are others than before.
      ...(given === frame.given ? {} : { given }),
      // Of the messages, how many this model is not sent.
      ...(left === 0 ? {} : { left }),
      messages: frame.messages.length,
    },
    destinations: host === null ? [] : [`net:${host}`],
    gate: "call",
    kind: "model",
    label: frame.label,
    name,
    scopes: [`model:${name}`],
  };
  frame.given = given;
  return {
    action,
    declared: null,
    attached: true,
    repeatable: true,
    inert: true,
    model: { priced, resting, sends: sizeOf(sent, frame.window) },
    perform: ({ step, standing }) =>
      callModel(frame, bounded(request, standing.day?.takes.answer), model, step),
  };
}

/** No answer is longer than what is left of the day. */
function bounded(request: ModelRequest, left: number | undefined): ModelRequest {
  if (left === undefined) return request;
  return { ...request, maxTokens: Math.min(left, request.maxTokens ?? left) };
}

/** The conversation with what is sent beside it. */
export function sentOf(frame: Frame, tools: readonly ToolSpec[]): Sent {
  const { messages, system, requestAt: request, tokens: total } = frame;
  return { messages, request, total, fixed: tokensOf(system) + toolsTokens(tools) };
}

const toolsSizes = new WeakMap<readonly ToolSpec[], number>();

function toolsTokens(tools: readonly ToolSpec[]): number {
  const known = toolsSizes.get(tools);
  if (known !== undefined) return known;
  const tokens = tokensOf(JSON.stringify(tools));
  toolsSizes.set(tools, tokens);
  return tokens;
}

const hashes = new WeakMap<readonly ToolSpec[], string>();

function toolsHash(tools: readonly ToolSpec[]): string {
  const known = hashes.get(tools);
  if (known) return known;
  const hash = hashOf(tools as unknown as Json);
  hashes.set(tools, hash);
  return hash;
}

async function callModel(
  frame: Frame,
  request: ModelRequest,
  { name, ...known }: RunModel,
  step: string,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay called a model");
  const start = drive.elapsed();
  const isBare = !isScrubbed(frame, name) || isHere(known);
  const images = withImages(world.vault, known.images === true && isBare);
  const clean = outgoing(world.guard, request);
  const sent = { ...clean, messages: clean.messages.map(images) };
  const asked = world
    .model(name)
    .then((model) => (isScrubbed(frame, name) ? scrubbed(model) : model))
    .then(async (model) => ({ model, end: sound(await listen(frame, model, sent, step)) }))
    .catch((error: unknown) => ({ model: null, end: broken(name, error) }));
  const answered = await unlessStopped(asked, drive.signal, LIMITS.lastWordsMs, () => ({
    model: null,
    end: { ...NOTHING, finish: "cancelled" as const },
  }));
  const { model, end } = answered;
  const ms = Math.round(drive.elapsed() - start);
  const isStopped = end.finish === "cancelled" && drive.signal.aborted;
  const failure = isStopped ? whyStopped(drive.signal) : (end.failure ?? UNSAID[end.finish]);
  const usage = end.usage && priced(end.usage, model?.price ?? null);
  // What costs nothing needs no counting.
  const isLost = failure && !usage && end.message.parts.length > 0 && !isFree(model);
  return draft(frame, step, `model:${model?.name ?? name}`, {
    ...(failure ? { failure } : {}),
    finish: failure && !isStopped && end.finish === "cancelled" ? "failed" : end.finish,
    kind: "model.answered",
    message: end.message,
    ...(end.model ? { model: end.model } : {}),
    ms,
    ...(isLost ? { uncounted: true } : {}),
    ...(usage ? { usage } : {}),
  });
}

/** The agent may ask for it, and the model; one that stands in for another is told no more than it. */
export function isScrubbed({ agent, model, world }: Frame, name: string): boolean {
  if (agent.manifest.scrub === "on") return true;
  return [model.name, name].some((one) => world?.scrubs(one) ?? false);
}

/** What was said before a secret was stored, or stands in a file of the arrangement, holds it still. */
function outgoing(guard: Guard, request: ModelRequest): ModelRequest {
  return {
    ...request,
    system: guard.clean(request.system).value,
    messages: request.messages.map(guard.same),
    tools: guard.same(request.tools),
  };
}

const NOTHING: ModelEnd = {
  type: "end",
  finish: "failed",
  message: { role: "assistant", parts: [] },
};

/** A model that failed without a word of why, or stopped when nobody stopped it. */
const UNSAID: { readonly [finish: string]: Failure } = {
  // model.broken -> Try again; if it stays, look at the provider, or choose another model: nanos model use NAME.
  failed: { code: "model.broken", message: "The model failed and did not say why." },
  cancelled: { code: "model.broken", message: "The model stopped by itself." },
};

async function listen(
  frame: Frame,
  model: Model,
  request: ModelRequest,
  step: string,
): Promise<ModelEnd> {
  const { on } = frame.hooks;
  const { run, signal } = frame.drive;
  const shown = { text: frame.world?.guard.stream(), thinking: frame.world?.guard.stream() };
  const show = (kind: "text" | "thinking", text = ""): void => {
    if (text !== "") on?.({ type: "delta", run, step, kind, text });
  };
  for await (const event of model.stream(request, signal)) {
    if (event.type === "end") {
      for (const kind of ["thinking", "text"] as const) show(kind, shown[kind]?.end());
      return event;
    }
    if (on && (event.type === "text" || event.type === "thinking")) {
      const { type, delta } = event;
      show(type, shown[type] ? shown[type].push(delta) : delta);
    }
  }
  throw new Error("its stream had no end");
}

/** An answer that is what a model may answer; another breaks the contract of models. */
function sound(end: ModelEnd): ModelEnd {
  const { role, parts } = end.message;
  const known = role === "assistant" && parts.every(({ type }) => PARTS.has(type));
  if (!known) throw new Error("its answer is no message");
  return end;
}

const PARTS: ReadonlySet<string> = new Set(["text", "thinking", "call"]);

/** The failure of a model that broke its contract, or that is not there any more. */
function broken(name: string, error: unknown): ModelEnd {
  const failure =
    error instanceof NanosError
      ? { code: error.code, message: error.message, next: error.next }
      : { code: "model.broken", message: `The model ${name} broke: ${messageOf(error)}.` };
  return { ...NOTHING, failure };
}

/** Adds what it cost, when the price is known and the provider did not say. */
export function priced(usage: Usage, price: Model["price"]): Usage {
  return usage.cost !== undefined || price === null
    ? usage
    : { ...usage, cost: costOf(usage, price) };
}

function isFree(model: Model | null): boolean {
  return model?.price?.input === 0 && model.price.output === 0;
}
