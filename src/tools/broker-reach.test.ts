import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { systemClock } from "../std/clock.ts";
import { brokerFetch, type BrokerOptions } from "./broker.ts";
import type { Resolve } from "./proxy/dial.ts";
import { SELF_SIGNED } from "./testing/self-signed.ts";

setDefaultTimeout(30_000);

function get(url: string, options: Partial<BrokerOptions> = {}): ReturnType<typeof brokerFetch> {
  const wanted = { method: "GET", url, headers: {}, body: null };
  const { signal } = new AbortController();
  return brokerFetch(wanted, { privateOk: [], signal, clock: systemClock, ...options });
}

const codeOf = (reply: Awaited<ReturnType<typeof brokerFetch>>): string =>
  "code" in reply ? reply.code : String(reply.status);
const bodyOf = (reply: Awaited<ReturnType<typeof brokerFetch>>): string => {
  if ("code" in reply) throw new Error(`${reply.code}: ${reply.message}`);
  return reply.body;
};

let server: Server;
let host = "";
const seen: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? "");
    if (request.url === "/hop") response.writeHead(302, { location: "/" }).end();
    else response.end(JSON.stringify({ headers: request.headers }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

/** Every spelling a page or a model may use for a place it must not reach. */
const SPELLINGS = [
  "127.0.0.1",
  "127.1",
  "127.0.1",
  "2130706433",
  "0x7f000001",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "017700000001",
  "0x7f.1",
  "127.0.0.1.",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "%31%32%37.0.0.1",
  "127。0。0。1",
  "①②⑦.0.0.1",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "0.0.0.0",
  "0",
  "[::]",
  "10.0.0.1",
  "192.168.1.1",
  "172.16.0.1",
  "100.64.0.1",
  "169.254.169.254",
  "0xa9fea9fe",
  "[fe80::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "224.0.0.1",
  "255.255.255.255",
  "198.18.0.1",
];

test.each(SPELLINGS.map((spelling) => [spelling]))("http://%s is not public", async (spelling) => {
  const port = host.split(":")[1] ?? "";
  const before = seen.length;
  expect(["fetch.private_address", "fetch.unresolved", "fetch.bad_url"]).toContain(
    codeOf(await get(`http://${spelling}:${port}/`)),
  );
  expect(seen.length).toBe(before);
});

describe("a grant", () => {
  const private4: Resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  const at = (port: string): string => `nas.home:${port}`;

  test("opens exactly the host and port it names", async () => {
    const port = host.split(":")[1] ?? "";
    expect(
      codeOf(await get(`http://nas.home:${port}/`, { privateOk: [at(port)], resolve: private4 })),
    ).toBe("200");
    for (const privateOk of [[], [at("1")], [host], ["nas.home"], ["*"], [`other.home:${port}`]]) {
      expect(codeOf(await get(`http://nas.home:${port}/`, { privateOk, resolve: private4 }))).toBe(
        "fetch.private_address",
      );
    }
  });

  test.each([
    ["169.254.169.254", 4],
    ["0.0.0.0", 4],
    ["fe80::1", 6],
    ["fd00:ec2::254", 6],
  ])("of a name does not open %s behind it", async (address, family) => {
    const resolve: Resolve = async () => [{ address, family }];
    expect(codeOf(await get("http://nas.home:80/", { privateOk: ["nas.home:80"], resolve }))).toBe(
      "fetch.private_address",
    );
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
    const reply = await get(`http://rebind.test:${port()}/seen`, {
      resolve,
      privateOk: [`rebind.test:${port()}`],
    });
    expect(JSON.parse(bodyOf(reply))).toMatchObject({ headers: { host: `rebind.test:${port()}` } });
    expect(asked).toBe(1);
  });

  test("with one private address among public ones is refused", async () => {
    const resolve: Resolve = async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "10.0.0.1", family: 4 },
    ];
    expect(codeOf(await get("http://mixed.test/", { resolve }))).toBe("fetch.private_address");
  });

  test("that turns private on a redirect is refused there", async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
    };
    const reply = await get(`http://turn.test:${port()}/hop`, {
      resolve,
      privateOk: [`turn.test:${port()}`],
    });
    expect(codeOf(reply)).toBe("fetch.private_address");
    expect(asked).toBe(2);
  });

  test("with an address that does not answer is tried at the next", async () => {
    const resolve: Resolve = async () => [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    expect(
      codeOf(
        await get(`http://two.test:${port()}/`, { resolve, privateOk: [`two.test:${port()}`] }),
      ),
    ).toBe("200");
  });

  test("that cannot be resolved, or never is", async () => {
    expect(
      codeOf(await get("http://none.test/", { resolve: () => Promise.reject(new Error("no")) })),
    ).toBe("fetch.unresolved");
    expect(codeOf(await get("http://none.test/", { resolve: async () => [] }))).toBe(
      "fetch.unresolved",
    );
    expect(
      codeOf(
        await get("http://slow.test/", { resolve: () => new Promise(() => undefined), ms: 100 }),
      ),
    ).toBe("fetch.timeout");
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
  expect(
    codeOf(await get(`https://name.test:${port}/`, { privateOk: [`name.test:${port}`], resolve })),
  ).toBe("fetch.tls");
  secure.close();
  secure.closeAllConnections();
});
