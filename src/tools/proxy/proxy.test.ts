import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { connect, createServer, type Server } from "node:net";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { readHello } from "./hello.ts";
import { newPassage, openProxy, type Passage, type Proxy, reachedOf } from "./proxy.ts";

setDefaultTimeout(60_000);

/** The greeting of a TLS client with these extensions, in so many records. */
function hello(extensions: Buffer, records = 1): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    sized(1, Buffer.from("id")),
    sized(2, Buffer.from([0x13, 1])),
    sized(1, Buffer.from([0])),
    sized(2, extensions),
  ]);
  const message = Buffer.concat([Buffer.from([1]), sized(3, body)]);
  const step = Math.ceil(message.length / records);
  const parts = Array.from({ length: records }, (_, i) =>
    message.subarray(i * step, (i + 1) * step),
  );
  return Buffer.concat(
    parts
      .filter((part) => part.length > 0)
      .map((part) => Buffer.concat([Buffer.from([22, 3, 1]), sized(2, part)])),
  );
}

function sized(bytes: number, data: Buffer): Buffer {
  const head = Buffer.alloc(bytes);
  head.writeUIntBE(data.length, 0, bytes);
  return Buffer.concat([head, data]);
}

function nameOf(...names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    Buffer.concat([Buffer.from([0]), sized(2, Buffer.from(name))]),
  );
  return Buffer.concat([Buffer.from([0, 0]), sized(2, sized(2, Buffer.concat(entries)))]);
}

const OTHER = Buffer.concat([Buffer.from([0, 10]), sized(2, Buffer.from([0, 2, 0, 29]))]);

describe("the host in a TLS greeting", () => {
  const cases: readonly (readonly [string, Buffer, ReturnType<typeof readHello>])[] = [
    ["one name", hello(nameOf("a.test")), { kind: "hello", name: "a.test" }],
    [
      "after others",
      hello(Buffer.concat([OTHER, nameOf("a.test"), OTHER])),
      { kind: "hello", name: "a.test" },
    ],
    ["no name", hello(OTHER), { kind: "hello", name: null }],
    ["no extensions", hello(Buffer.alloc(0)), { kind: "hello", name: null }],
    ["two names", hello(nameOf("a.test", "b.test")), { kind: "none" }],
    [
      "the extension twice",
      hello(Buffer.concat([nameOf("a.test"), nameOf("b.test")])),
      { kind: "none" },
    ],
    ["an extension cut short", hello(nameOf("a.test").subarray(0, 8)), { kind: "none" }],
    ["another kind of message", Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]), { kind: "none" }],
    ["an empty record", Buffer.from([22, 3, 1, 0, 0]), { kind: "none" }],
    ["an alert", Buffer.from([21, 3, 1, 0, 2, 1, 0]), { kind: "none" }],
    ["another protocol", Buffer.from("SSH-2.0"), { kind: "none" }],
    ["nothing yet", Buffer.alloc(0), { kind: "part" }],
  ];
  for (const [name, bytes, want] of cases) {
    test(name, () => expect(readHello(bytes)).toEqual(want));
  }

  test("is the same in however many records and pieces it comes", () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 40 }), fc.nat(), (name, records, cut) => {
        const whole = hello(Buffer.concat([OTHER, nameOf(name)]), records);
        expect(readHello(whole)).toEqual({ kind: "hello", name });
        expect(readHello(whole.subarray(0, cut % whole.length))).toEqual({ kind: "part" });
      }),
    );
  });

  test("is never read out of what is none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const found = readHello(Buffer.concat([Buffer.from([22, 3, 1]), noise]));
        if (found.kind === "hello") expect(noise[2]).toBe(1);
      }),
    );
  });
});

