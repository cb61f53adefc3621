import { describe, expect, test } from "bun:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import type { Message } from "../../contracts/message.ts";
import type { ModelConfig, ModelEnd, ModelRequest, Price } from "../../contracts/model.ts";
import { fakeClock } from "../../std/clock.ts";
import { isObject, type Json } from "../../std/json.ts";
import { countingRandom } from "../../std/random.ts";
import { fromLanguageModel } from "../bridge.ts";
import { costOf, dearestInput, type Model } from "../model.ts";
import { openModel } from "../open.ts";
import { readFixture, serveResponses } from "../testing/fixture-server.ts";

/* That a provider's cache stays warm, what it is told to keep, and what it costs. */

const TOOLS = [{ name: "read", description: "Reads.", input: { type: "object" } }];

/** A conversation that grows by an answer and as many results as it asked for. */
function grown(turns: number, calls: number): Message[] {
  const messages: Message[] = [{ role: "user", parts: [{ type: "text", text: "Go." }] }];
  for (let turn = 0; turn < turns; turn++) {
    const ids = Array.from({ length: calls }, (_, i) => `c${turn}_${i}`);
    messages.push(
      { role: "assistant", parts: ids.map((id) => ({ type: "call", id, name: "read", args: {} })) },
      {
        role: "tool",
        parts: ids.map((id) => ({ type: "result", id, name: "read", text: "x", error: false })),
      },
    );
  }
  return messages;
}

async function bodiesOf(
  adapter: ModelConfig["adapter"] | "bridge",
  requests: readonly (readonly Message[])[],
): Promise<readonly string[]> {
  const folder =
    adapter === "openai" ? "openai-compatible" : adapter === "bridge" ? "anthropic" : adapter;
  const path = new URL(`../fixtures/${folder}/text.txt`, import.meta.url).pathname;
  const server = await serveResponses(await readFixture(path));
  try {
    const model = adapter === "bridge" ? bridged(server.url) : await opened(adapter, server.url);
    for (const messages of requests) {
      const request: ModelRequest = { system: "Be brief.", messages, tools: TOOLS, agent: "o" };
      for await (const event of model.stream(request, new AbortController().signal)) void event;
    }
    return server.requests.map(({ body }) => body);
  } finally {
    await server.close();
  }
}

const opened = (adapter: ModelConfig["adapter"], url: string): Promise<Model> =>
  openModel(
    "m",
    { adapter, url, model: "m", keyEnv: "KEY" },
    {
      ...{ env: { KEY: "k" }, clock: fakeClock(), random: countingRandom() },
      ...{ arrangementDir: null, routes: [] },
    },
  );

const bridged = (url: string): Model =>
  fromLanguageModel("m", createAnthropic({ baseURL: `${url}/v1`, apiKey: "k" })("m"), {
    clock: fakeClock(),
  });

const MARK = '"cache_control":{"type":"ephemeral"}';
const unmarked = (body: string): string => body.replaceAll(`,${MARK}`, "");

/** What two bodies begin with alike. */
function common(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  return i;
}

test.each<ModelConfig["adapter"] | "bridge">([
  "openai-compatible",
  "openai",
  "anthropic",
  "ollama",
  "bridge",
])("%s: a request is the one before it with something added at its end", async (adapter) => {
  const all = grown(6, 2);
  const requests = Array.from({ length: 7 }, (_, turn) => all.slice(0, 1 + turn * 2));
  const bodies = (await bodiesOf(adapter, requests)).map(unmarked);
  for (const [i, body] of bodies.entries()) {
    const next = bodies[i + 1];
    if (next === undefined) break;
    // The bridge writes its settings after the conversation; a cache keys the fields by their meaning.
    const [kept, said] = [body, next].map((text) => {
      const { messages, ...rest } = JSON.parse(text) as { messages: Json[] };
      return { rest: JSON.stringify(rest), messages: messages.map((one) => JSON.stringify(one)) };
    });
    expect(said?.rest).toBe(kept?.rest);
    expect(said?.messages.slice(0, kept?.messages.length)).toEqual(kept?.messages ?? []);
    if (adapter !== "bridge") expect(common(body, next)).toBe(body.length - "]}".length);
  }
});

