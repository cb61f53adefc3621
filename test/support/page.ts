import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";

/** A server on this machine, on a port of its own. */
export interface Page {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** What it was asked, byte for byte as far as a test looks. */
  readonly hits: readonly Hit[];
  close(): Promise<void>;
}

export interface Hit {
  readonly line: string;
  readonly headers: string;
  readonly body: string;
}

/** Answers everything with one text, or as `answer` says. */
export async function startPage(
  answer: string | ((hit: Hit, response: ServerResponse) => void),
): Promise<Page> {
  const hits: Hit[] = [];
  const server = createHttp((request, response) => {
    void hitOf(request).then((hit) => {
      hits.push(hit);
      if (typeof answer !== "string") return answer(hit, response);
      response.setHeader("content-type", "text/html");
      response.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { host: `127.0.0.1:${port}`, hits, close };
}

async function hitOf(request: IncomingMessage): Promise<Hit> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = JSON.stringify(request.headersDistinct);
  return {
    line: `${request.method} ${request.url}`,
    headers,
    body: Buffer.concat(chunks).toString(),
  };
}

/** Passes connections on to a port and keeps what was sent to it. */
export async function startRecorder(
  port: number,
): Promise<{ readonly url: string; sent(): string; close(): Promise<void> }> {
  const chunks: Buffer[] = [];
  const server = createServer((socket) => {
    const onward = connect(port, "127.0.0.1");
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.pipe(onward).pipe(socket);
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    sent: () => Buffer.concat(chunks).toString("latin1"),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
