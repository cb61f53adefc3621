import type { App } from "./app.ts";
import { LIMITS } from "../std/limits.ts";
import { codeOf, NanosError } from "../std/error.ts";

/** What listens: the one place of the server that knows the runtime. */
export interface Listening {
  readonly port: number;
  /** Lets nobody new in, and waits for the rest. */
  close(): Promise<void>;
  /** Closes every connection at once. */
  cut(): void;
}

export interface Place {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** @throws NanosError `serve.port_taken`, `serve.cannot_listen`. */
export function listen({ host, port, tls }: Place, app: Pick<App, "fetch">): Listening {
  try {
    const server = Bun.serve({
      // Without it another program could listen at the same port, and be sent the keys of our clients.
      reusePort: false,
      ...{ hostname: host, port, idleTimeout: LIMITS.httpIdleSeconds, development: false },
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
      // The app answers for what is too large, in its own shape; this is for what lies about its size.
      maxRequestBodySize: 2 * LIMITS.httpBodyBytes,
      // Who is let in may take their time, and who is answered is waited for as anybody is.
      fetch: (request, own) =>
        app.fetch(request, (inside) => own.timeout(request, inside ? 0 : LIMITS.httpIdleSeconds)),
      error: () => new Response(null, { status: 500 }),
    });
    return {
      port: server.port ?? port,
      close: () => server.stop(),
      cut: () => void server.stop(true),
    };
  } catch (error) {
    throw cannotListen(error, host, port);
  }
}

function cannotListen(error: unknown, host: string, port: number): NanosError {
  const where = `${host}:${port}`;
  return codeOf(error) === "EADDRINUSE"
    ? new NanosError(
        "serve.port_taken",
        `Something else listens at ${where}.`,
        "Choose another port: nanos serve --port PORT",
        error,
      )
    : new NanosError(
        "serve.cannot_listen",
        `It cannot listen at ${where} (${codeOf(error) || "unknown"}).`,
        "Choose an address of this machine: nanos serve --host HOST --port PORT",
        error,
      );
}
