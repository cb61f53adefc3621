import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { gzipSync, brotliCompressSync, deflateSync } from "node:zlib";
import { LIMITS } from "../std/limits.ts";
import { fakeClock, systemClock } from "../std/clock.ts";
import { brokerFetch, type BrokerOptions, type BrokerRequest, type Fetched, FETCH_FAILURES, redirectTarget, type Resolve } from "./broker.ts";
import { SELF_SIGNED } from "./testing/self-signed.ts";

setDefaultTimeout(30_000);

const never = new AbortController().signal;

function get(url: string, options: Partial<BrokerOptions> = {}, request: Partial<BrokerRequest> = {}): ReturnType<typeof brokerFetch> {
  const wanted = { method: "GET", url, headers: {}, body: null, ...request };
  return brokerFetch(wanted, { privateOk: [], signal: never, clock: systemClock, ...options });
}

const codeOf = (reply: Awaited<ReturnType<typeof brokerFetch>>): string => ("code" in reply ? reply.code : String(reply.status));
const bodyOf = (reply: Awaited<ReturnType<typeof brokerFetch>>): string => {
  if ("code" in reply) throw new Error(`${reply.code}: ${reply.message}`);
  return reply.body;
};

const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  "/": (_, response) => response.setHeader("set-cookie", ["a=b"]).setHeader("content-type", "text/html").end("<p>hi"),
  "/seen": (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })));
  },
  "/hop": (_, response) => response.writeHead(302, { location: "/seen?hopped" }).end(),
  "/keep": (_, response) => response.writeHead(307, { location: "/seen" }).end(),
  "/see-other": (_, response) => response.writeHead(303, { location: "/seen" }).end(),
  "/round": (_, response) => response.writeHead(301, { location: "/round" }).end(),
  "/away": (_, response) => response.writeHead(301, { location: "http://example.org/x?y=1#z" }).end(),
  "/port": (_, response) => response.writeHead(301, { location: "http://127.0.0.1:1/" }).end(),
  "/secure": (request, response) => response.writeHead(301, { location: `https://${request.headers.host}/` }).end(),
  "/login": (request, response) => response.writeHead(301, { location: `http://u:p@${request.headers.host}/` }).end(),
  "/file": (_, response) => response.writeHead(301, { location: "file:///etc/passwd" }).end(),
  "/odd": (_, response) => response.writeHead(301, { location: "http://[bad" }).end("kept"),
  "/large": (_, response) => response.end(Buffer.alloc(LIMITS.fetchBytes + 1)),
  "/bomb": (_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(LIMITS.fetchBytes * 4))),
  "/gzip": (_, response) => response.setHeader("content-encoding", "gzip").end(gzipSync("zipped")),
  "/br": (_, response) => response.setHeader("content-encoding", "br").end(brotliCompressSync("brotli")),
  "/deflate": (_, response) => response.setHeader("content-encoding", "deflate").end(deflateSync("deflated")),
  "/bad-gzip": (_, response) => response.setHeader("content-encoding", "gzip").end("no gzip at all"),
  "/latin": (_, response) => response.setHeader("content-type", "text/plain; charset=iso-8859-1").end(Buffer.from([0xe4, 0xf6])),
  "/no-charset": (_, response) => response.setHeader("content-type", "text/plain; charset=klingon").end("plain"),
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
const seen: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? "");
    (answers[new URL(request.url ?? "/", "http://x").pathname] ?? answers["/missing"])?.(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  origin = `http://${host}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const to = (path: string, options: Partial<BrokerOptions> = {}, request: Partial<BrokerRequest> = {}): ReturnType<typeof brokerFetch> =>
  get(`${origin}${path}`, { privateOk: [host], ...options }, request);

describe("a request that may go where it wants", () => {
  test("comes back without cookies", async () => {
    expect(await to("/")).toEqual({
      status: 200,
      headers: expect.not.objectContaining({ "set-cookie": expect.anything() }) as Fetched["headers"],
      body: "<p>hi",
      url: `${origin}/`,
      host,
    });
    expect(codeOf(await to("/missing"))).toBe("404");
  });

  test("carries what was asked for and nothing of ours", async () => {
    const headers = { "X-A": "1", Cookie: "c=d", Host: "other", "Content-Length": "3", "Proxy-Authorization": "x", Connection: "keep-alive", "Transfer-Encoding": "chunked" };
    const told = JSON.parse(bodyOf(await to("/seen?q=%20", {}, { method: "POST", headers, body: "grüße" }))) as { headers: Record<string, string> };
    expect(told).toMatchObject({ method: "POST", url: "/seen?q=%20", body: "grüße" });
    expect(told.headers).toMatchObject({ "x-a": "1", host, "user-agent": "nanos", "content-length": "7" });
    for (const name of ["cookie", "proxy-authorization", "transfer-encoding"]) expect(told.headers).not.toHaveProperty(name);
  });

  test.each([["/gzip", "zipped"], ["/br", "brotli"], ["/deflate", "deflated"], ["/latin", "äö"], ["/no-charset", "plain"], ["/odd", "kept"]])(
    "%s is read as text", async (path, body) => expect(bodyOf(await to(path))).toBe(body),
  );

  test.each([
    ["/hop", "GET", "GET", "/seen?hopped"],
    ["/hop", "POST", "GET", "/seen?hopped"],
    ["/see-other", "PUT", "GET", "/seen"],
    ["/keep", "POST", "POST", "/seen"],
  ])("%s by %s goes on as %s", async (path, method, then, url) => {
    const body = method === "GET" ? null : "x";
    const told = JSON.parse(bodyOf(await to(path, {}, { method, body }))) as Record<string, unknown>;
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
  ["not an address"], ["example.org/x"], ["file:///etc/passwd"], ["ftp://example.org/"], ["data:text/plain,x"],
  ["javascript:1"], ["http://"], ["http://user@example.org/"], ["http://u:p@example.org/"], ["http://ex ample.org/"],
  ["http://exa\u0000mple.org/"], ["http://example.org:99999/"],
])("%j is no address to fetch", async (url) => {
  expect(codeOf(await get(url))).toBe("fetch.bad_url");
});

test.each<[Partial<BrokerRequest>]>([
  [{ method: "CONNECT" }], [{ method: "TRACE" }], [{ method: "get" }], [{ method: "GET\r\nX: y" }],
  [{ headers: { "a b": "x" } }], [{ headers: { a: "x\r\nb: y" } }], [{ headers: { a: "x\ny" } }], [{ headers: { "": "x" } }], [{ headers: { a: "\u{1f600}" } }],
])("%j is no request to make", async (request) => {
  expect(codeOf(await to("/", {}, request))).toBe("fetch.bad_request");
});

/** Every spelling a page or a model may use for a place it must not reach. */
const SPELLINGS = [
  "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0x7f.1",
  "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "%31%32%37.0.0.1", "127。0。0。1", "①②⑦.0.0.1",
  "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]", "0.0.0.0", "0", "[::]", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.169.254",
  "0xa9fea9fe", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "224.0.0.1", "255.255.255.255", "198.18.0.1",
];

test.each(SPELLINGS.map((spelling) => [spelling]))("http://%s is not public", async (spelling) => {
  const port = host.split(":")[1] ?? "";
  const before = seen.length;
  expect(["fetch.private_address", "fetch.unresolved", "fetch.bad_url"]).toContain(codeOf(await get(`http://${spelling}:${port}/`)));
  expect(seen.length).toBe(before);
});