/** Where marks are: the index of each block that has one, through tools, system and messages. */
function marksIn(body: string): readonly string[] {
  const { system, messages } = JSON.parse(body) as { system: Json[]; messages: Json[] };
  const isMarked = (block: Json): boolean => isObject(block) && "cache_control" in block;
  const inMessages = messages.flatMap((message, m) => {
    const content =
      isObject(message) && Array.isArray(message["content"]) ? message["content"] : [];
    return content.flatMap((block, b) =>
      isMarked(block as Json) ? [`message ${m} block ${b}`] : [],
    );
  });
  return [...(system.some(isMarked) ? ["system"] : []), ...inMessages];
}

describe("anthropic is told what to keep", () => {
  test("at the system text, where the last request ended, and at the newest block", async () => {
    const all = grown(2, 30);
    const requests = [all.slice(0, 1), all.slice(0, 3), all];
    const marks = (await bodiesOf("anthropic", requests)).map(marksIn);
    expect(marks).toEqual([
      ["system", "message 0 block 0"],
      ["system", "message 0 block 0", "message 2 block 29"],
      // Thirty blocks on, the end of the last request is further back than a provider looks.
      ["system", "message 2 block 29", "message 4 block 29"],
    ]);
    // Four marks are the most it takes.
    for (const one of marks) expect(one.length).toBeLessThanOrEqual(4);
  });

  test("by way of the AI SDK as well", async () => {
    const marks = (await bodiesOf("bridge", [grown(1, 2)])).map(marksIn);
    expect(marks).toEqual([["system", "message 2 block 1"]]);
  });
});

const PRICE: Price = { input: 3, output: 15 };

async function costOfCached(price: Price): Promise<ModelEnd["usage"]> {
  const path = new URL("../fixtures/anthropic/cached.txt", import.meta.url).pathname;
  const server = await serveResponses(await readFixture(path));
  try {
    const config: ModelConfig = {
      adapter: "anthropic",
      url: server.url,
      model: "m",
      keyEnv: "KEY",
      price,
    };
    const deps = { env: { KEY: "k" }, clock: fakeClock(), random: countingRandom() };
    const model = await openModel("m", config, { ...deps, arrangementDir: null, routes: [] });
    let end: ModelEnd | undefined;
    const request = { system: "", messages: grown(0, 0), tools: [], agent: "o" };
    for await (const event of model.stream(request, new AbortController().signal)) {
      if (event.type === "end") end = event;
    }
    return end?.usage;
  } finally {
    await server.close();
  }
}

describe("what a cache costs", () => {
  // 50 tokens read anew, 1920 from the cache, 36 into it, 300 answered.
  test.each<[string, Price, number]>([
    ["as anthropic takes for it, where only the usual price is known", PRICE, 5_361],
    ["as the operator says", { ...PRICE, cacheRead: 1, cacheWrite: 2 }, 6_642],
    ["nothing, where everything is free", { input: 0, output: 0 }, 0],
  ])("%s", async (_, price, micros) => {
    const usage = await costOfCached(price);
    expect(usage).toMatchObject({ input: 2_006, cached: 1_920, written: 36, output: 300 });
    expect(Math.round((usage?.cost ?? Number.NaN) * 1e6)).toBe(micros);
  });

  test("is what any token costs where nothing is known of it, and never less than nothing", () => {
    expect(costOf({ input: 100, cached: 90, output: 0 }, PRICE)).toBeCloseTo(300 / 1e6);
    expect(costOf({ input: 10, cached: 90, output: 0 }, { ...PRICE, cacheRead: 0 })).toBe(0);
    expect(dearestInput({ ...PRICE, cacheRead: 1, cacheWrite: 4 })).toBe(4);
    expect(dearestInput(PRICE)).toBe(3);
  });
});

test.each<[string, Partial<ModelConfig>, Price | null]>([
  ["a server on this machine costs nothing", {}, { input: 0, output: 0 }],
  ["one that asks for a key may pass on what costs", { keyEnv: "KEY" }, null],
  ["one that says it is in a cloud is", { model: "gpt-oss:120b-cloud" }, null],
  ["one elsewhere is not known", { url: "https://api.example/v1" }, null],
  ["what the operator says counts", { keyEnv: "KEY", price: PRICE }, PRICE],
])("%s", async (_, config, price) => {
  const url = "http://127.0.0.1:11434/v1";
  const model = await openModel(
    "m",
    { adapter: "openai-compatible", url, model: "m", ...config },
    {
      ...{ env: { KEY: "k" }, clock: fakeClock(), random: countingRandom() },
      ...{ arrangementDir: null, routes: [] },
    },
  );
  expect(model.price).toEqual(price);
});