describe("the way out of one process", () => {
  const open: (Proxy | Server)[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  async function way(): Promise<{ proxy: Proxy; passage: Passage; target: string; got: string[] }> {
    const got: string[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        got.push(String(data));
        socket.write(`HTTP/1.1 200 OK\r\n\r\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const target = `127.0.0.1:${port}`;
    const proxy = await openProxy({ scopes: [`net:${target}`], granted: [] });
    open.push(server, proxy);
    return { proxy, passage: newPassage(), target, got };
  }

  /** Says something to a proxy; gives the first answer, or `closed`. */
  function say(
    { socket }: Proxy,
    text: string,
  ): Promise<{ first: string; closed: Promise<void>; end: () => void }> {
    return new Promise((resolve) => {
      const client = connect(socket);
      const closed = new Promise<void>((gone) => client.on("close", () => gone()));
      const end = (): void => void client.destroy();
      client.on("error", () => undefined);
      client.on("connect", () => client.write(text));
      client.on("data", (data) => resolve({ first: String(data), closed, end }));
      client.on("close", () => resolve({ first: "closed", closed, end }));
    });
  }

  const request = (target: string): string =>
    `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n\r\n`;

  test("lies where nobody else gets at it, and goes with the process", async () => {
    const { proxy } = await way();
    const folder = dirname(proxy.socket);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    proxy.close();
    expect(existsSync(folder)).toBe(false);
  });

  test("is open while a call is; what is open at its end is cut", async () => {
    const { proxy, passage, target, got } = await way();
    expect((await say(proxy, request(target))).first).toBe("closed");
    proxy.enter(passage);
    const second = newPassage();
    proxy.enter(second);
    const kept = await say(proxy, `CONNECT ${target} HTTP/1.1\r\n\r\n`);
    expect(kept.first).toContain("200");
    proxy.leave(passage);
    expect((await say(proxy, request(target))).first).toContain("200 OK");
    proxy.leave(second);
    await kept.closed;
    expect((await say(proxy, request(target))).first).toBe("closed");
    expect(got).toHaveLength(1);
    expect([reachedOf(passage), reachedOf(second)]).toEqual([
      { hosts: [target] },
      { hosts: [target] },
    ]);
  });

  test("has a number of connections at once, and in all", async () => {
    const { proxy, passage, target } = await way();
    proxy.enter(passage);
    const tunnel = `CONNECT ${target} HTTP/1.1\r\n\r\n`;
    const held = await Promise.all(
      Array.from({ length: LIMITS.proxyConnections }, () => say(proxy, tunnel)),
    );
    expect(held.every(({ first }) => first.includes(" 200 "))).toBe(true);
    expect((await say(proxy, tunnel)).first).toContain("403");
    for (const one of held) one.end();
    await Promise.all(held.map(({ closed }) => closed));
    for (let i = LIMITS.proxyConnections + 1; i < LIMITS.proxyConnectionsInAll; i += 50) {
      const some = await Promise.all(Array.from({ length: 50 }, () => say(proxy, "x\r\n\r\n")));
      await Promise.all(some.map(({ closed }) => closed));
    }
    expect((await say(proxy, request(target))).first).toContain("403");
    expect(reachedOf(passage).refused).toContainEqual({ scope: "net:*", why: "limit" });
  });

  test("keeps so many refusals and no more", async () => {
    const { proxy, passage } = await way();
    proxy.enter(passage);
    for (let i = 1; i <= LIMITS.proxyRefusals + 4; i++) {
      await say(proxy, `CONNECT h${i}.test:443 HTTP/1.1\r\n\r\n`);
    }
    expect(reachedOf(passage).refused).toHaveLength(LIMITS.proxyRefusals);
  });

  test("carries so many bytes and no more", async () => {
    const { proxy, passage, target } = await way();
    proxy.enter(passage);
    const body = Buffer.alloc(8 * 1024 * 1024, "x");
    const head = `POST http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nContent-Length: ${LIMITS.proxyBytes + 1}\r\n\r\n`;
    await new Promise<void>((resolve) => {
      const client = connect(proxy.socket, () => {
        client.write(head);
        feed();
      });
      const feed = (): void => {
        while (!client.destroyed && client.write(body)) continue;
      };
      client.on("drain", feed);
      client.on("error", () => undefined);
      client.on("close", () => resolve());
    });
    expect(reachedOf(passage).refused).toEqual([{ scope: "net:*", why: "limit" }]);
  });
});
