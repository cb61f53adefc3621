import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { gzipSync, brotliCompressSync, deflateSync } from "node:zlib";
import { LIMITS } from "../std/limits.ts";
import { fakeClock, systemClock } from "../std/clock.ts";
import {
  brokerFetch,
  type BrokerOptions,
  type BrokerRequest,
  type Fetched,
  FETCH_FAILURES,
  redirectTarget,
} from "./broker.ts";

setDefaultTimeout(30_000);

const never = new AbortController().signal;

function get(
  url: string,
  options: Partial<BrokerOptions> = {},
  request: Partial<BrokerRequest> = {},
): ReturnType<typeof brokerFetch> {
  const wanted = { method: "GET", url, headers: {}, body: null, ...request };
  return brokerFetch(wanted, { privateOk: [], signal: never, clock: systemClock, ...options });
}

const codeOf = (reply: Awaited<ReturnType<typeof brokerFetch>>): string =>
  "code" in reply ? reply.code : String(reply.status);
const bodyOf = (reply: Awaited<ReturnType<typeof brokerFetch>>): string => {
  if ("code" in reply) throw new Error(`${reply.code}: ${reply.message}`);
  return reply.body;
};

const answers: Readonly<
  Record<string, (request: IncomingMessage, response: ServerResponse) => void>
> = {
  "/": (_, response) =>
    response.setHeader("set-cookie", ["a=b"]).setHeader("content-type", "text/html").end("<p>hi"),
  "/seen": (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () =>
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body,
        }),
      ),
    );
  },
  "/hop": (_, response) => response.writeHead(302, { location: "/seen?hopped" }).end(),
  "/keep": (_, response) => response.writeHead(307, { location: "/seen" }).end(),
  "/see-other": (_, response) => response.writeHead(303, { location: "/seen" }).end(),
  "/round": (_, response) => response.writeHead(301, { location: "/round" }).end(),
  "/away": (_, response) =>
    response.writeHead(301, { location: "http://example.org/x?y=1#z" }).end(),
  "/port": (_, response) => response.writeHead(301, { location: "http://127.0.0.1:1/" }).end(),
  "/secure": (request, response) =>
    response.writeHead(301, { location: `https://${request.headers.host}/` }).end(),
  "/login": (request, response) =>
    response.writeHead(301, { location: `http://u:p@${request.headers.host}/` }).end(),
  "/file": (_, response) => response.writeHead(301, { location: "file:///etc/passwd" }).end(),
  "/odd": (_, response) => response.writeHead(301, { location: "http://[bad" }).end("kept"),
  "/large": (_, response) => response.end(Buffer.alloc(LIMITS.fetchBytes + 1)),
  "/bomb": (_, response) =>
    response
      .setHeader("content-encoding", "gzip")
      .end(gzipSync(Buffer.alloc(LIMITS.fetchBytes * 4))),
  "/gzip": (_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync("zipped")),
  "/br": (_, response) =>
    response.setHeader("content-encoding", "br").end(brotliCompressSync("brotli")),
  "/deflate": (_, response) =>
    response.setHeader("content-encoding", "deflate").end(deflateSync("deflated")),
  "/bad-gzip": (_, response) =>
    response.setHeader("content-encoding", "gzip").end("no gzip at all"),
  "/latin": (_, response) =>
    response
      .setHeader("content-type", "text/plain; charset=iso-8859-1")
      .end(Buffer.from([0xe4, 0xf6])),
  "/no-charset": (_, response) =>
    response.setHeader("content-type", "text/plain; charset=klingon").end("plain"),
  "/slow": () => undefined,
  "/drip": (_, response) => void response.write("x"),
  "/cut": (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    setTimeout(() => response.destroy(), 20);
  },
  "/missing": (_, response) => response.writeHead(404).end("nope"),
};

