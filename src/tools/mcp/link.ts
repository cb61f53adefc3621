import { systemClock } from "../../std/clock.ts";
import { messageOf } from "../../std/error.ts";
import type { Json, JsonObject } from "../../std/json.ts";
import { isObject } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Boxed } from "../../sandbox/sandbox.ts";
import { endedFailure, failure } from "../failures.ts";
import { type LineFault, lines } from "./lines.ts";

/**
 * Our end of JSON-RPC over a sandboxed process: one message per line on its standard input and
 * output. The other end is hostile: it may send lines without end, broken text, answers to
 * questions nobody asked, and questions of its own. None of that reaches a caller other than as a
 * failure of its own call.
 */
export interface Link {
  readonly boxed: Boxed;
  /** Requests not answered yet. */
  readonly busy: number;
  /** Why nothing more can be asked here; null while all is well. */
  readonly broken: Failure | null;
  request(method: string, params: JsonObject, options: RequestOptions): Promise<Reply>;
  notify(method: string, params: JsonObject): void;
  /** Ends the process; what is still open fails as cancelled. */
  stop(): Promise<void>;
}

export interface RequestOptions {
  /** Milliseconds until the request counts as not answered. */
  readonly ms: number;
  readonly signal: AbortSignal;
  /** Answers what the process asks for while this request is open; what it throws fails the request. */
  readonly asks?: Asks;
}

export type Asks = (method: string, params: JsonObject) => Promise<Reply>;

export type Reply =
  | { readonly ok: true; readonly result: Json }
  /** `rpc` is the error's own code when the other end answered with one. */
  | { readonly ok: false; readonly failure: Failure; readonly rpc?: RpcError };

export interface RpcError {
  readonly code: number;
  readonly data: Json;
}

export interface LinkOptions {
  /** The tool or server, for messages. */
  readonly name: string;
  /** What the process tells without being asked. */
  readonly onNotification?: (method: string, params: JsonObject) => void;
  /** Answers what the process asks for by itself; what it throws fails all that is open. */
  readonly asks?: Asks;
  /** Whose words failures are in; `mcp` where nothing is said. */
  readonly protocol?: Protocol;
  /** Bytes it may send for each request that is open. */
  readonly bytes?: number;
}

type Protocol = "mcp" | "acp";

interface Open extends Asking {
  readonly options: RequestOptions;
  /** When it counts as not answered, by `systemClock.elapsed`. */
  readonly deadline: number;
  settle(reply: Reply): void;
}

/** Who asks: how much at a time, who answers, and who is told when that goes wrong. */
interface Asking {
  asking: number;
  readonly asks: Asks | undefined;
  fail(error: unknown): void;
}

/** Starts reading from the process at once. */
export function openLink(boxed: Boxed, options: LinkOptions): Link {
  const link = new ProcessLink(boxed, options);
  void link.read();
  return link;
}

class ProcessLink implements Link {
  readonly boxed: Boxed;
  broken: Failure | null = null;
  readonly #name: string;
  readonly #onNotification: LinkOptions["onNotification"];
  readonly #open = new Map<number, Open>();
  #lastId = 0;
  #noise = 0;
  #timer: NodeJS.Timeout | undefined;
  #alarm = Number.POSITIVE_INFINITY;
  #backstop = 0;
  readonly #protocol: Protocol;
  readonly #bytes: number;
  /** Bytes that may still arrive before the process counts as flooding. */
  #allowance: number;
  /** What it asks for that belongs to no request. */
  readonly #own: Asking;

