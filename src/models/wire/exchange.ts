import type { ModelRequest } from "../../contracts/model.ts";
import type { Clock } from "../../std/clock.ts";
import { codeOf, messageOf } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Timing } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import type { Attempt } from "../converse.ts";
import { modelFailure, type Facts, type ModelFailureCode } from "../failures.ts";
import { Events, Lines } from "./lines.ts";
import { retryAfter } from "./retry-after.ts";
import { refusalIn, refusalOf, refused, withoutSecret } from "./refusal.ts";
import type { FrameReader, Wire } from "./wire.ts";

export interface ExchangeOptions {
  readonly wire: Wire;
  /** The model's name in the config; for failures. */
  readonly name: string;
  readonly host: string;
  /** Forward proxy that every request goes through; nothing else is dialled. */
  readonly via: string | undefined;
  readonly clock: Clock;
  readonly timing: Timing | undefined;
}

/** One request and the stream that answers it. Every fault becomes the answer's failure. */
export class Exchange implements Attempt {
  readonly #options: ExchangeOptions;
  readonly #request: ModelRequest;
  readonly #answer: Answer;
  readonly #signal: AbortSignal;
  readonly #silence = new AbortController();
  readonly #lines = new Lines(LIMITS.modelLineBytes);
  readonly #events = new Events();
  readonly #read: FrameReader;
  readonly #line: (line: string) => void;
  readonly #onAbort = (): void => this.#silence.abort();
  #timer: NodeJS.Timeout | undefined;
  #waited = 0;
  #reader: ByteReader | null = null;
  /** Text of a response that is one JSON value and no stream; null for a stream. */
  #whole: string[] | null = null;
  #decoder: TextDecoder | null = null;
  #bytes = 0;
  #done = false;

  constructor(
    options: ExchangeOptions,
    request: ModelRequest,
    answer: Answer,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#request = request;
    this.#answer = answer;
    this.#signal = signal;
    this.#read = options.wire.reader(answer);
    this.#line = options.wire.framing === "sse" ? this.#sseLine : this.#jsonLine;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  async pull(): Promise<boolean> {
    try {
      this.#reader ??= await this.#open();
      if (this.#reader === null) return false;
      const { done, value } = await this.#reader.read();
      this.#timer?.refresh();
      if (done) return this.#over();
      this.#take(value);
    } catch (error) {
      this.#broken(error);
    }
    return !this.#done && this.#answer.failure === null;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
    const complete = this.#done && this.#answer.complete;
    // Reading what is left of a finished answer keeps the connection for the next request.
    if (complete && this.#reader !== null) void drain(this.#reader, this.#silence);
    else this.#silence.abort();
  }

  /** Sends the request; null when it was refused, and then the answer has failed. */
  async #open(): Promise<ByteReader | null> {
    for (let adapted = false; ; adapted = true) {
      this.#wait(this.#options.timing?.firstMs ?? LIMITS.modelFirstMs);
      const response = await this.#post();
      if (response.status < 300 && response.body !== null) return this.#accept(response);
      if (response.status >= 300 && response.status < 400) {
        this.#fail("model.redirected");
      } else {
        const text = await this.#errorText(response);
        const refusal = refusalIn(response.status, text);
        if (!adapted && this.#options.wire.adapt?.(response.status, text)) continue;
        this.#answer.retryAfter = retryAfter(response.headers, this.#options.clock.now());
        this.#answer.fail(refused(refusal, this.#facts(), this.#options.wire.secret));
      }
      this.#silence.abort();
      return null;
    }
  }

  #post(): Promise<Response> {
    const { wire, via } = this.#options;
    const init: RequestInit & { timeout: false; proxy?: string } = {
      method: "POST",
      headers: { "content-type": "application/json", ...wire.headers },
      body: wire.body(this.#request),
      // A redirect would carry the key to a host nobody named.
      redirect: "manual",
      signal: this.#silence.signal,
      // Bun gives up by itself after five minutes; the silence limit is ours to keep.
      timeout: false,
      ...(via === undefined ? {} : { proxy: via }),
    };
    return fetch(wire.url, init);
  }

  #accept(response: Response): ByteReader | null {
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/html")) {
      this.#fail("model.bad_frame", "It answered with a web page.");
      this.#silence.abort();
      return null;
    }
    if (this.#options.wire.framing === "sse" && /^application\/(?:[\w.-]+\+)?json\b/u.test(type)) {
      this.#whole = [];
      this.#decoder = new TextDecoder();
    } else {
      this.#wait(this.#options.timing?.idleMs ?? LIMITS.modelIdleMs);
    }
    return response.body?.getReader() as ByteReader;
  }

