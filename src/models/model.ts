import type { ModelEvent, ModelRequest } from "../contracts/model.ts";

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
 * - Nothing of the provider's names or shapes leaves this folder.
 */
export interface Model {
  /** The name in the config, e.g. `local`. */
  readonly name: string;
  /** Where its requests go, as `host:port`; null when it runs inside nanos. */
  readonly host: string | null;
  /** US dollars per million tokens; null when unknown; 0/0 for what runs inside nanos. */
  readonly price: { readonly input: number; readonly output: number } | null;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}
