import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { systemClock } from "../std/clock.ts";
import { brokerFetch, type BrokerOptions } from "./broker.ts";
import { handlesIn, hostFor } from "./handles.ts";

const VALUE = "tok-7Hq2ZpW9vT4bN6xL";
const SECRETS = new Map([["key", VALUE]]);
const HEADERS = { authorization: "Bearer {secret:key}", "x-other": "{secret:other}" };

const servers: Server[] = [];
const seen: { readonly url: string; readonly authorization: string }[] = [];
let host = "";
let elsewhere = "";

/** Redirects `/there` to another host, `/here` to itself, and answers what header it got. */
beforeAll(async () => {
  for (const n of [0, 1]) {
    const server = createServer((request, response) => {
      const { authorization = "" } = request.headers;
      seen.push({ url: `${n}${request.url}`, authorization });
      const to = { "/there": `http://${elsewhere}/end`, "/here": "/end" }[request.url ?? ""];
      if (to) response.writeHead(302, { location: to }).end();
      else response.end(JSON.stringify(request.headers));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    servers.push(server);
    const { port } = server.address() as { port: number };
    if (n === 0) host = `127.0.0.1:${port}`;
    else elsewhere = `127.0.0.1:${port}`;
  }
});
afterAll(() => servers.forEach((server) => server.close()));

async function fetchIt(
  url: string,
  options: Partial<BrokerOptions> = {},
): ReturnType<typeof brokerFetch> {
  const wanted = { method: "GET", url, headers: HEADERS, body: "{secret:key}" };
  const { signal } = new AbortController();
  const privateOk = [host, elsewhere];
  return brokerFetch(wanted, {
    privateOk,
    signal,
    clock: systemClock,
    secrets: SECRETS,
    ...options,
  });
}

test("a value takes its handle's place in headers alone, and others stay handles", async () => {
  const reply = await fetchIt(`http://${host}/{secret:key}?q={secret:key}`);
  if ("code" in reply) throw new Error(reply.message);
  expect(JSON.parse(reply.body)).toMatchObject({
    authorization: `Bearer ${VALUE}`,
    "x-other": "{secret:other}",
  });
  expect(seen.at(-1)?.url).not.toContain(VALUE);
  expect(reply.url).not.toContain(VALUE);
});

test("it follows a redirect on its host, and never one to another", async () => {
  seen.length = 0;
  expect(await fetchIt(`http://${host}/here`)).toMatchObject({ status: 200 });
  expect(await fetchIt(`http://${host}/there`)).toMatchObject({ code: "fetch.redirected" });
  const authorization = `Bearer ${VALUE}`;
  expect(seen).toEqual(
    ["/here", "/end", "/there"].map((path) => ({ url: `0${path}`, authorization })),
  );
});

const REFUSED: readonly (readonly [string, string, string, string])[] = [
  ["without encryption to a public host", "http://example.org/", VALUE, "fetch.in_clear"],
  ["without encryption on the port of https", "http://example.org:443/", VALUE, "fetch.in_clear"],
  ["of several lines", "https://example.org/", "a\nb: c", "fetch.bad_request"],
];
for (const [what, url, value, code] of REFUSED) {
  test(`a secret ${what} is not sent, and no name looked up`, async () => {
    const resolve = async (): Promise<never> => {
      throw new Error("it was looked up");
    };
    const reply = await fetchIt(url, { secrets: new Map([["key", value]]), resolve });
    expect(reply).toMatchObject({ code });
    expect(JSON.stringify(reply)).not.toContain(value);
  });
}

test("without secrets a plain request goes out as before", async () => {
  const resolve = async (): Promise<never> => {
    throw new Error("it was looked up");
  };
  expect(await fetchIt("http://example.org/", { secrets: new Map(), resolve })).toMatchObject({
    code: "fetch.unresolved",
  });
});

test("handles and hosts are read in one way", () => {
  expect(
    handlesIn(["a {secret:A} {secret:b.c-d}", "{secret:A}", "{secret:}", "{secret:a b}"]),
  ).toEqual(["A", "b.c-d"]);
  expect(
    ["https://API.example.org/x", "http://x.org", "http://127.1:8080", "nope"].map(hostFor),
  ).toEqual(["api.example.org:443", "x.org:80", "127.0.0.1:8080", null]);
});
