import { createInterface } from "node:readline";
import { messageOf } from "../../../std/error.ts";
import { LIMITS } from "../../../std/limits.ts";
import type { Json } from "../../../std/json.ts";
import { forced, leaned } from "../forced.ts";
import { historyOf } from "../history.ts";
import type { HostFailure, Line, Order } from "../wire.ts";
import type {
  Chat,
  ChatAnswer,
  ChatOptions,
  EmbeddingContext,
  Engine,
  LlamaContext,
  LlamaModel,
  Sequence,
} from "./engine.ts";

/**
 * Answers requests on standard input, one at a time, until it ends. The engine, its model and the
 * window are loaded by the first and kept for the next; what a conversation has in common with the
 * one before is not read again.
 */
export async function host(file: string): Promise<void> {
  withoutTrial();
  const loaded = loading(file);
  let running: { readonly id: number; readonly stop: AbortController } | null = null;
  let before: Promise<void> = Promise.resolve();
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order;
    if ("stop" in order) {
      if (running?.id === order.id) running.stop.abort();
      continue;
    }
    running = { id: order.id, stop: new AbortController() };
    const { signal } = running.stop;
    before = before.then(() =>
      "embed" in order ? embed(order, loaded, signal) : answer(order, loaded, signal),
    );
  }
  process.exit(0);
}

type Ask = Extract<Order, { ask: unknown }>;
type Embed = Extract<Order, { embed: unknown }>;

/** A failure that has a name of its own. */
class Named extends Error {
  readonly code: HostFailure;
  constructor(code: HostFailure, why: string) {
    super(why);
    this.code = code;
  }
}

async function answer({ id, ask }: Ask, loaded: Loading, signal: AbortSignal): Promise<void> {
  try {
    const window = await loaded.window(ask);
    const before = window.sequence.tokenMeter.getState();
    const { input, metadata } = await speak({ id, ask }, window, signal);
    const output = window.sequence.tokenMeter.diff(before).usedOutputTokens;
    say({ id, done: doneOf(metadata), input, output });
  } catch (error) {
    fail(id, error);
  }
}

/** A vector of each text, one after the other. */
async function embed({ id, embed: asked }: Embed, made: Loading, signal: AbortSignal) {
  try {
    const { context, size } = await made.vectors(asked);
    let input = 0;
    for (const text of asked.inputs) {
      if (signal.aborted) break;
      const tokens = context.calculateInputLength(text);
      if (tokens > size) throw new Named("model.context_full", "");
      input += tokens;
      say({ id, vector: [...(await context.getEmbeddingFor(text)).vector] });
    }
    say({ id, done: "stop", input, output: 0 });
  } catch (error) {
    fail(id, error);
  }
}

function fail(id: number, error: unknown): void {
  const failed = error instanceof Named ? error.code : "model.bad_engine";
  say({ id, failed, why: messageOf(error) });
}

function doneOf(metadata: ChatAnswer["metadata"]): "stop" | "calls" | "length" {
  if (metadata.stopReason === "functionCalls") return "calls";
  return metadata.stopReason === "maxTokens" ? "length" : "stop";
}

async function speak(
  { id, ask }: Ask,
  { chat, model, size }: Window,
  signal: AbortSignal,
): Promise<ChatAnswer & { readonly input: number }> {
  const history = historyOf(ask.system, ask.messages);
  const calls = calling(ask, (call, args) => say({ id, call, args }));
  const { contextText } = chat.chatWrapper.generateContextState({
    chatHistory: history,
    ...(calls.functions && { availableFunctions: calls.functions, documentFunctionParams: true }),
  });
  const input = contextText.tokenize(model.tokenizer).length;
  // What does not fit the engine would drop in silence, from the beginning.
  const room = size - input - 1;
  if (room < 1) throw new Named("model.context_full", "");
  const answered = await chat.generateResponse(history, {
    ...calls,
    onResponseChunk: ({ type, text }) => {
      if (text !== "") say(type === "segment" ? { id, thinking: text } : { id, text });
    },
    signal,
    stopOnAbortSignal: true,
    temperature: ask.temperature,
    maxTokens: Math.min(room, ask.maxTokens ?? room),
  });
  return { ...answered, input };
}

