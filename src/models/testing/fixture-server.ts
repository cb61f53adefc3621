import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One response as it lies in a fixture file. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** `close` ends it properly, `reset` breaks the connection, `hang` leaves it open. */
  readonly end: "close" | "reset" | "hang";
}

export interface FixtureServer {
  readonly url: string;
  /** Bodies and headers of the requests so far. */
  readonly requests: readonly { readonly headers: Headers; readonly body: string }[];
  close(): Promise<void>;
}

/**
 * Reads a fixture: responses separated by a line `=== next response`, each `HTTP STATUS`, headers,
 * a blank line and the body as it goes over the wire. The header `x-end` says how it ends.
 */
export async function readFixture(path: string): Promise<readonly WireResponse[]> {
  const parts = (await readFile(path, "utf8")).split("=== next response\n");
  return parts.map((part) => {
    const gap = part.indexOf("\n\n");
    const [status = "", ...lines] = part.slice(0, gap).split("\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    );
    const { "x-end": end = "close", ...sent } = headers;
    return {
      status: Number(status.slice("HTTP ".length)),
      headers: sent,
      body: Buffer.from(part.slice(gap + 2), "utf8"),
      end: end as WireResponse["end"],
    };
  });
}

/**
 * Serves responses in order on a loopback port, whatever is asked; the last one again and again.
 * `slice` is the number of bytes of one write, so that borders fall anywhere, also inside a
 * character.
 */
export async function serveResponses(
  responses: readonly WireResponse[],
  slice = Number.POSITIVE_INFINITY,
): Promise<FixtureServer> {
  const requests: { headers: Headers; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = new Headers(request.headers as Record<string, string>);
      requests.push({ headers, body: Buffer.concat(chunks).toString("utf8") });
      const next = responses[Math.min(requests.length, responses.length) - 1];
      if (next) void respond(response, next, slice);
    });
  });
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const RESET_MS = 200;

async function respond(
  response: ServerResponse,
  { status, headers, body, end }: WireResponse,
  slice: number,
): Promise<void> {
  response.socket?.setNoDelay(true);
  response.writeHead(status, headers);
  response.flushHeaders();
  for (let at = 0; at < body.length; at += slice) {
    response.write(body.subarray(at, at + slice));
    // A turn of the event loop between writes keeps them apart on the wire.
    if (slice < body.length) await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === "close") response.end();
  // Late enough that what was sent has been read: a broken connection takes along what has not.
  if (end === "reset") setTimeout(() => response.socket?.destroy(), RESET_MS);
}
