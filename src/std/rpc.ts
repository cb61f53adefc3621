import { isObject, type Json, type JsonObject } from "./json.ts";
import { LIMITS } from "./limits.ts";

/**
 * Our end of JSON-RPC 2.0 over a stream, one message a line, where the other end is a program that
 * nobody answers for: it may send what is no message, use an id twice, ask for more than can be done
 * at once, answer what was never asked, and go at any moment.
 *
 * Contract:
 * - Every request with a usable id is answered exactly once; a notification never is.
 * - `write` hands a whole line on before it returns, so that a slow reader holds us back and nothing
 *   is kept for it.
 * - When the input ends, what is still being done is told so by its signal, and `openPeer` resolves
 *   once all of it has ended, or after a grace. Nothing is written after that.
 */
export interface Peer {
  /** Asks the other end; its `result`, or null where it refused, went, or was asked too much. */
  request(method: string, params: JsonObject, signal: AbortSignal): Promise<Json | null>;
  notify(method: string, params: JsonObject): void;
}

/** One request that is being answered. */
export interface Call {
  readonly id: string | number;
  /** Aborted when it is cancelled, or the other end is gone. */
  readonly signal: AbortSignal;
  readonly peer: Peer;
}

export interface PeerOptions {
  readonly lines: AsyncIterable<string>;
  readonly write: (line: string) => void;
  /** Answers a request. What is refused is thrown as `RpcRefusal`; anything else thrown is a bug. */
  readonly answer: (method: string, params: JsonObject, call: Call) => Promise<JsonObject>;
  readonly heard?: (method: string, params: JsonObject) => void;
  /** Takes a bug that an answer was. */
  readonly failed: (error: unknown) => void;
  /** Resolves after so many milliseconds, which what is under way is left when the input ended. */
  readonly grace: () => Promise<void>;
}

/** A request that is answered with an error, in the protocol's own numbers. */
export class RpcRefusal extends Error {
  readonly code: number;
  readonly data: Json | undefined;
  constructor(code: number, message: string, data?: Json) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export const RPC = {
  parse: -32_700,
  request: -32_600,
  method: -32_601,
  params: -32_602,
  bug: -32_603,
  busy: -32_000,
} as const;

/** Speaks until the input ends. What `lines` throws, as for a line too long, ends it as well. */
export async function openPeer(options: PeerOptions): Promise<void> {
  const peer = new StreamPeer(options);
  try {
    for await (const line of options.lines) peer.receive(line);
  } finally {
    await peer.end();
  }
}

/** Ways protocols name a request that is no longer wanted. */
const CANCELS: Readonly<Record<string, string>> = {
  "notifications/cancelled": "requestId",
  "$/cancel_request": "requestId",
};

class StreamPeer implements Peer {
  readonly #options: PeerOptions;
  readonly #calls = new Map<string | number, { stop: AbortController; done: Promise<void> }>();
  readonly #asked = new Map<string, (result: Json | null) => void>();
  #asks = 0;
  #over = false;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  receive(line: string): void {
    if (line.trim() === "") return;
    const message = parse(line);
    if (message === null) return this.#refuse(null, RPC.parse, "This is no JSON-RPC message.");
    const { id, method, params = {} } = message;
    if (message["jsonrpc"] !== "2.0") {
      return this.#refuse(idOf(id), RPC.request, 'Every message says "jsonrpc": "2.0".');
    }
    if (typeof method !== "string") return this.#settle(message);
    const isRequest = id !== undefined;
    if (!isObject(params)) {
      if (isRequest) this.#refuse(idOf(id), RPC.params, "The parameters are an object.");
    } else if (isRequest) this.#begin(id, method, params);
    else this.#hear(method, params);
  }

  request(method: string, params: JsonObject, signal: AbortSignal): Promise<Json | null> {
    if (this.#over || signal.aborted || this.#asked.size >= LIMITS.rpcCalls) {
      return Promise.resolve(null);
    }
    this.#asks += 1;
    const id = `n${this.#asks}`;
    return new Promise((resolve) => {
      const settle = (result: Json | null): void => {
        signal.removeEventListener("abort", stop);
        this.#asked.delete(id);
        resolve(result);
      };
      const stop = (): void => {
        this.notify("$/cancel_request", { requestId: id });
        settle(null);
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#asked.set(id, settle);
      this.#send({ jsonrpc: "2.0", id, method, params });
    });
  }

  notify(method: string, params: JsonObject): void {
    this.#send({ jsonrpc: "2.0", method, params });
  }

  async end(): Promise<void> {
    for (const { stop } of this.#calls.values()) stop.abort();
    for (const settle of this.#asked.values()) settle(null);
    const open = [...this.#calls.values()].map(({ done }) => done);
    if (open.length > 0) await Promise.race([Promise.all(open), this.#options.grace()]);
    this.#over = true;
  }

  #hear(method: string, params: JsonObject): void {
    const field = CANCELS[method];
    if (field === undefined) return this.#options.heard?.(method, params);
    const id = idOf(params[field]);
    if (id !== null) this.#calls.get(id)?.stop.abort();
  }

  #begin(given: Json, method: string, params: JsonObject): void {
    const id = idOf(given);
    if (id === null) return this.#refuse(null, RPC.request, "An id is a text or a whole number.");
    if (this.#calls.has(id)) return this.#refuse(id, RPC.request, "This id is in use.");
    if (this.#calls.size >= LIMITS.rpcCalls) {
      return this.#refuse(id, RPC.busy, `At most ${LIMITS.rpcCalls} requests at a time.`);
    }
    const stop = new AbortController();
    this.#calls.set(id, { stop, done: this.#answer(id, method, params, stop.signal) });
  }

  async #answer(
    id: string | number,
    method: string,
    params: JsonObject,
    signal: AbortSignal,
  ): Promise<void> {
    // Nothing of a call happens before it is in the list, or its own end could not remove it.
    await Promise.resolve();
    try {
      const result = await this.#options.answer(method, params, { id, signal, peer: this });
      this.#send({ jsonrpc: "2.0", id, result });
    } catch (error) {
      if (error instanceof RpcRefusal) this.#refuse(id, error.code, error.message, error.data);
      else {
        this.#options.failed(error);
        this.#refuse(id, RPC.bug, "This failed inside; nothing about it can be mended from there.");
      }
    } finally {
      this.#calls.delete(id);
    }
  }

  #settle(message: JsonObject): void {
    const { id, result = null } = message;
    if (typeof id === "string") this.#asked.get(id)?.(isObject(message["error"]) ? null : result);
  }

  #refuse(id: string | number | null, code: number, message: string, data?: Json): void {
    const error = { code, message, ...(data === undefined ? {} : { data }) };
    this.#send({ jsonrpc: "2.0", id, error });
  }

  #send(message: JsonObject): void {
    if (!this.#over) this.#options.write(`${JSON.stringify(message)}\n`);
  }
}

function idOf(id: Json | undefined): string | number | null {
  if (typeof id === "string" && id.length <= LIMITS.rpcIdChars) return id;
  return typeof id === "number" && Number.isSafeInteger(id) ? id : null;
}

function parse(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