describe("a grant", () => {
  const private4: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  const at = (port: string): string => `nas.home:${port}`;

  test("opens exactly the host and port it names", async () => {
    const port = host.split(":")[1] ?? "";
    expect(codeOf(await get(`http://nas.home:${port}/`, { privateOk: [at(port)], resolve: private4 }))).toBe("200");
    for (const privateOk of [[], [at("1")], [host], ["nas.home"], ["*"], [`other.home:${port}`]]) {
      expect(codeOf(await get(`http://nas.home:${port}/`, { privateOk, resolve: private4 }))).toBe("fetch.private_address");
    }
  });

  test.each([["169.254.169.254", 4], ["0.0.0.0", 4], ["fe80::1", 6], ["fd00:ec2::254", 6]])("of a name does not open %s behind it", async (address, family) => {
    const resolve: Resolve = async () => [{ address, family }];
    expect(codeOf(await get("http://nas.home:80/", { privateOk: ["nas.home:80"], resolve }))).toBe("fetch.private_address");
  });
});

describe("a name", () => {
  const port = (): string => host.split(":")[1] ?? "";

  test("is resolved once, and the address that was checked is dialled", async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "203.0.113.1", family: 4 }];
    };
    const reply = await get(`http://rebind.test:${port()}/seen`, { resolve, privateOk: [`rebind.test:${port()}`] });
    expect(JSON.parse(bodyOf(reply))).toMatchObject({ headers: { host: `rebind.test:${port()}` } });
    expect(asked).toBe(1);
  });

  test("with one private address among public ones is refused", async () => {
    const resolve: Resolve = async () => [{ address: "93.184.216.34", family: 4 }, { address: "10.0.0.1", family: 4 }];
    expect(codeOf(await get("http://mixed.test/", { resolve }))).toBe("fetch.private_address");
  });

  test("that turns private on a redirect is refused there", async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
    };
    const reply = await get(`http://turn.test:${port()}/hop`, { resolve, privateOk: [`turn.test:${port()}`] });
    expect(codeOf(reply)).toBe("fetch.private_address");
    expect(asked).toBe(2);
  });

  test("with an address that does not answer is tried at the next", async () => {
    const resolve: Resolve = async () => [{ address: "127.0.0.2", family: 4 }, { address: "127.0.0.1", family: 4 }];
    expect(codeOf(await get(`http://two.test:${port()}/`, { resolve, privateOk: [`two.test:${port()}`] }))).toBe("200");
  });

  test("that cannot be resolved, or never is", async () => {
    expect(codeOf(await get("http://none.test/", { resolve: () => Promise.reject(new Error("no")) }))).toBe("fetch.unresolved");
    expect(codeOf(await get("http://none.test/", { resolve: async () => [] }))).toBe("fetch.unresolved");
    expect(codeOf(await get("http://slow.test/", { resolve: () => new Promise(() => undefined), ms: 100 }))).toBe("fetch.timeout");
  });
});

