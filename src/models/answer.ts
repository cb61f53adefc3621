import type { Finish, ModelEnd, ModelEvent, ModelRequest } from "../contracts/model.ts";
import type { AssistantMessage, CallPart } from "../contracts/message.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { Usage } from "../contracts/usage.ts";
import { LIMITS } from "../std/limits.ts";
import type { Random } from "../std/random.ts";
import { clip } from "../std/text.ts";
import { parseArgs } from "./args.ts";
import { modelFailure } from "./failures.ts";
import { type Model, costOf } from "./model.ts";
import { Screen } from "./printed.ts";

export interface AnswerOptions {
  readonly random: Random;
  readonly price: Model["price"];
  /** Removed wherever it turns up: a provider may echo the key it was sent. */
  readonly secret: string | null;
  /** For failures: where the answer comes from. */
  readonly host: string;
  /** Whether calls and reasoning printed as text are looked for. */
  readonly screened: boolean;
}

/** Tokens as a provider counted them; what it did not say stays absent. */
export interface Counted {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly cached?: number | undefined;
  readonly written?: number | undefined;
}

/**
 * One answer while it arrives. Adapters tell it what they read; it keeps order, ids and limits,
 * queues the events to give out, and makes the end.
 */
export class Answer {
  /** Set once the provider has said that the answer is complete. */
  complete = false;
  failure: Failure | null = null;
  /** The shortest wait the provider asked for before another try, in milliseconds. */
  retryAfter: number | null = null;
  /** True once anything of the answer was given out, so that it can't be tried again unseen. */
  begun = false;

  readonly #options: AnswerOptions;
  readonly #screen: Screen | null;
  readonly #parts: Part[] = [];
  readonly #slots = new Map<string | number, Slot>();
  readonly #ids = new Set<string>();
  #lastSlot: Slot | null = null;
  #finish: Finish | null = null;
  #counted: Counted = {};
  #model: string | undefined;
  #size = 0;
  #half = "";
  #queue: ModelEvent[] = [];

  constructor(request: ModelRequest, options: AnswerOptions) {
    this.#options = options;
    const tools = new Set(request.tools.map((tool) => tool.name));
    this.#screen = options.screened
      ? new Screen(tools, {
          text: (text) => this.#emitText(text),
          thinking: (text) => this.#emitThinking(text),
          call: (name, args) => this.#printedCall(name, args),
        })
      : null;
  }

