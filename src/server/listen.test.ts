import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { LIMITS } from "../std/limits.ts";
import { systemRandom } from "../std/random.ts";
import { serve, type ServeOptions, type Serving } from "./serve.ts";
import { HOST, type Served, served } from "./testing/served.ts";

/** What comes over a real socket and is no request a well-meaning client sends. */

let home: Served;
let serving: Serving;
let port = 0;
let key = "";

const OPTIONS: ServeOptions = {
  ...{ host: "127.0.0.1", port: 0, names: [], plain: false, oauth: false },
  log: () => undefined,
};
const PARTS = { clock: systemClock, random: systemRandom };

beforeAll(async () => {
  home = await served();
  key = await home.key({ rate: 10_000 });
  serving = await serve(home.nanos, PARTS, OPTIONS);
  port = Number(new URL(serving.url).port);
});
afterAll(async () => {
  await serving.stop();
  await home.close();
});

/** Sends bytes as they are, and gives what comes until the other end closes or has answered. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1", () => socket.write(text));
    let came = "";
    socket.on("data", (data) => {
      came += data.toString();
      // Whatever else it was taken for, each answer has an end.
      if (/\r\n\r\n(?:[^]*\}|$)/u.test(came) && !came.startsWith("HTTP/1.1 100")) socket.end();
    });
    socket.on("close", () => resolve(came));
    socket.on("error", reject);
  });
}

const head = (...lines: readonly string[]): string => `${lines.join("\r\n")}\r\n\r\n`;
const statusOf = (came: string): string => /^HTTP\/1\.1 (\d{3})/u.exec(came)?.[1] ?? "closed";

test("requests that two readers could read in two ways are refused", async () => {
  const host = `Host: 127.0.0.1:${port}`;
  const auth = `Authorization: Bearer ${key}`;
  const inner = `GET /v1/models HTTP/1.1\r\n${host}\r\n${auth}\r\n\r\n`;
  const smuggled: readonly (readonly [string, string])[] = [
    ["no host", head("GET /health HTTP/1.1")],
    ["two hosts", head("GET /health HTTP/1.1", host, "Host: evil.example")],
    [
      "two lengths",
      `${head("POST /echo HTTP/1.1", host, auth, "Content-Length: 2", "Content-Length: 60")}{}${inner}`,
    ],
    [
      "length and chunks",
      `${head("POST /echo HTTP/1.1", host, auth, "Content-Type: application/json", "Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n${inner}`,
    ],
    ["a bad length", `${head("POST /echo HTTP/1.1", host, auth, "Content-Length: +2")}{}`],
    [
      "odd chunks",
      `${head("POST /echo HTTP/1.1", host, auth, "Transfer-Encoding: xchunked")}0\r\n\r\n`,
    ],
    [
      "a space before the colon",
      head("GET /v1/models HTTP/1.1", host, `Authorization : Bearer ${key}`),
    ],
    [
      "another host in the line",
      head("GET http://evil.example/health HTTP/1.1", "Host: evil.example"),
    ],
    ["TRACE", head("TRACE / HTTP/1.1", host)],
    ["CONNECT", head("CONNECT evil.example:443 HTTP/1.1", "Host: evil.example:443")],
  ];
  for (const [name, text] of smuggled) {
    const came = await raw(text);
    const statuses = [...came.matchAll(/HTTP\/1\.1 (\d{3})/gu)].map(([, status]) => Number(status));
    expect([name, statuses.every((status) => status >= 400), statuses.length <= 1]).toEqual([
      name,
      true,
      true,
    ]);
  }
});

test("a head that is too large, and one that never ends, get nowhere", async () => {
  const host = `Host: 127.0.0.1:${port}`;
  const large = await raw(head("GET /health HTTP/1.1", host, `X-Large: ${"x".repeat(64 * 1024)}`));
  expect(Number(statusOf(large)) >= 400 || statusOf(large) === "closed").toBe(true);
  const many = Array.from({ length: 5_000 }, (_, i) => `X-${i}: 1`);
  const flood = await raw(head("GET /health HTTP/1.1", host, ...many));
  expect(statusOf(flood)).not.toBe("200");
  // And who is well behaved is still served.
  expect((await fetch(`${serving.url}/health`)).status).toBe(200);
});

test("heads that come in bits hold nobody up, and are not waited for without end", async () => {
  const begun = `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Slow: `;
  const held = ["", "GET", begun, begun].map((text) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let heard = "";
    socket.on("data", (data) => (heard += data.toString()));
    socket.on("error", () => undefined);
    const closed = new Promise<string>((resolve) => {
      socket.on("close", () => resolve(heard));
    });
    return { socket, closed };
  });
  expect((await fetch(`${serving.url}/health`)).status).toBe(200);
  // How long they are held is the runtime's to say, and seconds: that is waited for in the soak.
  if (process.env["NANOS_SOAK"] !== "1") for (const { socket } of held) socket.destroy();
  // Whoever goes on with it bit by bit gets no more time than the others.
  const last = held.at(-1)?.socket;
  while (last?.writable) {
    last.write("x");
    await systemClock.sleep(200);
  }
  for (const { closed } of held) expect(statusOf(await closed)).not.toBe("200");
});

test("who is let in may take their time, and once answered is waited for like anybody else", async () => {
  const told: boolean[] = [];
  const headers = { host: HOST, authorization: `Bearer ${key}` };
  const ask = async (path: string, more: object = {}): Promise<readonly boolean[]> => {
    told.length = 0;
    const request = new Request(`http://${HOST}${path}`, { headers, ...more });
    const answer = await home.app.fetch(request, (inside) => void told.push(inside));
    const atHead = [...told];
    await answer.text();
    return [...atHead, ...told.slice(atHead.length)];
  };
  expect(await ask("/v1/models")).toEqual([true, false]);
  expect(await ask("/v1/models", { headers: { host: HOST } })).toEqual([]);
  const streamed = await home.ask("POST", "/v1/runs", { key, body: { text: "echo hello" } });
  const { run } = streamed.body as { run: string };
  expect(await ask(`/v1/runs/${run}/events`)).toEqual([true, false]);
  // How long that is is the runtime's to say, and seconds: it is waited for in the soak.
  if (process.env["NANOS_SOAK"] !== "1") return;
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.resume().on("close", resolve));
  socket.write(
    head("GET /v1/models HTTP/1.1", `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${key}`),
  );
  await closed;
});

test("what can be reached from elsewhere needs a key, and TLS or a word", async () => {
  const other = await served();
  try {
    const at = (more: Partial<ServeOptions>): Promise<unknown> =>
      serve(other.nanos, PARTS, { ...OPTIONS, host: "0.0.0.0", ...more }).then(
        (one) => one.stop(),
        (error: unknown) => (error as { code?: string }).code,
      );
    expect(await at({ plain: true })).toBe("serve.no_key");
    await other.key({});
    expect(await at({})).toBe("serve.no_tls");
    expect(await at({ plain: true })).toBeUndefined();
    expect(await at({ plain: true, host: "127.0.0.1", port })).toBe("serve.port_taken");
    expect(await at({ plain: true, host: "192.0.2.1" })).toBe("serve.cannot_listen");
  } finally {
    await other.close();
  }
});

test("told to stop, it begins nothing new and lets what is under way end", async () => {
  const one = await serve(home.nanos, PARTS, OPTIONS);
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({
    model: "nanos/oracle",
    messages: [{ role: "user", content: "calculate 2 + 2" }],
  });
  const asked = fetch(`${one.url}/v1/chat/completions`, { method: "POST", headers, body });
  const before = home.nanos.traces.list({ limit: 1 })[0]?.run;
  while (home.nanos.traces.list({ limit: 1 })[0]?.run === before) await systemClock.sleep(5);
  await one.stop();
  expect(await (await asked).json()).toMatchObject({ choices: [{ message: { content: "4" } }] });
  expect(await fetch(`${one.url}/health`).catch(() => "closed")).toBe("closed");
});

test("told to stop, it ends what streams in order: what is made is heard to its end, what watches is closed", async () => {
  const slow = await served({
    arrange: (dir) => {
      const turns = [{ say: "one word after another", delayMs: 300 }];
      writeFileSync(join(dir, "models", "recorded.yaml"), JSON.stringify({ turns }));
    },
  });
  await slow.nanos.models.use("recorded");
  const up = await serve(slow.nanos, PARTS, OPTIONS);
  const [client, operator] = [await slow.key(), await slow.key({ agent: null })];
  const ask = (path: string, by: string, body?: object): Promise<Response> =>
    fetch(`${up.url}${path}`, {
      headers: { authorization: `Bearer ${by}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  const watching = await ask("/v1/events", operator);
  const chat = await ask("/v1/chat/completions", client, {
    ...{ model: "nanos/oracle", stream: true },
    messages: [{ role: "user", content: "how are you?" }],
  });
  const ends = Promise.all([watching.text(), chat.text()]);
  await up.stop();
  const [watched, said] = await ends;
  expect(said).toEndWith("data: [DONE]\n\n");
  expect(watched).toContain("run.started");
  expect(await ask("/health", client).catch(() => "gone")).toBe("gone");
  await slow.close();
});

test("what does not end in time is left as it is, and whoever waits for it is told to go on with it", async () => {
  const slow = await served({ hanging: true });
  const client = await slow.key();
  const operator = await slow.key({ agent: null });
  // The time it has is over when the test says so.
  const late = Promise.withResolvers<void>();
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    ms === LIMITS.httpDrainMs ? late.promise : systemClock.sleep(ms, signal);
  const up = await serve(slow.nanos, { ...PARTS, clock: { ...systemClock, sleep } }, OPTIONS);
  const ask = (path: string, by: string, body?: object): Promise<Response> =>
    fetch(`${up.url}${path}`, {
      headers: { authorization: `Bearer ${by}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  const messages = [{ role: "user", content: "how are you?" }];
  const model = "nanos/oracle";
  const waiting = [
    ask("/v1/chat/completions", client, { model, messages }),
    ask("/v1/chat/completions", client, { model, messages, stream: true }),
    ask("/v1/responses", client, { model, input: "how are you?", stream: true }),
    ask("/api/chat", client, { model, messages }),
    ask("/nanocode", client, { input: "how are you?" }),
    ask("/v1/events", operator),
  ].map(async (one) => {
    const answer = await one;
    return { status: answer.status, text: await answer.text() };
  });
  const going = (): readonly { run: string; state: string }[] =>
    slow.nanos.traces.list({ limit: 50 }).filter(({ state }) => state === "running");
  while (going().length < 5) await systemClock.sleep(5);
  const runs = going().map(({ run }) => run);
  const stopped = up.stop();
  late.resolve();
  const [whole, streamed, response, lines, nanocode, watched] = await Promise.all(waiting);
  await stopped;
  for (const one of [whole, nanocode]) {
    expect([one?.status, JSON.parse(one?.text ?? "")]).toMatchObject([
      503,
      { error: { code: "http.left", message: expect.stringContaining("nanos resume r") } },
    ]);
  }
  for (const one of [streamed, response, lines]) expect(one?.text).toContain("The server stopped");
  expect(streamed?.text).toEndWith("data: [DONE]\n\n");
  expect(watched?.text).toContain("run.started");
  // It is neither ended nor stopped: whoever carries it next goes on with it.
  expect(going().map(({ run }) => run)).toEqual(runs);
  await slow.close();
});
