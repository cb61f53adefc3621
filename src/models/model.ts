import type {
  Embedded,
  EmbedWish,
  ModelEvent,
  ModelRequest,
  Price,
  Setting,
} from "../contracts/model.ts";
import type { Usage } from "../contracts/usage.ts";

/**
 * A model behind its provider.
 *
 * Contract:
 * - `stream` yields deltas and then exactly one `end`, always last; it never throws. Whatever goes
 *   wrong (refused connection, error frame, cut stream, bad JSON) is the `end`'s `failure`, with a
 *   code from `models/failures.ts` and the next thing to do.
 * - What arrived before a failure is in the `end`'s message.
 * - Every call has an id that is unique in the answer, made up where the provider gave none.
 * - Arguments that are not JSON come through as `broken`, unparsed; they are never guessed.
 * - A tool call that a small model printed as text, and that names a tool of the request, becomes
 *   a call; anything else printed stays text.
 * - `signal` ends the request within a moment, with `finish: "cancelled"`.
 * - `embed`, where there is one, gives a vector for each text, in their order, all of one length and
 *   of finite numbers; of the length that is asked for, or it fails. It never throws, and `signal`
 *   ends it as it ends a stream.
 * - Nothing of the provider's names or shapes leaves this folder.
 */
export interface Model {
  /** The name in the config, e.g. `local`. */
  readonly name: string;
  /** Where its requests go, as `host:port`; null when it runs inside nanos. */
  readonly host: string | null;
  /** Null when unknown; 0/0 for what runs inside nanos. */
  readonly price: Price | null;
  /** Settings of a request that have effect: no other is ever given. None where nothing is said. */
  readonly takes?: readonly Setting[];
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** Absent where no vectors can be had of its provider. */
  embed?(wish: EmbedWish, signal: AbortSignal): Promise<Embedded>;
}

/** For what runs on this machine. */
export const FREE: Price = { input: 0, output: 0 };

/** US dollars for what was counted. Tokens of a cache whose price is not known cost as others do. */
export function costOf(usage: Omit<Usage, "cost">, price: Price): number {
  const { input, output, cached = 0, written = 0 } = usage;
  const { cacheRead = price.input, cacheWrite = price.input } = price;
  const fresh = Math.max(0, input - cached - written);
  const dollars =
    fresh * price.input + cached * cacheRead + written * cacheWrite + output * price.output;
  return dollars / 1_000_000;
}

/** The most a token that is read may cost, whatever a cache makes of it. */
export function dearestInput({ input, cacheRead = input, cacheWrite = input }: Price): number {
  return Math.max(input, cacheRead, cacheWrite);
}
