import { afterAll, beforeAll, expect, test } from "bun:test";
import { ROUTES } from "../src/server/routes.ts";
import { serve } from "../src/server/serve.ts";
import { systemClock } from "../src/std/clock.ts";
import { systemRandom } from "../src/std/random.ts";
import { SELF_SIGNED } from "../src/tools/testing/self-signed.ts";
import { type Attacked, attacked } from "./support/attacked.ts";

/**
 * What somebody would try who has a network or a browser's page, over real sockets. Each row is bytes
 * that are sent, and what may come back.
 */

let it: Attacked;

beforeAll(async () => {
  it = await attacked();
});
afterAll(() => it.close());

const statuses = (came: string): readonly number[] =>
  [...came.matchAll(/HTTP\/1\.1 (\d{3})/gu)].map(([, status]) => Number(status));

const head = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n\r\n`;
const host = (): string => `Host: 127.0.0.1:${it.port}`;
const auth = (): string => `Authorization: Bearer ${it.key}`;
const JSON_TYPE = "Content-Type: application/json";
/** What would be answered with the agents there are, were it taken for a request of its own. */
const inner = (): string => get("/v1/models", auth());
const get = (path: string, ...lines: readonly string[]): string =>
  head(`GET ${path} HTTP/1.1`, host(), "Connection: close", ...lines);
const post = (...lines: readonly string[]): string =>
  head("POST /echo HTTP/1.1", host(), auth(), JSON_TYPE, "Connection: close", ...lines);

/** By what is sent: none of it may be answered with what was smuggled in. */
const SMUGGLED: Readonly<Record<string, () => string>> = {
  "length, then chunks": () =>
    `${post("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n${inner()}`,
  "chunks, then length": () =>
    `${post("Transfer-Encoding: chunked", "Content-Length: 5")}0\r\n\r\n${inner()}`,
  "two lengths": () => `${post("Content-Length: 2", "Content-Length: 400")}{}${inner()}`,
  "a list of lengths": () => `${post("Content-Length: 2, 400")}{}${inner()}`,
  "a length with a sign": () => `${post("Content-Length: +2")}{}${inner()}`,
  "a length in hex": () => `${post("Content-Length: 0x2")}{}${inner()}`,
  "a length less than nothing": () => `${post("Content-Length: -1")}${inner()}`,
  "another coding": () => `${post("Transfer-Encoding: xchunked")}0\r\n\r\n${inner()}`,
  "chunks, and then more": () =>
    `${post("Transfer-Encoding: chunked, identity")}0\r\n\r\n${inner()}`,
  "the coding twice": () =>
    `${post("Transfer-Encoding: chunked", "Transfer-Encoding: identity")}0\r\n\r\n${inner()}`,
  "a space before the colon": () =>
    `${post("Content-Length: 2", "Transfer-Encoding : chunked")}{}${inner()}`,
  "a folded line": () =>
    `${post("Content-Length: 2", "Transfer-Encoding:\r\n chunked")}{}${inner()}`,
  "a bare LF in the head": () =>
    `${post("Content-Length: 2", "X: y\nTransfer-Encoding: chunked")}{}${inner()}`,
  "a bare CR in the head": () =>
    `${post("Content-Length: 2", "X: y\rTransfer-Encoding: chunked")}{}${inner()}`,
  "a NUL in the head": () => `${post("Content-Length: 2", "X: y\0z")}{}${inner()}`,
  "a chunk of a length nobody has": () =>
    `${post("Transfer-Encoding: chunked")}ffffffffffffffffff\r\n{}\r\n0\r\n\r\n${inner()}`,
  "a chunk without a length": () =>
    `${post("Transfer-Encoding: chunked")}\r\n{}\r\n0\r\n\r\n${inner()}`,
  "a chunk that is longer than it says": () =>
    `${post("Transfer-Encoding: chunked")}2\r\n{}GET / HTTP/1.1\r\n0\r\n\r\n${inner()}`,
  "two hosts": () => head("GET /v1/models HTTP/1.1", host(), "Host: evil.example", auth()),
  "no host": () => head("GET /v1/models HTTP/1.1", auth()),
  "another host in the first line": () =>
    head("GET http://evil.example/v1/models HTTP/1.1", "Host: evil.example", auth()),
};

test.each(Object.keys(SMUGGLED))("smuggling: %s", async (name) => {
  const came = await it.raw(SMUGGLED[name]?.() ?? "");
  expect(came).not.toContain("nanos/oracle");
  expect(statuses(came).filter((status) => status < 400).length).toBeLessThanOrEqual(1);
});

test("one request after the other on one line is each its own", async () => {
  const body = '{"a":1}';
  const echo = head(
    "POST /echo HTTP/1.1",
    host(),
    auth(),
    JSON_TYPE,
    `Content-Length: ${body.length}`,
  );
  const none = get("/v1/models");
  const came = await it.raw(`${echo}${body}${none}`);
  // The second shows no key, whoever came before it on that line.
  expect(statuses(came)[0]).toBe(200);
  expect(
    statuses(came)
      .slice(1)
      .every((status) => status === 401),
  ).toBe(true);
});

/** Each is a request, and the status it is answered with. */
const REFUSED: readonly (readonly [
  name: string,
  status: number | readonly number[],
  sent: () => string,
])[] = [
  ...["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "u@127.0.0.1", ""].map(
    (name) =>
      [
        `rebinding: ${name || "no name"}`,
        421,
        () => head("GET /health HTTP/1.1", `Host: ${name}`, "Connection: close"),
      ] as const,
  ),
  ...[
    ["of another site", "Origin: https://evil.example"],
    ["of no origin", "Origin: null"],
    ["of another port", "Origin: http://127.0.0.1:1"],
    ["of another scheme", "Origin: https://127.0.0.1"],
    ["that says so", "Sec-Fetch-Site: cross-site"],
    ["of a neighbour", "Sec-Fetch-Site: same-site"],
  ].map(
    ([name, line = ""]) =>
      [`a page ${name}`, 403, () => `${post(line, "Content-Length: 2")}{}`] as const,
  ),
  ...[
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/jsonx",
  ].map(
    (type) =>
      [
        `a form: ${type}`,
        415,
        () =>
          `${head("POST /v1/runs HTTP/1.1", host(), auth(), `Content-Type: ${type}`, "Content-Length: 2", "Connection: close")}{}`,
      ] as const,
  ),
  ["no key", 401, () => get("/v1/models")],
  [
    "a key nobody made",
    401,
    () => get("/v1/models", `Authorization: Bearer nk_k1aaaa_${"0".repeat(64)}`),
  ],
  [
    "a key with another end",
    401,
    () =>
      get(
        "/v1/models",
        `Authorization: Bearer ${it.key.slice(0, -1)}${it.key.endsWith("0") ? "1" : "0"}`,
      ),
  ],
  [
    "a key in the address",
    401,
    () => head(`GET /v1/models?key=${it.key} HTTP/1.1`, host(), "Connection: close"),
  ],
  ["a key as a cookie", 401, () => get("/v1/models", `Cookie: key=${it.key}`)],
  ["a link as a key", 401, () => get("/v1/models", `Authorization: Bearer ${it.seat.link}`)],
  ["half of a seat: the cookie", 403, () => get("/v1/approvals", `Cookie: ${it.seat.cookie}`)],
  ["half of a seat: the proof", 401, () => get("/v1/approvals", `X-Nanos-Proof: ${it.seat.proof}`)],
  [
    "a cookie that was set before",
    401,
    () =>
      get(
        "/v1/approvals",
        `Cookie: ${it.seat.cookie.split("=")[0]}=fixed; ${it.seat.cookie}`,
        `X-Nanos-Proof: ${it.seat.proof}`,
      ),
  ],
  [
    "a link once more",
    401,
    () => {
      const body = JSON.stringify({ link: it.seat.link });
      return `${head("POST /v1/seats HTTP/1.1", host(), JSON_TYPE, `Content-Length: ${body.length}`, "Connection: close")}${body}`;
    },
  ],
  [
    "a preflight",
    403,
    () =>
      head(
        "OPTIONS /v1/runs HTTP/1.1",
        host(),
        "Origin: https://evil.example",
        "Access-Control-Request-Method: POST",
        "Connection: close",
      ),
  ],
  ["a body that says it is too large", 413, () => post("Content-Length: 1900000")],
  [
    "a head that is too large",
    [0, 400, 413, 431],
    () => head("GET /health HTTP/1.1", host(), `X: ${"x".repeat(70_000)}`),
  ],
  [
    "a flood of heads",
    [0, 400, 413, 431],
    () =>
      head("GET /health HTTP/1.1", host(), ...Array.from({ length: 6_000 }, (_, i) => `X-${i}: 1`)),
  ],
  ...["TRACE", "CONNECT", "PATCH", "PUT"].map(
    (method) =>
      [
        `the method ${method}`,
        [0, 400, 401, 403, 404, 405, 421, 501],
        () => head(`${method} /v1/runs HTTP/1.1`, host(), auth(), "Connection: close"),
      ] as const,
  ),
];

test.each([...REFUSED])("refused: %s", async (_, allowed, sent) => {
  const came = await it.raw(sent());
  const [status = 0, ...more] = statuses(came);
  const any = typeof allowed === "number" ? [allowed] : allowed;
  expect([any.includes(status), status, more]).toEqual([true, status, []]);
  expect(came.toLowerCase()).not.toContain("access-control-allow");
});

const LEADS_OUT = [
  ...[
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%252e%252e%252fetc%252fpasswd",
  ],
  ...["..%5c..%5cetc%5cpasswd", "%2fetc%2fpasswd", "x%00", "%00", "..%c0%af..%c0%afetc", "~", "."],
];

test("no name in an address leads out of what it names", async () => {
  const paths = ROUTES.filter(({ method, path }) => method !== "POST" && path.includes("{"));
  for (const { method, path } of paths) {
    for (const way of LEADS_OUT) {
      const [asked] = statuses(
        await it.raw(
          head(
            `${method} ${path.replaceAll(/\{\w+\}/gu, way)} HTTP/1.1`,
            host(),
            `Authorization: Bearer ${it.operator}`,
            "Connection: close",
          ),
        ),
      );
      expect([method, path, way, (asked ?? 400) >= 400]).toEqual([method, path, way, true]);
    }
  }
  for (const path of [
    "/../etc/passwd",
    "//etc/passwd",
    "/landing/../../etc/passwd",
    "/landing/%2e%2e/x",
  ]) {
    const came = await it.raw(head(`GET ${path} HTTP/1.1`, host(), auth(), "Connection: close"));
    expect(came).not.toContain("root:");
    expect((statuses(came)[0] ?? 400) >= 400).toBe(true);
  }
});

test("over TLS it answers, and nothing that is no TLS gets an answer", async () => {
  const { cert, key: certKey } = SELF_SIGNED;
  const secure = await serve(
    it.home.nanos,
    { clock: systemClock, random: systemRandom },
    {
      ...{
        host: "127.0.0.1",
        port: 0,
        names: [],
        plain: false,
        oauth: false,
        log: () => undefined,
      },
      tls: { cert, key: certKey },
    },
  );
  try {
    expect(secure.url).toStartWith("https://127.0.0.1:");
    // Nobody vouches for it: a client that looks does not go on.
    expect(await fetch(`${secure.url}/health`).catch(() => "refused")).toBe("refused");
    const tls = { rejectUnauthorized: false };
    expect((await fetch(`${secure.url}/health`, { tls })).status).toBe(200);
    const { secret: link } = await it.home.nanos.keys.link();
    const came = await fetch(`${secure.url}/v1/seats`, {
      tls,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ link }),
    });
    expect(came.headers.get("set-cookie")).toMatch(/^__Host-nanos-seat=.*; Secure$/u);
    const plain = secure.url.replace("https", "http");
    const status = await fetch(`${plain}/health`).then(
      (answer) => answer.status,
      () => "closed",
    );
    expect(status).not.toBe(200);
  } finally {
    await secure.stop();
  }
});
