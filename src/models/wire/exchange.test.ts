import { expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelEnd, ModelEvent, ModelRequest } from "../../contracts/model.ts";
import { fakeClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { countingRandom } from "../../std/random.ts";
import type { ModelDeps } from "../adapter.ts";
import { openModel } from "../open.ts";
import { readFixture, serveResponses, type WireResponse } from "../testing/fixture-server.ts";
import { retryAfter } from "./retry-after.ts";

const REQUEST: ModelRequest = {
  system: "",
  messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }],
  tools: [{ name: "read", description: "", input: {} }],
  agent: "oracle",
};

const KEY = "sk-canary-0123456789";
const deps = (): ModelDeps => ({
  env: { KEY },
  clock: fakeClock(),
  random: countingRandom(),
  arrangementDir: null,
  routes: [],
});

async function events(responses: readonly WireResponse[], more = {}): Promise<ModelEvent[]> {
  const server = await serveResponses(responses);
  try {
    const model = await openModel(
      "local",
      { adapter: "openai-compatible", url: `${server.url}/v1`, model: "m", keyEnv: "KEY", ...more },
      deps(),
    );
    const all: ModelEvent[] = [];
    for await (const event of model.stream(REQUEST, new AbortController().signal)) all.push(event);
    return all;
  } finally {
    await server.close();
  }
}

const stream = (body: string): WireResponse => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: Buffer.from(body),
  end: "close",
});
const delta = (value: object): string =>
  `data: ${JSON.stringify({ choices: [{ delta: value }] })}\n\n`;
const last = (all: readonly ModelEvent[]): ModelEnd => all.at(-1) as ModelEnd;

function checkLimit(name: string, body: () => string, code: string): void {
  test(name, async () => {
    const end = last(await events([stream(body())]));
    expect([end.finish, end.failure?.code]).toEqual(["failed", code]);
  });
}

const LINE = LIMITS.modelLineBytes;
checkLimit("an oversize line", () => delta({ content: "x".repeat(LINE) }), "model.line_too_long");
checkLimit(
  "an oversize answer in text",
  () => delta({ content: "x".repeat(LINE / 2) }).repeat(9),
  "model.answer_too_long",
);
checkLimit(
  "an oversize answer in arguments",
  () =>
    delta({
      tool_calls: [{ index: 0, function: { name: "read", arguments: "x".repeat(LINE / 2) } }],
    }).repeat(9),
  "model.answer_too_long",
);
checkLimit(
  "a stream without end that says nothing",
  () => `: ${"x".repeat(1_000)}\n`.repeat(LIMITS.modelWireBytes / 1_000),
  "model.answer_too_long",
);

test("overloaded to the last try", async () => {
  const busy = { status: 503, headers: {}, body: Buffer.from("busy"), end: "close" } as const;
  const all = await events([busy]);
  expect(all.map((event) => event.type)).toEqual(["retry", "retry", "end"]);
  expect(last(all).failure?.code).toBe("model.overloaded");
});

test("a key the provider says back is in no event", async () => {
  const all = await events([
    stream(
      delta({ content: `Your key is ${KEY}.` }) +
        delta({ reasoning_content: KEY }) +
        delta({
          tool_calls: [{ index: 0, function: { name: "read", arguments: `{"k":"${KEY}"}` } }],
        }) +
        `data: {"error":{"message":"key ${KEY} is odd","type":"server_error"}}\n\n`,
    ),
  ]);
  expect(last(all).failure?.message).toContain("*** is odd");
  expect(JSON.stringify(all)).not.toContain("canary");
});

test("a failure's words are one clean line", async () => {
  const message = `bad\n\u001b[2J\u202e${"x".repeat(1_000)}`;
  const body = Buffer.from(JSON.stringify({ error: { message } }));
  const response = { status: 400, headers: { "content-type": "application/json" }, body };
  const end = last(await events([{ ...response, end: "close" }]));
  expect(end.failure?.message).toMatch(/^[\x20-\x7e…]{1,400}$/u);
});

test("a character cut in two by the provider is given out whole", async () => {
  const all = await events([
    stream(
      'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n' +
        'data: {"choices":[{"delta":{"content":"\\udc4bb"}}]}\n\n' +
        'data: {"choices":[{"delta":{"content":"\\ud83d"},"finish_reason":"stop"}]}\n\n' +
        "data: [DONE]\n\n",
    ),
  ]);
  const deltas = all.flatMap((event) => (event.type === "text" ? [event.delta] : []));
  expect(deltas).toEqual(["a", "👋b", "\ud83d"]);
});

test("held text is in the end when the stream breaks", async () => {
  const end = last(await events([stream(delta({ content: "Hm. <tool_call>{" }))]));
  expect([end.failure?.code, end.message.parts]).toEqual([
    "model.cut",
    [{ type: "text", text: "Hm. <tool_call>{" }],
  ]);
});

test("answers in a row go over one connection", async () => {
  const path = new URL("../fixtures/openai-compatible/text.txt", import.meta.url).pathname;
  const [response] = await readFixture(path);
  let connections = 0;
  const server = createServer((request, reply) => {
    request.resume();
    request.on("end", () => {
      reply.writeHead(200, response?.headers ?? {});
      reply.end(response?.body);
    });
  });
  server.on("connection", () => (connections += 1));
  server.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const model = await openModel("local", { adapter: "openai-compatible", url, model: "m" }, deps());
  for (let i = 0; i < 5; i++) {
    for await (const event of model.stream(REQUEST, new AbortController().signal)) void event;
    // What is left of the stream is read after the end was given out.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  server.closeAllConnections();
  server.close();
  expect(connections).toBe(1);
});

test("many streams at once", async () => {
  const path = new URL("../fixtures/openai-compatible/call.txt", import.meta.url).pathname;
  const server = await serveResponses(await readFixture(path), 50);
  const config = { adapter: "openai-compatible", url: `${server.url}/v1`, model: "m" } as const;
  const model = await openModel("local", config, deps());
  const ends = await Promise.all(
    Array.from({ length: 100 }, async () => {
      let end: ModelEvent | undefined;
      for await (const event of model.stream(REQUEST, new AbortController().signal)) end = event;
      return (end as ModelEnd).finish;
    }),
  );
  await server.close();
  expect(new Set(ends)).toEqual(new Set(["calls"]));
});

function checkRetryAfter(headers: Record<string, string>, expected: number | null): void {
  test(`retry-after ${JSON.stringify(headers)}`, () => {
    expect(retryAfter(new Headers(headers), Date.UTC(2026, 0, 1))).toBe(expected);
  });
}
checkRetryAfter({}, null);
checkRetryAfter({ "retry-after": "2" }, 2_000);
checkRetryAfter({ "retry-after": "0.5" }, 500);
checkRetryAfter({ "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }, 60_000);
checkRetryAfter({ "retry-after": "Wed, 31 Dec 2025 23:00:00 GMT" }, 0);
checkRetryAfter({ "retry-after": "soon" }, null);
checkRetryAfter({ "retry-after": "-5" }, null);
checkRetryAfter({ "retry-after-ms": "250", "retry-after": "9" }, 250);
