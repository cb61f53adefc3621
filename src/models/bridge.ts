import type {
  LanguageModelV2,
  LanguageModelV2StreamPart,
  LanguageModelV3,
  LanguageModelV3StreamPart,
  LanguageModelV4,
  LanguageModelV4StreamPart,
} from "@ai-sdk/provider";
import type { Finish, ModelRequest, Price } from "../contracts/model.ts";
import type { Failure } from "../contracts/outcome.ts";
import { systemClock, type Clock } from "../std/clock.ts";
import { messageOf } from "../std/error.ts";
import { isObject } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { systemRandom, type Random } from "../std/random.ts";
import type { Timing } from "./adapter.ts";
import type { Answer, Counted } from "./answer.ts";
import { converse, type Attempt, type Speaker } from "./converse.ts";
import { modelFailure, type ModelFailureCode } from "./failures.ts";
import type { Model } from "./model.ts";
import { refusalIn, refused, withoutSecret } from "./wire/refusal.ts";
import { retryAfter } from "./wire/retry-after.ts";
import { sdkOptions, signed } from "./wire/sdk-prompt.ts";

/** Any model object of the AI SDK's provider packages, whichever version of its interface. */
export type AnyLanguageModel = LanguageModelV2 | LanguageModelV3 | LanguageModelV4;

export interface BridgeOptions {
  /** Unknown when absent. */
  readonly price?: Price;
  /**
   * Where the object sends its requests, `host:port`. It cannot be asked, so without this the host
   * is `unknown:0`, which no grant covers.
   */
  readonly host?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly timing?: Timing;
}

/**
 * A model of ours around a model object of the AI SDK, so that any of its provider packages can be
 * used. The object runs in this process with all its rights: it is code the operator chose. Such a
 * package follows redirects by itself and may be told by its own settings to retry.
 */
export function fromLanguageModel(
  name: string,
  languageModel: AnyLanguageModel,
  options: BridgeOptions = {},
): Model {
  const host = options.host ?? "unknown:0";
  const price = options.price ?? null;
  const clock = options.clock ?? systemClock;
  const speaker: Speaker = {
    clock,
    random: options.random ?? systemRandom,
    price,
    secret: null,
    host,
    screened: true,
    begin: (request, answer, signal) =>
      new Bridged(
        { languageModel, name, host, clock, timing: options.timing },
        request,
        answer,
        signal,
      ),
  };
  return {
    name,
    host,
    price,
    takes: ["maxTokens", "temperature", "topP", "seed", "stop"],
    stream: (request, signal) => converse(speaker, request, signal),
  };
}

interface BridgedOptions {
  readonly languageModel: AnyLanguageModel;
  readonly name: string;
  readonly host: string;
  readonly clock: Clock;
  readonly timing: Timing | undefined;
}

type StreamPart = LanguageModelV2StreamPart | LanguageModelV3StreamPart | LanguageModelV4StreamPart;

/** One call of the object. */
class Bridged implements Attempt {
  readonly #options: BridgedOptions;
  readonly #request: ModelRequest;
  readonly #answer: Answer;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#leave();
  readonly #calls = new Map<string, { key: string; pieces: boolean }>();
  readonly #left: Promise<null>;
  #resolveLeft: (value: null) => void = () => {};
  #reader: ReadableStreamDefaultReader<StreamPart> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #metadata: unknown;