  #take(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > LIMITS.modelWireBytes) {
      this.#fail("model.answer_too_long", "", { limit: LIMITS.modelWireBytes });
    } else if (this.#whole !== null && this.#decoder !== null) {
      this.#whole.push(this.#decoder.decode(chunk, { stream: true }));
    } else if (!this.#lines.push(chunk, this.#line)) {
      this.#fail("model.line_too_long", "", { limit: LIMITS.modelLineBytes });
    }
  }

  /** The stream is over; whether that is the end of the answer is another matter. */
  #over(): false {
    if (this.#answer.failure !== null) return false;
    if (this.#whole === null) {
      const complete = this.#complete();
      if (!complete) this.#lines.end((line) => this.#lastLine(line));
      const rest = this.#events.rest();
      if (rest !== null && !this.#complete()) this.#frame(rest, true);
      if (this.#answer.failure === null) this.#read.over?.();
    } else {
      this.#frame(this.#whole.join("") + (this.#decoder?.decode() ?? ""), false);
      if (this.#answer.failure === null) this.#read.over?.();
      if (this.#answer.failure === null) this.#answer.complete = true;
    }
    this.#done = true;
    if (!this.#complete() && this.#answer.failure === null) this.#fail("model.cut");
    return false;
  }

  /** A provider that said why it stopped has said all, even where its closing mark is missing. */
  #complete(): boolean {
    if (this.#answer.finished) this.#answer.complete = true;
    return this.#answer.complete;
  }

  readonly #sseLine = (line: string): void => {
    const data = this.#events.line(line);
    if (data !== null && data !== "") this.#frame(data, false);
  };

  readonly #jsonLine = (line: string): void => {
    if (line !== "") this.#frame(line, false);
  };

  /** What the stream broke off in is a frame only if it is whole. */
  #lastLine(line: string): void {
    if (this.#options.wire.framing === "ndjson") this.#frame(line, true);
    else this.#sseLine(line);
  }

  #frame(data: string, maybeCut: boolean): void {
    if (this.#done || this.#answer.failure !== null) return;
    if (data === "[DONE]") {
      this.#read.over?.();
      this.#finished();
      return;
    }
    let value: Json;
    try {
      value = JSON.parse(data) as Json;
    } catch {
      if (!maybeCut) this.#fail("model.bad_frame", this.#clean(data));
      return;
    }
    if (isObject(value) && isError(value)) {
      const refusal = refusalOf(value, 0, data);
      this.#answer.fail(refused(refusal, this.#facts(), this.#options.wire.secret));
      return;
    }
    this.#read.frame(value);
    if (this.#answer.complete) this.#finished();
  }

  #finished(): void {
    this.#answer.complete = true;
    this.#done = true;
  }

  /** Fetch or read threw: the connection failed, the stream was silent, or the caller left. */
  #broken(error: unknown): void {
    if (this.#signal.aborted || this.#answer.failure !== null) return;
    if (this.#reader !== null && this.#complete()) return this.#finished();
    if (this.#silence.signal.aborted) return;
    const said = this.#clean(faultOf(error));
    // Node's own fetch gives up earlier than our limit.
    if (/HEADERS_TIMEOUT|BODY_TIMEOUT/u.test(said)) {
      return this.#fail("model.silent", "", { seconds: 300 });
    }
    if (this.#reader === null && !DROPPED.test(said)) this.#fail("model.unreachable", said);
    else this.#fail("model.cut", said);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#waited = ms;
    this.#timer = setTimeout(() => {
      this.#fail("model.silent", "", { seconds: Math.round(this.#waited / 1000) });
      this.#silence.abort();
    }, ms);
  }

  async #errorText(response: Response): Promise<string> {
    const reader = response.body?.getReader();
    if (!reader) return "";
    const decoder = new TextDecoder();
    let text = "";
    try {
      while (text.length < ERROR_CHARS) {
        const { done, value } = await reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
      }
    } catch {
      // The status alone says enough.
    }
    return text.slice(0, ERROR_CHARS);
  }

  #clean(text: string): string {
    return withoutSecret(text, this.#options.wire.secret);
  }

  #facts(): Facts {
    const { wire, name, host, via } = this.#options;
    const through = via === undefined ? "" : ` through ${shownUrl(via)}`;
    return { model: name, id: wire.id, host, url: `${shownUrl(wire.url)}${through}` };
  }

  #fail(code: ModelFailureCode, detail = "", facts: Facts = {}): void {
    this.#answer.fail(modelFailure(code, { ...this.#facts(), ...facts }, detail));
  }
}

interface ByteReader {
  read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: undefined }>;
}

const ERROR_CHARS = 64 * 1024;
const DRAIN_MS = 250;
const DROPPED = /reset|closed|socket hang up|other side|terminated|EPIPE|UND_ERR_SOCKET/iu;

/** A URL without what may be secret in it. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function isError(value: { readonly [key: string]: Json }): boolean {
  const error = value["error"];
  if (error !== undefined && error !== null && error !== false && error !== "") return true;
  // The shape of vLLM's failures, and what a field called `error` holds.
  return value["object"] === "error" || (isStatusNumber(value["code"]) && "message" in value);
}

function isStatusNumber(value: Json | undefined): boolean {
  return typeof value === "number" && value >= 400 && value < 600;
}

function faultOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = codeOf(error) || codeOf(cause);
  return [code, messageOf(error), cause === undefined ? "" : messageOf(cause)].join(" ").trim();
}

async function drain(reader: ByteReader, silence: AbortController): Promise<void> {
  const timer = setTimeout(() => silence.abort(), DRAIN_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The answer is complete; how its connection ends does not matter.
  } finally {
    clearTimeout(timer);
  }
}
