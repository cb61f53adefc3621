import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { cosineSimilarity, embed, embedMany } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { type MockProvider, startMockProvider } from "../src/models/testing/mock-provider.ts";
import type { Serving } from "../src/server/serve.ts";
import { overSocket, type Served, served } from "../src/server/testing/served.ts";

/** Vectors for clients as they are published, over a real socket, made by a provider on this machine. */

let home: Served;
let serving: Serving;
let provider: MockProvider;
let openai: OpenAI;
let ollama: Ollama;
let key = "";

beforeAll(async () => {
  home = await served();
  key = await home.key({ rate: 1_000 });
  serving = await overSocket(home.nanos);
  openai = new OpenAI({ apiKey: key, baseURL: `${serving.url}/v1`, maxRetries: 0 });
  const headers = { authorization: `Bearer ${key}` };
  ollama = new Ollama({ host: serving.url, headers });
  provider = await startMockProvider({ script: { turns: [], vectors: 16 } });
  const common = { embeddings: true, price: { input: 10, output: 0 } };
  await home.nanos.models.add("near", { ...provider.config("openai", "text-small"), ...common });
  await home.nanos.models.add("here", { ...provider.config("ollama", "nomic"), ...common });
});
afterAll(async () => {
  await serving.stop();
  await home.close();
  await provider.close();
});

const TEXTS = ["the cat sat", "the cat lay", "rates of interest"];

function coded(given: Promise<unknown>): Promise<unknown> {
  return given.then(
    () => "answered",
    (error: unknown) => {
      const { status, code, param } = error as Record<string, unknown>;
      return [status, code, param ?? null];
    },
  );
}

test("the official SDK has vectors made, in base64 as it asks by itself and as numbers", async () => {
  const { data, model, usage } = await openai.embeddings.create({ model: "near", input: TEXTS });
  expect([model, usage]).toEqual(["near", { prompt_tokens: 9, total_tokens: 9 }]);
  expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
  const [cat, too, money] = data.map(({ embedding }) => embedding);
  expect(cosineSimilarity(cat ?? [], too ?? [])).toBeGreaterThan(
    cosineSimilarity(cat ?? [], money ?? []),
  );
  const plain = await openai.embeddings.create({
    ...{ model: "text-small", input: "the cat sat", user: "ann" },
    ...{ encoding_format: "float", dimensions: 16 },
  } as const);
  expect(plain.data[0]?.embedding).toEqual(cat ?? []);
  expect(provider.embedded().at(-1)).toEqual({
    ...{ model: "text-small", input: ["the cat sat"], dimensions: 16 },
  });
});

test("what cannot be had is refused in its own errors, and begins nothing", async () => {
  const before = home.nanos.traces.list({ limit: 1 })[0]?.run;
  const ask = (more: object) => coded(openai.embeddings.create({ ...asked, ...more }));
  const asked = { model: "near", input: "a" };
  expect(await ask({ input: [1, 2, 3] })).toEqual([400, "http.not_supported", "input"]);
  expect(await ask({ input: [[1], [2]] })).toEqual([400, "http.not_supported", "input"]);
  expect(await ask({ input: "" })).toEqual([400, "http.invalid", "input"]);
  expect(await ask({ input: [] })).toEqual([400, "http.invalid", "input"]);
  expect(await ask({ truncate: true })).toEqual([400, "http.not_supported", "truncate"]);
  expect(await ask({ model: "nanos/oracle" })).toEqual([404, "model_not_found", "model"]);
  expect(home.nanos.traces.list({ limit: 1 })[0]?.run).toBe(before);
  expect(await ask({ dimensions: 5 })).toEqual([400, "model.no_dimensions", null]);
});

test("clients of the AI SDK and of Ollama have the same", async () => {
  const made = createOpenAICompatible({
    ...{ name: "nanos", baseURL: `${serving.url}/v1`, apiKey: key },
  }).embeddingModel("near");
  const one = await embed({ model: made, value: TEXTS[0] ?? "" });
  const { embeddings, usage } = await embedMany({ model: made, values: TEXTS });
  expect([embeddings[0], usage]).toEqual([one.embedding, { tokens: 9 }]);
  const theirs = await ollama.embed({ model: "here:latest", input: TEXTS });
  expect(theirs).toMatchObject({ model: "here:latest", prompt_eval_count: 9 });
  expect(theirs.embeddings).toEqual(embeddings);
  expect(provider.embedded().at(-1)).toEqual({ model: "nomic", input: TEXTS, truncate: true });
  await ollama.embed({ model: "nomic", input: "a", truncate: false });
  expect(provider.embedded().at(-1)).toEqual({ model: "nomic", input: ["a"], truncate: false });
  const old = await ollama.embeddings({ model: "here", prompt: TEXTS[0] ?? "" });
  expect(old.embedding).toEqual(embeddings[0] ?? []);
  const refused = ollama.embed({ model: "here", input: "a", options: { num_ctx: 5 } });
  expect(await refused.catch((error: Error) => error.message)).toContain("options");
});

