import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LIMITS } from "../../../std/limits.ts";

/**
 * Where the operator's browser comes back to: a listener on this machine, for one login. It takes
 * the one answer that knows the login's state; whatever else comes, from a page or a program of this
 * machine, gets the same words and changes nothing. It is over with the answer, the signal, or more
 * visits than any browser makes.
 */
export interface Back {
  readonly url: string;
  /** What the browser brought; null where nothing came. */
  readonly answer: Promise<URLSearchParams | null>;
  close(): Promise<void>;
}

/** @param signal ends the wait. */
export async function listenBack(state: string, signal: AbortSignal): Promise<Back> {
  let settle: (answer: URLSearchParams | null) => void = () => undefined;
  const answer = new Promise<URLSearchParams | null>((resolve) => {
    settle = resolve;
  });
  let visits = 0;
  const server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
    visits += 1;
    const brought = broughtBy(request, state);
    if (brought !== null) settle(brought);
    say(response, brought !== null);
    if (visits >= LIMITS.loginVisits) settle(null);
  });
  server.maxConnections = LIMITS.loginVisits;
  const stop = (): void => settle(null);
  signal.addEventListener("abort", stop, { once: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/back`,
    answer,
    close: () => {
      signal.removeEventListener("abort", stop);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function broughtBy({ method, url = "" }: IncomingMessage, state: string): URLSearchParams | null {
  const at = URL.canParse(url, "http://127.0.0.1") ? new URL(url, "http://127.0.0.1") : null;
  if (method !== "GET" || at?.pathname !== "/back") return null;
  const query = at.searchParams;
  const [said = "", ...more] = query.getAll("state");
  const isOurs = said.length === state.length && timingSafeEqual(bytes(said), bytes(state));
  const isOnce = ["code", "iss", "error"].every((name) => query.getAll(name).length <= 1);
  return more.length === 0 && isOurs && isOnce ? query : null;
}

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

function say(response: ServerResponse, isDone: boolean): void {
  response.writeHead(isDone ? 200 : 400, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end(
    isDone ? "nanos has the answer; this page may be closed.\n" : "Nothing to do here.\n",
  );
}