  constructor(boxed: Boxed, options: LinkOptions) {
    const { name, onNotification, asks, protocol = "mcp", bytes = ALLOWANCE } = options;
    this.boxed = boxed;
    this.#name = name;
    this.#onNotification = onNotification;
    this.#protocol = protocol;
    this.#bytes = bytes;
    this.#allowance = bytes;
    const fail = (error: unknown): void => {
      for (const one of this.#open.values()) one.fail(error);
    };
    this.#own = { asking: 0, asks, fail };
  }

  get busy(): number {
    return this.#open.size;
  }

  request(method: string, params: JsonObject, options: RequestOptions): Promise<Reply> {
    if (this.broken) return Promise.resolve({ ok: false, failure: this.broken });
    if (options.signal.aborted) return Promise.resolve(cancelled(this.#name));
    this.#lastId += 1;
    const id = this.#lastId;
    this.#allowance = this.#open.size === 0 ? 2 * this.#bytes : this.#allowance + this.#bytes;
    const reply = this.#expect(id, options);
    this.#send({ jsonrpc: "2.0", id, method, params });
    return reply;
  }

  notify(method: string, params: JsonObject): void {
    this.#send({ jsonrpc: "2.0", method, params });
  }

  async stop(): Promise<void> {
    this.#breakWith(failure("tool.cancelled", `${this.#name} was stopped.`));
    await this.boxed.stop();
  }

  async read(): Promise<void> {
    const input = lines(LIMITS.toolOutputBytes);
    const receive = (line: string): void => this.#receive(line);
    try {
      for await (const chunk of this.boxed.stdout) {
        this.#allowance -= chunk.length;
        const fault = this.#allowance < 0 ? "too_long" : input.push(chunk, receive);
        if (fault === null) continue;
        this.#condemn(this.#faulty(fault));
        break;
      }
    } catch (error) {
      this.#condemn(this.#broke(messageOf(error)));
    }
    const ended = await this.boxed.ended;
    clearTimeout(this.#timer);
    this.#breakWith(endedFailure(this.#name, ended, this.boxed.stderr()));
  }

  /** The promise of one reply: settled by an answer, the signal, the time limit or the end. */
  #expect(id: number, options: RequestOptions): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#open.delete(id);
        if (this.#open.size === 0) this.boxed.renew(null);
        options.signal.removeEventListener("abort", abort);
      };
      const settle = (reply: Reply): void => {
        end();
        resolve(reply);
      };
      const abort = (): void => {
        this.#send(cancelNotice(id, "cancelled"));
        settle(cancelled(this.#name));
      };
      const fail = (error: unknown): void => {
        end();
        reject(error);
      };
      const deadline = systemClock.elapsed() + options.ms;
      if (this.#open.size === 0 || deadline > this.#backstop) {
        this.#backstop = deadline;
        this.boxed.renew(options.ms + BACKSTOP_MS);
      }
      this.#open.set(id, { options, deadline, asking: 0, asks: options.asks, settle, fail });
      options.signal.addEventListener("abort", abort, { once: true });
      this.#arm(deadline);
    });
  }

  /**
   * One timer for all requests, set for the first that may be late. It is left running when a
   * request is answered, as setting timers would cost more than the calls themselves. It goes by
   * the real clock: it bounds a process, and no replay ever waits for one.
   */
  #arm(deadline: number): void {
    if (this.#alarm <= deadline) return;
    clearTimeout(this.#timer);
    this.#alarm = deadline;
    const ms = Math.ceil(deadline - systemClock.elapsed());
    this.#timer = setTimeout(() => this.#ring(), Math.max(1, ms));
    this.#timer.unref();
  }

  #ring(): void {
    this.#alarm = Number.POSITIVE_INFINITY;
    const now = systemClock.elapsed();
    for (const [id, one] of this.#open) {
      if (one.deadline > now) continue;
      this.#send(cancelNotice(id, "timeout"));
      one.settle(timeout(this.#name, one.options.ms));
    }
    const deadlines = [...this.#open.values()].map(({ deadline }) => deadline);
    if (deadlines.length > 0) this.#arm(Math.min(...deadlines));
  }

  #receive(line: string): void {
    const message = parse(line);
    if (message === null) {
      this.#noise += 1;
      if (this.#noise > MAX_NOISE) {
        this.#condemn(this.#broke("it prints text that is not JSON-RPC"));
      }
      return;
    }
    const { id, method } = message;
    if (typeof method !== "string") return this.#settle(message);
    const params = isObject(message["params"]) ? message["params"] : {};
    if (id === undefined || id === null) this.#onNotification?.(method, params);
    else void this.#answer(id, method, params);
  }

  #settle(message: JsonObject): void {
    const { id } = message;
    // An error without an id is about a line the other end could not read: nothing to settle.
    if (id === null || id === undefined) return;
    if (typeof id !== "number" || !Number.isInteger(id) || id < 1 || id > this.#lastId) {
      return this.#condemn(this.#broke("it answered a request that was never made"));
    }
    // A second answer, or one that comes after the cancellation: the first word counts.
    this.#open.get(id)?.settle(replyOf(this.#name, this.#protocol, message));
  }

  /** What the process asks for, on behalf of the call it names. */
  async #answer(id: Json, method: string, params: JsonObject): Promise<void> {
    if (method === "ping") return this.#send({ jsonrpc: "2.0", id, result: {} });
    const call = params["call"];
    const one = (typeof call === "number" ? this.#open.get(call) : undefined) ?? this.#own;
    const { asks } = one;
    if (asks === undefined) {
      return this.#send(errorReply(id, -32601, `nanos does not offer ${method.slice(0, 64)}.`));
    }
    if (one.asking >= LIMITS.toolAsks) {
      const refusal = failure("tool.too_many_asks", "Too much asked for at the same time.");
      return this.#send(errorReply(id, -32000, refusal.message, refusal));
    }
    one.asking += 1;
    try {
      const reply = await asks(method, params);
      const code = reply.ok ? 0 : (reply.rpc?.code ?? -32000);
      if (reply.ok) this.#send({ jsonrpc: "2.0", id, result: reply.result });
      else this.#send(errorReply(id, code, reply.failure.message, reply.failure));
    } catch (error) {
      one.fail(error);
    } finally {
      one.asking -= 1;
    }
  }

  #send(message: JsonObject): void {
    // A process that is gone shows in `ended`, with the reason; the write adds nothing to it.
    this.boxed.write(`${JSON.stringify(message)}\n`).catch(() => undefined);
  }

  #faulty(fault: LineFault): Failure {
    const name = this.#name;
    return fault === "too_long"
      ? failure("tool.flooded", `${name} gave more output than a call may and was stopped.`)
      : this.#broke("it sends bytes that are not UTF-8");
  }

  #broke(what: string): Failure {
    const message = `${this.#name} does not keep to the protocol: ${what}.`;
    return failure(`${this.#protocol}.protocol`, message);
  }

  #breakWith(reason: Failure): void {
    this.broken ??= reason;
    for (const one of this.#open.values()) one.settle({ ok: false, failure: this.broken });
  }

  #condemn(reason: Failure): void {
    this.#breakWith(reason);
    void this.boxed.stop();
  }
}

