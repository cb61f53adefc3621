import { describe, expect, test } from "bun:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import type { LanguageModelV2, LanguageModelV3, LanguageModelV4 } from "@ai-sdk/provider";
import type { Message } from "../contracts/message.ts";
import type { ModelEnd, ModelRequest } from "../contracts/model.ts";
import { fakeClock } from "../std/clock.ts";
import type { Json } from "../std/json.ts";
import { countingRandom } from "../std/random.ts";
import { fromLanguageModel, type AnyLanguageModel } from "./bridge.ts";
import { readFixture, serveResponses } from "./testing/fixture-server.ts";

/* Objects as a provider package may hand them in, each version of the interface by hand. */

const REQUEST: ModelRequest = {
  system: "Be brief.",
  messages: [
    {
      role: "user",
      parts: [
        { type: "text", text: "Look:" },
        { type: "image", media: "image/png", data: "aGk=" },
      ],
    },
  ],
  tools: [{ name: "read", description: "Reads.", input: { type: "object" } }],
  maxTokens: 100,
  agent: "oracle",
};

type Version = AnyLanguageModel["specificationVersion"];

/** An object that answers with `parts`, and keeps what it was asked. */
function objectOf(
  version: Version,
  parts: readonly object[],
  asked: Json[] = [],
): AnyLanguageModel {
  const model = {
    specificationVersion: version,
    provider: "by-hand",
    modelId: "small-1",
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error("not asked for")),
    doStream: async ({ abortSignal: _, ...options }: { abortSignal?: AbortSignal }) => {
      asked.push(options as Json);
      const stream = new ReadableStream<object>({
        start: (controller) => {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      return { stream };
    },
  };
  return model as unknown as LanguageModelV2 | LanguageModelV3 | LanguageModelV4;
}

async function endOf(model: AnyLanguageModel, request = REQUEST): Promise<ModelEnd> {
  const options = { clock: fakeClock(), random: countingRandom() };
  let end: ModelEnd | undefined;
  const stream = fromLanguageModel("m", model, options);
  for await (const event of stream.stream(request, new AbortController().signal)) {
    if (event.type === "end") end = event;
  }
  return end as ModelEnd;
}

const FINISH: Readonly<Record<Version, object>> = {
  v2: {
    type: "finish",
    finishReason: "tool-calls",
    usage: { inputTokens: 12, outputTokens: 7, totalTokens: 19, cachedInputTokens: 4 },
  },
  v3: {
    type: "finish",
    finishReason: { unified: "tool-calls", raw: "tool_calls" },
    usage: { inputTokens: { total: 12, cacheRead: 4 }, outputTokens: { total: 7 } },
  },
  v4: {
    type: "finish",
    finishReason: { unified: "tool-calls", raw: "tool_calls" },
    usage: { inputTokens: { total: 12, cacheRead: 4 }, outputTokens: { total: 7 } },
  },
};

for (const version of ["v2", "v3", "v4"] as const) {
  test(`${version}: a request goes in and an answer comes out`, async () => {
    const asked: Json[] = [];
    const object = objectOf(
      version,
      [
        { type: "stream-start", warnings: [] },
        { type: "response-metadata", modelId: "small-1-2026" },
        { type: "reasoning-start", id: "r" },
        { type: "reasoning-delta", id: "r", delta: "Hm." },
        { type: "reasoning-end", id: "r", providerMetadata: { p: { signature: "s" } } },
        { type: "text-start", id: "t" },
        { type: "text-delta", id: "t", delta: "Reading." },
        { type: "text-end", id: "t" },
        { type: "tool-input-start", id: "c1", toolName: "read" },
        { type: "tool-input-delta", id: "c1", delta: '{"path":"a.md"}' },
        { type: "tool-input-end", id: "c1" },
        { type: "tool-call", toolCallId: "c1", toolName: "read", input: '{"path":"a.md"}' },
        { type: "tool-call", toolCallId: "c1", toolName: "read", input: "{}" },
        {
          type: "tool-call",
          toolCallId: "c2",
          toolName: "web",
          input: "{}",
          providerExecuted: true,
        },
        FINISH[version],
      ],
      asked,
    );
    expect(await endOf(object)).toEqual({
      type: "end",
      finish: "calls",
      message: {
        role: "assistant",
        parts: [
          { type: "thinking", text: "Hm.", signature: '{"p":{"signature":"s"}}' },
          { type: "text", text: "Reading." },
          { type: "call", id: "c1", name: "read", args: { path: "a.md" } },
          { type: "call", id: "call_000000000000000000000001", name: "read", args: {} },
        ],
      },
      usage: { input: 12, output: 7, cached: 4 },
      model: "small-1-2026",
    });
    const image = version === "v4" ? { type: "data", data: "aGk=" } : "aGk=";
    expect(asked).toEqual([
      {
        prompt: [
          { role: "system", content: "Be brief." },
          {
            role: "user",
            content: [
              { type: "text", text: "Look:" },
              { type: "file", mediaType: "image/png", data: image },
            ],
          },
        ],
        maxOutputTokens: 100,
        tools: [
          {
            type: "function",
            name: "read",
            description: "Reads.",
            inputSchema: { type: "object" },
          },
        ],
        toolChoice: { type: "auto" },
      },
    ]);
  });
}

/** The failure an object's fault becomes. */
function check(name: string, object: AnyLanguageModel, code: string): void {
  test(name, async () => expect((await endOf(object)).failure?.code).toBe(code));
}

function throwing(error: unknown): AnyLanguageModel {
  return { ...objectOf("v4", []), doStream: () => Promise.reject(error) } as AnyLanguageModel;
}

describe("faults", () => {
  check("it throws", throwing(new Error("odd")), "model.bridge");
  check(
    "it throws at once",
    {
      ...objectOf("v4", []),
      doStream: () => {
        throw new Error("odd");
      },
    } as AnyLanguageModel,
    "model.bridge",
  );
  check("it throws a string", throwing("odd"), "model.provider_error");
  check(
    "a status",
    throwing(Object.assign(new Error("no"), { statusCode: 403 })),
    "model.forbidden",
  );
  check("no connection", throwing(new Error("Cannot connect to API")), "model.unreachable");
  check("no end", objectOf("v4", [{ type: "text-delta", id: "t", delta: "x" }]), "model.cut");
  check("nothing", objectOf("v3", [FINISH.v3]), "model.empty");
  check(
    "a filter",
    objectOf("v2", [{ ...FINISH.v2, finishReason: "content-filter" }]),
    "model.filtered",
  );
});

test("an object that minds no signal is left all the same", async () => {
  const never = { ...objectOf("v4", []), doStream: () => new Promise(() => {}) };
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 10);
  let end: unknown;
  const model = fromLanguageModel("m", never as unknown as AnyLanguageModel);
  for await (const event of model.stream(REQUEST, stop.signal)) end = event;
  expect((end as ModelEnd).finish).toBe("cancelled");
});

test("an object silent from the start is given up", async () => {
  const never = { ...objectOf("v4", []), doStream: () => new Promise(() => {}) };
  const timing = { firstMs: 20, idleMs: 20 };
  let end: unknown;
  const model = fromLanguageModel("m", never as unknown as AnyLanguageModel, { timing });
  for await (const event of model.stream(REQUEST, new AbortController().signal)) end = event;
  expect((end as ModelEnd).failure?.code).toBe("model.silent");
});

test("where it sends is not known unless said", () => {
  const object = objectOf("v4", []);
  expect(fromLanguageModel("m", object).host).toBe("unknown:0");
  expect(fromLanguageModel("m", object).price).toBeNull();
  expect(fromLanguageModel("m", object, { host: "a.example:443" }).host).toBe("a.example:443");
});

test("a signature goes back to the provider it came from, and to no other", async () => {
  const path = new URL("./fixtures/anthropic/thinking.txt", import.meta.url).pathname;
  const server = await serveResponses(await readFixture(path));
  try {
    const object = createAnthropic({ baseURL: `${server.url}/v1`, apiKey: "x" })("small-1");
    const first = await endOf(object);
    const foreign: Message = {
      role: "assistant",
      parts: [
        { type: "thinking", text: "Other.", signature: "not JSON" },
        { type: "text", text: "Yes." },
      ],
    };
    await endOf(object, { ...REQUEST, messages: [...REQUEST.messages, first.message, foreign] });
    const body = server.requests[1]?.body ?? "";
    expect(body).toContain('"signature":"EqQBCgIYAhIM=="');
    expect(body).toContain('"data":"EmwKAhgBEgy3"');
    expect(body).not.toContain("not JSON");
  } finally {
    await server.close();
  }
});