let server: Server;
let host = "";
let origin = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    (answers[new URL(request.url ?? "/", "http://x").pathname] ?? answers["/missing"])?.(
      request,
      response,
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  origin = `http://${host}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const to = (
  path: string,
  options: Partial<BrokerOptions> = {},
  request: Partial<BrokerRequest> = {},
): ReturnType<typeof brokerFetch> =>
  get(`${origin}${path}`, { privateOk: [host], ...options }, request);

describe("a request that may go where it wants", () => {
  test("comes back without cookies", async () => {
    expect(await to("/")).toEqual({
      status: 200,
      headers: expect.not.objectContaining({
        "set-cookie": expect.anything(),
      }) as Fetched["headers"],
      body: "<p>hi",
      url: `${origin}/`,
      host,
    });
    expect(codeOf(await to("/missing"))).toBe("404");
  });

  test("carries what was asked for and nothing of ours", async () => {
    const headers = {
      "X-A": "1",
      Cookie: "c=d",
      Host: "other",
      "Content-Length": "3",
      "Proxy-Authorization": "x",
      Connection: "keep-alive",
      "Transfer-Encoding": "chunked",
    };
    const told = JSON.parse(
      bodyOf(await to("/seen?q=%20", {}, { method: "POST", headers, body: "grüße" })),
    ) as { headers: Record<string, string> };
    expect(told).toMatchObject({ method: "POST", url: "/seen?q=%20", body: "grüße" });
    expect(told.headers).toMatchObject({
      "x-a": "1",
      host,
      "user-agent": "nanos",
      "content-length": "7",
    });
    for (const name of ["cookie", "proxy-authorization", "transfer-encoding"])
      expect(told.headers).not.toHaveProperty(name);
  });

  test.each([
    ["/gzip", "zipped"],
    ["/br", "brotli"],
    ["/deflate", "deflated"],
    ["/latin", "äö"],
    ["/no-charset", "plain"],
    ["/odd", "kept"],
  ])("%s is read as text", async (path, body) => expect(bodyOf(await to(path))).toBe(body));

  test.each([
    ["/hop", "GET", "GET", "/seen?hopped"],
    ["/hop", "POST", "GET", "/seen?hopped"],
    ["/see-other", "PUT", "GET", "/seen"],
    ["/keep", "POST", "POST", "/seen"],
  ])("%s by %s goes on as %s", async (path, method, then, url) => {
    const body = method === "GET" ? null : "x";
    const told = JSON.parse(bodyOf(await to(path, {}, { method, body }))) as Record<
      string,
      unknown
    >;
    expect(told).toMatchObject({ method: then, url, body: then === "GET" ? "" : "x" });
  });

  test("keeps its limits by the clock it is given", async () => {
    expect(codeOf(await to("/hop", { clock: fakeClock() }))).toBe("200");
  });
});

test.each([
  ["/away", "http://example.org/x?y=1"],
  ["/port", "http://127.0.0.1:1/"],
  ["/file", "file:///etc/passwd"],
])("%s is not followed but named", async (path, target) => {
  const reply = await to(path);
  expect(codeOf(reply)).toBe("fetch.redirected");
  expect("code" in reply ? redirectTarget(reply) : null).toBe(target);
  expect(redirectTarget({ code: "fetch.refused", message: `${host} points to x.` })).toBeNull();
});

test.each<[string, keyof typeof FETCH_FAILURES, Partial<BrokerOptions>?]>([
  ["/secure", "fetch.redirected"],
  ["/login", "fetch.redirected"],
  ["/round", "fetch.too_many_redirects"],
  ["/large", "fetch.too_large"],
  ["/bomb", "fetch.too_large"],
  ["/bad-gzip", "fetch.broken"],
  ["/cut", "fetch.broken"],
])("%s fails with %s", async (path, code) => {
  const reply = await to(path);
  expect(codeOf(reply)).toBe(code);
  expect("code" in reply ? reply.next : "").toBe(FETCH_FAILURES[code]);
});

test.each([["/slow"], ["/drip"]])("%s ends in time", async (path) => {
  expect(codeOf(await to(path, { ms: 150 }))).toBe("fetch.timeout");
});

test("is cancelled by its signal, before and during", async () => {
  const control = new AbortController();
  const slow = to("/slow", { signal: control.signal });
  setTimeout(() => control.abort(), 50);
  expect(codeOf(await slow)).toBe("fetch.cancelled");
  expect(codeOf(await to("/", { signal: control.signal }))).toBe("fetch.cancelled");
});

test.each([
  ["not an address"],
  ["example.org/x"],
  ["file:///etc/passwd"],
  ["ftp://example.org/"],
  ["data:text/plain,x"],
  ["javascript:1"],
  ["http://"],
  ["http://user@example.org/"],
  ["http://u:p@example.org/"],
  ["http://ex ample.org/"],
  ["http://exa\u0000mple.org/"],
  ["http://example.org:99999/"],
])("%j is no address to fetch", async (url) => {
  expect(codeOf(await get(url))).toBe("fetch.bad_url");
});

test.each<[Partial<BrokerRequest>]>([
  [{ method: "CONNECT" }],
  [{ method: "TRACE" }],
  [{ method: "get" }],
  [{ method: "GET\r\nX: y" }],
  [{ headers: { "a b": "x" } }],
  [{ headers: { a: "x\r\nb: y" } }],
  [{ headers: { a: "x\ny" } }],
  [{ headers: { "": "x" } }],
  [{ headers: { a: "\u{1f600}" } }],
])("%j is no request to make", async (request) => {
  expect(codeOf(await to("/", {}, request))).toBe("fetch.bad_request");
});