/** The tools it may call; their names and arguments are held to a grammar made of their schemas. */
function calling(
  { tools, choice }: Ask["ask"],
  on: (name: string, args: Json) => void,
): Partial<ChatOptions> {
  const named = typeof choice === "object" ? choice.name : null;
  const offered = tools.filter(({ name }) => named === null || name === named);
  if (choice === "none" || offered.length === 0) return {};
  const schemas = new Map(offered.map((tool) => [tool.name, tool.input]));
  return {
    functions: Object.fromEntries(
      offered.map(({ name, description, input }) => [
        name,
        { description, ...(hasArguments(input) && { params: forced(input) }) },
      ]),
    ),
    documentFunctionParams: true,
    maxParallelFunctionCalls: LIMITS.callsPerTurn,
    onFunctionCall: ({ functionName, params }) => {
      on(functionName, leaned((params ?? {}) as Json, schemas.get(functionName)));
    },
  };
}

function hasArguments(input: Json): boolean {
  const { properties, additionalProperties } = input as Readonly<Record<string, Json>>;
  return Object.keys(properties ?? {}).length > 0 || Boolean(additionalProperties);
}

interface Window {
  readonly size: number;
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly sequence: Sequence;
  readonly chat: Chat;
}

interface Loading {
  window(ask: Ask["ask"]): Promise<Window>;
  vectors(asked: Embed["embed"]): Promise<Vectors>;
}

interface Vectors {
  readonly size: number;
  readonly context: EmbeddingContext;
}

/** Loads engine and model once, and the window again where another size is asked for. */
function loading(file: string): Loading {
  let engine: Promise<Loaded> | null = null;
  let made: Window | null = null;
  let vectors: Promise<Vectors> | null = null;
  return {
    window: async (ask) => {
      const { module, model, threads } = await (engine ??= load(file, ask.file));
      const size = Math.min(ask.context, model.trainContextSize);
      if (made?.size === size) return made;
      await made?.context.dispose();
      made = null;
      const context = await model.createContext({ contextSize: size, threads });
      const sequence = context.getSequence();
      const chat = new module.LlamaChat({ contextSequence: sequence });
      return (made = { size, model, context, sequence, chat });
    },
    vectors: async (asked) => {
      const { model, threads } = await (engine ??= load(file, asked.file));
      const size = Math.min(asked.context, model.trainContextSize);
      const open = async (): Promise<Vectors> => {
        const context = await model.createEmbeddingContext({ contextSize: size, threads });
        return { size, context };
      };
      return (vectors ??= open());
    },
  };
}

interface Loaded {
  readonly module: Engine;
  readonly model: LlamaModel;
  readonly threads: number;
}

async function load(file: string, modelPath: string): Promise<Loaded> {
  const module = (await import(file)) as Engine;
  const llama = await module.getLlama({
    ...{ gpu: false, build: "never", skipDownload: true },
    ...{ progressLogs: false, logLevel: "error", maxThreads: 1 },
  });
  // Threads that wait for each other in a loop stand still where another process has a core.
  const threads = Math.max(1, llama.cpuMathCores - 1);
  llama.maxThreads = threads;
  try {
    return { module, model: await llama.loadModel({ modelPath }), threads };
  } catch (error) {
    throw new Named("model.bad_file", messageOf(error));
  }
}

/**
 * The engine tries its machine code in a process of its own first, in case it crashes. This is that
 * process, and it may start no other.
 */
function withoutTrial(): void {
  Bun.plugin({
    name: "nanos",
    setup(build) {
      build.onLoad({ filter: /testBindingBinary\.js$/u }, () => ({
        contents: "export const testBindingBinary = async () => true;",
        loader: "js",
      }));
    },
  });
}

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