  constructor(options: BridgedOptions, request: ModelRequest, answer: Answer, signal: AbortSignal) {
    this.#options = options;
    this.#request = request;
    this.#answer = answer;
    this.#signal = signal;
    this.#left = new Promise((resolve) => {
      this.#resolveLeft = resolve;
    });
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  async pull(): Promise<boolean> {
    try {
      this.#reader ??= await this.#open();
      if (this.#reader === null) return false;
      const { done, value } = await this.#reader.read();
      this.#timer?.refresh();
      if (!done) {
        this.#part(value);
        return this.#answer.failure === null;
      }
      this.#answer.complete = this.#answer.finished;
      if (!this.#answer.complete && !this.#signal.aborted) this.#fail("model.cut");
    } catch (error) {
      if (!this.#signal.aborted) this.#answer.fail(this.#failureOf(error));
    }
    return false;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
    if (!this.#answer.complete) this.#leave();
  }

  /** Not every object minds the signal, so waiting for one ends with it in any case. */
  async #open(): Promise<ReadableStreamDefaultReader<StreamPart> | null> {
    const { languageModel } = this.#options;
    const options = {
      ...sdkOptions(this.#request, languageModel.specificationVersion, isMarked(languageModel)),
      abortSignal: this.#stop.signal,
    };
    this.#wait(this.#options.timing?.firstMs ?? LIMITS.modelFirstMs);
    const started = Promise.resolve(languageModel.doStream(options as never));
    started.catch(() => {});
    const result = await Promise.race([started, this.#left]);
    if (result === null) return null;
    this.#wait(this.#options.timing?.idleMs ?? LIMITS.modelIdleMs);
    return result.stream.getReader() as ReadableStreamDefaultReader<StreamPart>;
  }

  #leave(): void {
    this.#stop.abort();
    this.#resolveLeft(null);
    this.#reader?.cancel().catch(() => {});
  }

  #part(part: StreamPart): void {
    const answer = this.#answer;
    switch (part.type) {
      case "text-delta":
        return answer.text(part.delta);
      case "reasoning-start":
        this.#metadata = part.providerMetadata;
        return;
      case "reasoning-delta":
        this.#metadata = part.providerMetadata ?? this.#metadata;
        return answer.thinking(part.delta);
      case "reasoning-end": {
        const metadata = part.providerMetadata ?? this.#metadata;
        if (metadata !== undefined) answer.signature(signed(metadata));
        return;
      }
      case "tool-input-start":
        if (!part.providerExecuted) this.#begin(part.id, part.toolName);
        return;
      case "tool-input-delta":
        return this.#input(part.id, part.delta);
      case "tool-call":
        if (!part.providerExecuted) this.#call(part.toolCallId, part.toolName, part.input);
        return;
      case "response-metadata":
        if (part.modelId) answer.model(part.modelId);
        return;
      case "finish":
        return this.#finish(part);
      case "error":
        return answer.fail(this.#failureOf(part.error));
      default:
        // Sources, files and what providers run themselves have no place in our messages.
        return;
    }
  }

  #begin(id: string, name: string): { key: string; pieces: boolean } {
    const call = { key: `call ${this.#serial++}`, pieces: false };
    this.#calls.set(id, call);
    this.#answer.call(call.key, name, id);
    return call;
  }

  #serial = 0;

  #input(id: string, delta: string): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    call.pieces = true;
    this.#answer.args(call.key, delta);
  }

  /** The call as a whole, after its pieces or without any. */
  #call(id: string, name: string, input: string): void {
    const call = this.#calls.get(id) ?? this.#begin(id, name);
    if (!call.pieces) this.#answer.args(call.key, input);
    this.#calls.delete(id);
  }

  #finish(part: Extract<StreamPart, { type: "finish" }>): void {
    this.#answer.usage(countedIn(part.usage));
    const { finishReason } = part;
    const reason = typeof finishReason === "string" ? finishReason : finishReason.unified;
    const finish = finishOf(reason);
    if (finish !== null) return this.#answer.finish(finish);
    // Where the provider gave no reason, the package saw the stream end without one.
    const raw = typeof finishReason === "string" ? finishReason : finishReason.raw;
    this.#fail(reason === "error" && raw !== undefined ? "model.provider_error" : "model.cut");
  }

  #failureOf(error: unknown): Failure {
    const { name, host, clock, languageModel } = this.#options;
    const facts = { model: name, id: languageModel.modelId, host, url: host };
    const fault = isObject(error) || error instanceof Error ? (error as ApiFault) : {};
    if (isObject(fault.responseHeaders)) {
      const headers = new Headers(fault.responseHeaders as Record<string, string>);
      this.#answer.retryAfter = retryAfter(headers, clock.now());
    }
    if (typeof fault.statusCode === "number" && fault.statusCode >= 400) {
      const body = fault.responseBody || (fault.message ?? "");
      return refused(refusalIn(fault.statusCode, body), facts, null);
    }
    if (!(error instanceof Error)) {
      const text = typeof error === "string" ? error : (JSON.stringify(error) ?? "");
      return refused(refusalIn(0, text), facts, null);
    }
    const code = faultCode(error);
    return modelFailure(code, facts, withoutSecret(messageOf(error), null));
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#fail("model.silent", { seconds: Math.round(ms / 1000) });
      this.#leave();
    }, ms);
  }

  #fail(code: ModelFailureCode, facts: Record<string, number> = {}): void {
    const { name, host } = this.#options;
    this.#answer.fail(modelFailure(code, { model: name, host, ...facts }));
  }
}

/** Anthropic's caches nothing unless it is told to, whoever it is reached by. */
function isMarked({ provider }: AnyLanguageModel): boolean {
  return provider.includes("anthropic");
}

/** The fields the errors of provider packages carry. */
interface ApiFault {
  readonly name?: string;
  readonly message?: string;
  readonly statusCode?: unknown;
  readonly responseBody?: string;
  readonly responseHeaders?: unknown;
}

function faultCode(error: Error): ModelFailureCode {
  const said = `${messageOf(error)} ${messageOf(error.cause)}`;
  if (/JSONParse|TypeValidation/u.test(error.name)) return "model.bad_frame";
  if (/ECONNREFUSED|ENOTFOUND|cannot connect|unable to connect|fetch failed/iu.test(said)) {
    return "model.unreachable";
  }
  const cut = /reset|closed|terminated|other side|hang up|without a finish/iu.test(said);
  return cut ? "model.cut" : "model.bridge";
}

/** Packages write 0 cached tokens where the provider said nothing, so 0 counts as nothing said. */
function countedIn(usage: Extract<StreamPart, { type: "finish" }>["usage"]): Counted {
  if (typeof usage.inputTokens === "object" && typeof usage.outputTokens === "object") {
    const { total, cacheRead, cacheWrite } = usage.inputTokens;
    const output = usage.outputTokens.total;
    return { input: total, output, cached: cacheRead || undefined, written: cacheWrite };
  }
  const flat = usage as {
    readonly inputTokens?: number;
    readonly outputTokens?: number;
    readonly cachedInputTokens?: number;
  };
  return {
    input: flat.inputTokens,
    output: flat.outputTokens,
    cached: flat.cachedInputTokens || undefined,
  };
}

/** Null for what is no regular end. */
function finishOf(reason: string): Finish | null {
  switch (reason) {
    case "length":
      return "length";
    case "content-filter":
      return "filtered";
    case "tool-calls":
      return "calls";
    case "error":
    case "interrupted":
      return null;
    default:
      return "stop";
  }
}
