import type { Key } from "../contracts/http/key.ts";
import type { Shape } from "../contracts/http/wire.ts";
import type { Nanos } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import type { NanosError } from "../std/error.ts";
import type { Names } from "./door/guard.ts";
import type { Seats } from "./door/seats.ts";
import type { Carried } from "./live.ts";
import type { McpDesk } from "./mcp/desk.ts";
import type { Metrics } from "./metrics.ts";
import type { Consents } from "./oauth/consents.ts";
import type { Sink } from "./sse.ts";

/** Who asks: a client with its key, or the operator in the cockpit. */
export interface Caller extends Key {
  /** Set for a browser the operator let in: it is nobody's client, and no key is held for it. */
  readonly seat?: true;
}

/** One request that was let in, as a handler sees it. */
export interface Call<B> {
  /** What it is called in logs and in `X-Request-ID`. */
  readonly id: string;
  /** The key it was asked with, or the seat; null on a route that needs none. */
  readonly key: Caller | null;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: B;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Aborts when the server goes, and leaves what has not ended to whoever goes on with it. */
  readonly leaves: AbortSignal;
  readonly nanos: Nanos;
  readonly clock: Clock;
  /** Runs that go on without their client. */
  readonly carried: Carried;
  readonly metrics: Metrics;
  readonly seats: Seats;
  /** What it is addressed by. */
  readonly names: Names;
  readonly mcp: McpDesk;
  readonly consents: Consents;
  /** What `/openapi.json` says. */
  readonly openapi: () => unknown;
  /** True once the server was told to stop. */
  readonly draining: boolean;
}

/** What a handler answers: one JSON document, text or bytes, or events one after the other: with
 * `lines` a line of JSON each, and that is the one to say while there is nothing to say. */
export type Reply = { readonly headers?: Readonly<Record<string, string>> } & (
  | { readonly status?: number; readonly body: unknown }
  | { readonly status?: number; readonly text: string | Uint8Array<ArrayBuffer> }
  | { readonly stream: (sink: Sink) => Promise<void>; readonly lines?: string }
);

/** Who may ask: anybody, a client with a key, or the operator with their own. */
export type Needs = "nothing" | "key" | "operator";

/** A route as data: the server, `/openapi.json`, the documents and the tests read this and nothing else. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** With its parameters in braces: `/v1/models/{id}`. */
  readonly path: string;
  /** One line, without a full stop. */
  readonly summary: string;
  readonly needs: Needs;
  /** What its body has to be; null for a route without one. */
  readonly takes: Shape | null;
  /** What it answers; of a stream, each event's data. */
  readonly gives: Shape;
  /** Set where it answers with server-sent events: always, or where the body asks for it. */
  readonly streams?: "always" | "asked";
  /** Set where it answers with something else than JSON: its media type. */
  readonly media?:
    | "text/plain"
    | "text/html"
    | "text/css"
    | "text/javascript"
    | "image/svg+xml"
    | "application/octet-stream";
  /** Set where a browser asks for it by itself, which shows no more than its cookie. */
  readonly page?: true;
  /** Set for what is there only where programs may ask for keys. */
  readonly oauth?: true;
  /** Set where a browser may come from another site's page, which is told nothing by it. */
  readonly visited?: true;
  /** Set where the body is a form, as OAuth has it. */
  readonly form?: true;
  /** How a refusal or failure is sent, where that is not as `HttpError`. */
  readonly refusal?: { readonly gives: Shape; readonly of: (failed: NanosError) => unknown };
  readonly handle: (call: Call<unknown>) => Promise<Reply>;
}

/** A route whose handler is given what `takes` has read. */
export function route<B>(
  made: Omit<Route, "takes" | "handle"> & {
    readonly takes: Shape<B> | null;
    readonly handle: (call: Call<B>) => Promise<Reply>;
  },
): Route {
  return made as Route;
}