  text(delta: string): void {
    if (delta === "" || !this.#fits(delta)) return;
    let whole = delta;
    if (this.#half !== "") {
      whole = this.#half + delta;
      this.#half = "";
    }
    // A character cut in two by the provider is given out whole.
    const last = whole.charCodeAt(whole.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#half = whole.slice(-1);
      whole = whole.slice(0, -1);
      if (whole === "") return;
    }
    this.#screened(whole);
  }

  thinking(delta: string): void {
    if (delta !== "" && this.#fits(delta)) this.#emitThinking(delta);
  }

  /** Ends the current reasoning part with the signature its provider wants back. */
  signature(signature: string): void {
    if (!this.#fits(signature)) return;
    const last = this.#parts.at(-1);
    if (last?.type === "thinking" && last.signature === undefined) last.signature = signature;
    else this.#parts.push({ type: "thinking", text: "", signature });
  }

  /** Reasoning the provider sends locked: only the signature exists, and it goes back. */
  sealed(signature: string): void {
    if (this.#fits(signature)) this.#parts.push({ type: "thinking", text: "", signature });
  }

  /** Begins a call, or names one begun. `key` is the provider's slot; ids may come later or never. */
  call(key: string | number, name: string, id: string): void {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#screen?.giveUp();
      slot = { type: "call", id: this.#freshId(id), given: id, name: "", pieces: [] };
      this.#slots.set(key, slot);
      this.#parts.push(slot);
    }
    this.#lastSlot = slot;
    if (slot.name === "" && name !== "") {
      slot.name = clip(name, NAME_CHARS);
      this.#push({ type: "call", id: slot.id, name: slot.name });
    }
  }

  /** More of the arguments, as JSON text; without a key, of the call last spoken of. */
  args(key: string | number | null, json: string): void {
    const slot = key === null ? this.#lastSlot : this.#slots.get(key);
    if (slot && json !== "" && this.#fits(json)) slot.pieces.push(json);
  }

  /** The provider's id of the call in that slot; undefined when there is none. */
  idIn(key: string | number): string | undefined {
    return this.#slots.get(key)?.given;
  }

  finish(finish: Finish): void {
    this.#finish = finish;
  }

  get finished(): boolean {
    return this.#finish !== null;
  }

  usage(counted: Counted): void {
    const { input, output, cached, written } = this.#counted;
    this.#counted = {
      input: counted.input ?? input,
      output: counted.output ?? output,
      cached: counted.cached ?? cached,
      written: counted.written ?? written,
    };
  }

  model(name: string): void {
    this.#model ??= clip(name, NAME_CHARS);
  }

  /** The first failure counts; what follows from it does not. */
  fail(failure: Failure): void {
    this.failure ??= failure;
  }

  /** The events not yet given out. */
  take(): readonly ModelEvent[] {
    const queue = this.#queue;
    if (queue.length > 0) this.#queue = [];
    return queue;
  }

  /** No more will come: queues what was held back. To be called once, before `end`. */
  settle(): void {
    const half = this.#half;
    this.#half = "";
    if (half !== "") this.#screened(half);
    this.#screen?.end();
  }

  /** The whole answer, once the queue has been given out. */
  end(cancelled: boolean): ModelEnd {
    // In the order of its canonical JSON, as it is written down.
    const message: AssistantMessage = { parts: this.#message(), role: "assistant" };
    const finish = cancelled ? "cancelled" : this.#finalFinish(message);
    const failure = finish === "cancelled" ? null : this.failure;
    const usage = usageOf(this.#counted, this.#options.price);
    return {
      type: "end",
      finish,
      message,
      ...(usage && { usage }),
      ...(this.#model !== undefined && { model: this.#model }),
      ...(failure && { failure }),
    };
  }

  #screened(text: string): void {
    if (this.#screen === null || this.#slots.size > 0) this.#emitText(text);
    else this.#screen.feed(text);
  }

  #finalFinish(message: AssistantMessage): Finish {
    if (this.failure !== null) return "failed";
    const calls = message.parts.some((part) => part.type === "call");
    const text = message.parts.some((part) => part.type === "text");
    if (this.#finish === "filtered") {
      this.failure = modelFailure("model.filtered", { host: this.#options.host });
      return "filtered";
    }
    if (this.#finish === "length") return "length";
    if (calls) return "calls";
    if (text) return "stop";
    this.failure = modelFailure("model.empty", { host: this.#options.host });
    return "failed";
  }

  #message(): AssistantMessage["parts"] {
    const calls = this.#parts.some((part) => part.type === "call" && part.name !== "");
    const parts: AssistantMessage["parts"] = [];
    for (const part of this.#parts) {
      if (part.type === "call") {
        if (part.name !== "") parts.push(callPart(part, this.#clean(part.pieces.join(""))));
      } else if (part.type === "thinking") {
        const { text, signature } = part;
        parts.push({ type: "thinking", text: this.#clean(text), ...(signature && { signature }) });
      } else if (part.text.trim() !== "" || (!calls && part.text !== "")) {
        parts.push({ text: this.#clean(part.text), type: "text" });
      }
    }
    const blank = parts.every((part) => part.type === "text" && part.text.trim() === "");
    return blank ? [] : parts;
  }

  #emitText(text: string): void {
    const last = this.#parts.at(-1);
    if (last?.type === "text") last.text += text;
    else this.#parts.push({ type: "text", text });
    this.#push({ type: "text", delta: this.#clean(text) });
  }

  #emitThinking(text: string): void {
    const last = this.#parts.at(-1);
    if (last?.type === "thinking" && last.signature === undefined) last.text += text;
    else this.#parts.push({ type: "thinking", text });
    this.#push({ type: "thinking", delta: this.#clean(text) });
  }

  #printedCall(name: string, args: string): void {
    const slot: Slot = { type: "call", id: this.#freshId(""), given: "", name, pieces: [args] };
    this.#parts.push(slot);
    this.#push({ type: "call", id: slot.id, name });
  }

  #push(event: ModelEvent): void {
    this.begun = true;
    this.#queue.push(event);
  }

  #fits(text: string): boolean {
    this.#size += text.length;
    if (this.#size <= LIMITS.modelAnswerBytes) return this.failure === null;
    const facts = { host: this.#options.host, limit: LIMITS.modelAnswerBytes };
    this.fail(modelFailure("model.answer_too_long", { ...facts, model: this.#model ?? "" }));
    return false;
  }

  #clean(text: string): string {
    const { secret } = this.#options;
    return secret !== null && text.includes(secret) ? text.replaceAll(secret, "***") : text;
  }

  #freshId(given: string): string {
    const usable = given !== "" && given.length <= ID_CHARS && !this.#ids.has(given);
    const id = usable ? given : `call_${this.#options.random.hex(12)}`;
    this.#ids.add(id);
    return id;
  }
}

const NAME_CHARS = 256;
const ID_CHARS = 256;

interface Slot {
  readonly type: "call";
  readonly id: string;
  /** The id as the provider gave it, which tells two calls in one slot apart. */
  readonly given: string;
  name: string;
  readonly pieces: string[];
}

type Part =
  | { readonly type: "text"; text: string }
  | { readonly type: "thinking"; text: string; signature?: string }
  | Slot;

function callPart(slot: Slot, json: string): CallPart {
  const { id, name } = slot;
  const args = parseArgs(json);
  return args === undefined
    ? { args: null, broken: json, id, name, type: "call" }
    : { args, id, name, type: "call" };
}

/** Usage in the contract's form; undefined unless both sides were counted. Cost where priced. */
export function usageOf(counted: Counted, price: Model["price"]): Usage | undefined {
  const { input, output, cached, written } = counted;
  if (!isCount(input) || !isCount(output)) return undefined;
  const tokens = { input, output, cached: cached ?? 0, written: written ?? 0 };
  return {
    ...(isCount(cached) && { cached }),
    ...(price && { cost: costOf(tokens, price) }),
    input,
    output,
    // Said where there was any: few providers tell a cache's writes apart.
    ...(isCount(written) && written > 0 && { written }),
  };
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}