test("each is a run with one model step, paid for, told to nobody else, and replayed from its record", async () => {
  const { response } = await openai.embeddings
    .create({ model: "near", input: ["secret thoughts"] })
    .withResponse();
  const run = response.headers.get("x-nanos-run") ?? "";
  const { steps, end } = home.nanos.traces.show(run);
  expect(steps).toMatchObject([
    { kind: "model", name: "near", status: "done", args: { texts: 1 }, usage: { input: 2 } },
  ]);
  expect(steps[0]?.decision?.verdict).toBe("allow");
  expect(end).toMatchObject({
    ...{ outcome: "succeeded", text: "1 vector of 16 numbers" },
    usage: { input: 2, output: 0, cost: 0.00002, turns: 1 },
  });
  const dialled = provider.embedded().length;
  const { ok } = await home.nanos.traces.replay(run);
  expect([ok, provider.embedded().length]).toEqual([true, dialled]);
});

test("a key's reach, its money and the operator's word hold", async () => {
  const narrow = await home.key({ scopes: ["read:./notes"], rate: 100 });
  const named = await home.key({ scopes: ["read:./notes", "model:near"], rate: 100 });
  const poor = await home.key({ total: { tokens: 3 }, rate: 100 });
  const by = async (key: string, input: string) => {
    const client = new OpenAI({ apiKey: key, baseURL: `${serving.url}/v1`, maxRetries: 0 });
    return coded(client.embeddings.create({ model: "near", input }));
  };
  expect(await by(narrow, "a")).toEqual([403, "run.denied", null]);
  expect(await by(named, "a")).toBe("answered");
  expect(await by(poor, "a b c")).toBe("answered");
  expect(await by(poor, "a")).toEqual([429, "key.spent", null]);
  const before = provider.embedded().length;
  await home.nanos.models.add("off", { ...provider.config("openai"), embeddings: false });
  expect(await coded(openai.embeddings.create({ model: "off", input: "a" }))).toEqual([
    ...[404, "model_not_found", "model"],
  ]);
  const asked = home.nanos.models.embed("off", { inputs: ["a"] });
  expect(await coded(asked)).toEqual([undefined, "model.no_embeddings", null]);
  expect(provider.embedded().length).toBe(before);
  // Where texts go for it is said with where conversations go, before any does.
  expect((await home.nanos.models.posture()).ways).toEqual([]);
  const away = { url: "https://api.example.org/v1", model: "m", embeddings: true } as const;
  await home.nanos.models.add("away", { adapter: "openai-compatible", ...away, scrub: "on" });
  expect((await home.nanos.models.posture()).ways).toEqual([
    { agent: "embeddings", host: "api.example.org:443", via: null, scrubbed: true },
  ]);
  const cannot = home.nanos.models.add("talker", { adapter: "rules", embeddings: true });
  expect(await coded(cannot)).toEqual([undefined, "model.no_vectors", null]);
});

test("where no model is set up for it, that is said with what to do", async () => {
  const bare = await served();
  const { status, body } = await bare.ask("POST", "/v1/embeddings", {
    ...{ key: await bare.key(), body: { model: "any", input: "a" } },
  });
  expect([status, body]).toMatchObject([400, { error: { code: "model.no_embeddings" } }]);
  expect(JSON.stringify(body)).toContain("nanos model add NAME --adapter ollama");
  await bare.close();
});

test("what is sensitive goes out as a placeholder where the operator says so, and an ask is told", async () => {
  await home.nanos.models.add("shy", {
    ...{ ...provider.config("openai"), embeddings: true, scrub: "on" },
  });
  const input = ["write to ann@example.org", "write to bob@example.org"];
  const { data } = await openai.embeddings.create({ model: "shy", input });
  expect(provider.embedded().at(-1)?.["input"]).toEqual(["write to Email_1", "write to Email_1"]);
  expect(data[0]?.embedding).toEqual(data[1]?.embedding ?? []);

  const rule = `
  - id: ask-vectors
    when: { kind: model, name: near }
    then: ask
    example: { kind: model, name: near, args: {} }
    counter: { kind: model, name: far, args: {} }
`;
  const asking = await served({
    arrange: (dir) => appendFileSync(join(dir, "rules.yaml"), rule),
  });
  await asking.nanos.models.add("near", { ...provider.config("openai"), embeddings: true });
  const before = provider.embedded().length;
  const { status, headers, body } = await asking.ask("POST", "/v1/embeddings", {
    ...{ key: await asking.key(), body: { model: "near", input: "a" } },
  });
  expect([status, body]).toMatchObject([409, { error: { code: "run.waiting" } }]);
  const id = headers.get("x-nanos-approval") ?? "none";
  expect(JSON.stringify(body)).toContain(`approval ${id}`);
  expect(provider.embedded().length).toBe(before);
  const [ask] = asking.nanos.approvals.list();
  await asking.nanos.approvals.answer(id, { verdict: "allow", reach: "once" });
  await (
    await asking.nanos.resume(ask?.run ?? "")
  ).done;
  expect(asking.nanos.traces.show(ask?.run ?? "").end?.outcome).toBe("succeeded");
  expect(provider.embedded().length).toBe(before + 1);
  await asking.close();
});