test("nothing listening is refused", async () => {
  const closed = createTcpServer();
  await new Promise<void>((done) => closed.listen(0, "127.0.0.1", done));
  const at = `127.0.0.1:${(closed.address() as { port: number }).port}`;
  await new Promise((done) => closed.close(done));
  expect(codeOf(await get(`http://${at}/`, { privateOk: [at] }))).toBe("fetch.refused");
});

test("something that speaks no HTTP is broken", async () => {
  const odd = createTcpServer((socket) => socket.end("220 mail ready\r\n"));
  await new Promise<void>((done) => odd.listen(0, "127.0.0.1", done));
  const at = `127.0.0.1:${(odd.address() as { port: number }).port}`;
  expect(codeOf(await get(`http://${at}/`, { privateOk: [at] }))).toBe("fetch.broken");
  odd.close();
});

test("a certificate that proves nothing is refused", async () => {
  const { key, cert } = SELF_SIGNED;
  const secure = createTlsServer({ key, cert }, (_, response) => response.end("secret"));
  await new Promise<void>((done) => secure.listen(0, "127.0.0.1", done));
  const { port } = secure.address() as { port: number };
  const resolve: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  expect(codeOf(await get(`https://name.test:${port}/`, { privateOk: [`name.test:${port}`], resolve }))).toBe("fetch.tls");
  secure.close();
  secure.closeAllConnections();
});