/** The sandbox's own time limit, should ours not end the process. */
const BACKSTOP_MS = 2_000;
/** Twice what a result may be: its text, and what a chatty server says beside it. */
const ALLOWANCE = 2 * LIMITS.toolOutputBytes;
/** Lines that are no messages: many servers print a greeting. */
const MAX_NOISE = 100;

function replyOf(name: string, protocol: Protocol, message: JsonObject): Reply {
  const { error, result } = message;
  if (!isObject(error)) return { ok: true, result: result ?? null };
  const why = typeof error["message"] === "string" ? error["message"] : "no reason given";
  const text = [why, ...detailsIn(error["data"])].join(": ");
  const code = typeof error["code"] === "number" ? error["code"] : 0;
  return {
    ok: false,
    failure: failure(`${protocol}.failed`, `${name} refused: ${text.slice(0, MAX_TEXT)}`),
    rpc: { code, data: error["data"] ?? null },
  };
}

const MAX_TEXT = 2_000;

/** "Internal error" alone helps nobody: many say the reason beside it. */
function detailsIn(data: Json | undefined): string[] {
  const { details, message } = isObject(data) ? data : {};
  const said = typeof data === "string" ? data : (details ?? message);
  return typeof said === "string" && said !== "" ? [said] : [];
}

function cancelled(name: string): Reply {
  return { ok: false, failure: failure("tool.cancelled", `${name} was cancelled.`) };
}

function timeout(name: string, ms: number): Reply {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  return {
    ok: false,
    failure: failure("tool.timeout", `${name} did not answer within ${seconds} s.`),
  };
}

function cancelNotice(id: number, reason: string): JsonObject {
  return { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id, reason } };
}

function errorReply(id: Json, code: number, message: string, data?: Failure): JsonObject {
  const error = { code, message, ...(data === undefined ? {} : { data: data as unknown as Json }) };
  return { jsonrpc: "2.0", id, error };
}

function parse(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
