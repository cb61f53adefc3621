import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { z } from "zod";
import { type MockProvider, startMockProvider } from "../src/models/testing/mock-provider.ts";
import type { Serving } from "../src/server/serve.ts";
import { overSocket, type Served, served } from "../src/server/testing/served.ts";

/** Clients of OpenAI as they are published, over a real socket. */

let home: Served;
let serving: Serving;
let provider: MockProvider;
let client: OpenAI;
let key = "";

beforeAll(async () => {
  home = await served({ asking: true });
  key = await home.key({ rate: 1_000 });
  serving = await overSocket(home.nanos);
  client = new OpenAI({ apiKey: key, baseURL: `${serving.url}/v1`, maxRetries: 0 });
  provider = await startMockProvider({
    script: {
      turns: [
        { when: { last: "rain" }, say: "It rains." },
        {
          when: { last: "weather" },
          say: "Let me look.",
          calls: [{ name: "get_weather", args: { city: "Ulm" } }],
        },
        { when: { last: "number" }, say: '{"n": 1}' },
        { when: { last: "again", text: "my cat is Tom" }, say: "Tom." },
        { when: { last: "slow" }, say: "one two three", chunk: 1, delayMs: 20 },
        { when: { last: "fail" }, say: "I was about to", fail: "model.quota" },
        { when: { last: "." }, say: "Noted.", chunk: 2, usage: { input: 3, output: 2 } },
      ],
    },
  });
  await home.nanos.models.add("mock", provider.config("openai"));
  await home.nanos.models.use("mock");
});
afterAll(async () => {
  await serving.stop();
  await home.close();
  await provider.close();
});

const asked = (content: string) => ({
  model: "nanos/oracle",
  messages: [{ role: "user", content } as const],
});

const WEATHER = {
  name: "get_weather",
  description: "What the weather is",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const SCHEMA = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };

function coded(given: Promise<unknown>): Promise<unknown> {
  return given.then(
    () => "answered",
    (error: unknown) => {
      const { status, code, param } = error as Record<string, unknown>;
      return [status, code, param ?? null];
    },
  );
}

describe("the official SDK", () => {
  test("lists, asks, and hears an answer as it is made", async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(["nanos/oracle"]);
    expect((await client.models.retrieve("nanos/oracle")).owned_by).toBe("nanos");

    const whole = await client.chat.completions.create(asked("echo hello"));
    expect(whole.choices[0]?.message.content).toBe("hello");
    expect(whole.usage?.total_tokens).toBe(0);

    const options = { include_usage: true };
    const given = { ...asked("my cat is Tom"), stream: true, stream_options: options } as const;
    let text = "";
    const usages: unknown[] = [];
    for await (const { choices, usage } of await client.chat.completions.create(given)) {
      text += choices[0]?.delta.content ?? "";
      if (usage) usages.push(usage.total_tokens);
    }
    expect([text, usages]).toEqual(["Noted.", [5]]);
  });

  test("carries out its own tools and goes on with what came of them", async () => {
    const tools = [{ type: "function", function: WEATHER } as const];
    const first = await client.chat.completions.create({ ...asked("the weather"), tools });
    const [choice] = first.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    const [call] = choice?.message.tool_calls ?? [];
    expect(call).toMatchObject({ function: { name: "get_weather", arguments: '{"city":"Ulm"}' } });
    const result = { role: "tool", tool_call_id: call?.id ?? "", content: "rain" } as const;
    const messages = [...asked("the weather").messages, choice?.message ?? result, result];
    const second = await client.chat.completions.create({ ...asked(""), messages, tools });
    expect(second.choices[0]?.message.content).toBe("It rains.");

    // Its own loop does the same, streamed.
    const runner = client.chat.completions.runTools({
      ...asked("the weather"),
      stream: true,
      tools: [
        {
          type: "function",
          function: { ...WEATHER, parse: JSON.parse, function: () => "rain" },
        },
      ],
    });
    expect(await runner.finalContent()).toBe("It rains.");
  });

  test("has a form answered, and is told what is refused in its own errors", async () => {
    const json_schema = { name: "n", schema: SCHEMA, strict: true };
    const form = { response_format: { type: "json_schema", json_schema } } as const;
    const parsed = await client.chat.completions.parse({ ...asked("a number"), ...form });
    expect(parsed.choices[0]?.message.parsed as unknown).toEqual({ n: 1 });
    const chat = (more: object) => client.chat.completions.create({ ...asked("hi"), ...more });
    expect(await coded(chat(form))).toEqual([502, "run.unfit", null]);
    expect(await coded(chat({ model: "gpt-9" }))).toEqual([404, "model_not_found", "model"]);
    expect(await coded(chat({ logprobs: true }))).toEqual([
      ...[400, "http.not_supported", "logprobs"],
    ]);
    expect(await coded(chat({ n: 2 }))).toEqual([400, "http.not_supported", "n"]);
    const stranger = new OpenAI({ apiKey: "sk-none", baseURL: `${serving.url}/v1`, maxRetries: 0 });
    expect(await coded(stranger.models.list())).toEqual([401, "http.bad_key", null]);
  });

  test("is told of an ask in words and by a header", async () => {
    const { data, response } = await client.chat.completions
      .create(asked("calculate 2 + 2"))
      .withResponse();
    const id = response.headers.get("x-nanos-approval") ?? "none";
    // The page that shows it, by the name the client knows; nothing of a key or a seat is in it.
    const link = `(approval ${id}): ${serving.url}/organism#/approvals/${id}`;
    expect(data.choices[0]?.message.content).toContain(link);
    const answer = await client.responses.create({ model: "oracle", input: "calculate 2 + 2" });
    expect([answer.status, answer.output_text]).toEqual([
      "completed",
      expect.stringContaining("approval "),
    ]);
  });

  test("hears that it fails in the middle, and stops what it no longer wants", async () => {
    const failing = { ...asked("fail"), stream: true } as const;
    const heard = async (): Promise<void> => {
      for await (const _ of await client.chat.completions.create(failing));
    };
    expect(await coded(heard())).toEqual([undefined, "model.quota", null]);

    const slow = await client.chat.completions.create({ ...asked("slow"), stream: true });
    let run = "";
    for await (const chunk of slow) {
      run = chunk.id.replace("chatcmpl-", "");
      if (chunk.choices[0]?.delta.content) break;
    }
    slow.controller.abort();
    const outcome = () => home.nanos.traces.show(run).end?.outcome;
    while (outcome() === undefined) await Bun.sleep(5);
    expect(outcome()).toBe("cancelled");
  });

  test("makes responses, and goes on from one of them", async () => {
    const first = await client.responses.create({
      ...{ model: "oracle", input: "my cat is Tom", instructions: "Be brief." },
      metadata: { a: "b" },
    });
    expect(first).toMatchObject({
      ...{ status: "completed", output_text: "Noted.", instructions: "Be brief." },
      ...{ usage: { input_tokens: 3, output_tokens: 2 }, metadata: { a: "b" } },
    });
    expect(await client.responses.retrieve(first.id)).toMatchObject({ output_text: "Noted." });
    const second = await client.responses.create({
      ...{ model: "oracle", input: "and again?", previous_response_id: first.id },
    });
    expect(second).toMatchObject({ output_text: "Tom.", previous_response_id: first.id });
    const unknown = { model: "oracle", input: "x", previous_response_id: "resp_none" };
    expect(await coded(client.responses.create(unknown))).toEqual([
      ...[404, "response.unknown", "previous_response_id"],
    ]);
    const other = await home.key({ rate: 1_000 });
    const stranger = new OpenAI({ apiKey: other, baseURL: `${serving.url}/v1`, maxRetries: 0 });
    expect(await coded(stranger.responses.retrieve(first.id))).toEqual([
      ...[404, "response.unknown", "id"],
    ]);
    expect(await coded(client.responses.delete(first.id))).toEqual([405, "http.method", null]);
  });

  test("carries out tools of a response, and hears its events in order", async () => {
    const tools = [{ type: "function", ...WEATHER, strict: true } as const];
    const stream = client.responses.stream({ model: "oracle", input: "the weather", tools });
    const types: string[] = [];
    let sequence = -1;
    for await (const event of stream) {
      expect(event.sequence_number).toBe(++sequence);
      if (types.at(-1) !== event.type) types.push(event.type);
    }
    expect(types).toEqual([
      ...["response.created", "response.in_progress"],
      ...["response.output_item.added", "response.content_part.added"],
      ...["response.output_text.delta", "response.output_text.done"],
      ...["response.content_part.done", "response.output_item.done"],
      ...["response.output_item.added", "response.function_call_arguments.delta"],
      ...["response.function_call_arguments.done", "response.output_item.done"],
      "response.completed",
    ]);
    const { id, output } = await stream.finalResponse();
    const call = output.find((item) => item.type === "function_call");
    expect(call).toMatchObject({ name: "get_weather", arguments: '{"city":"Ulm"}' });
    const came = {
      type: "function_call_output",
      call_id: call?.call_id ?? "",
      output: "rain",
    } as const;
    const given = { model: "oracle", previous_response_id: id, tools };
    const second = await client.responses.create({ ...given, input: [came] });
    expect([second.output_text, second.previous_response_id]).toEqual(["It rains.", id]);
    const third = await client.responses.create({
      ...{ model: "oracle", previous_response_id: second.id, input: "again" },
    });
    expect(third.output_text).toBe("Noted.");
    const roles = provider.last()?.messages.map(({ role }) => role);
    expect(roles).toEqual(["user", "assistant", "tool", "assistant", "user"]);
    expect(await coded(client.responses.create({ ...given, input: "hm" }))).toEqual([
      ...[400, "chat.no_result", "input"],
    ]);
    // Whoever keeps the conversation sends all of it.
    const whole = [{ role: "user", content: "the weather" } as const, ...output, came];
    const again = await client.responses.create({ model: "oracle", tools, input: whole as never });
    expect(again.output_text).toBe("It rains.");
  });

  test("has a response made in the background, in a form, or stopped", async () => {
    const slow = { model: "oracle", input: "slow", background: true };
    const { id, status } = await client.responses.create(slow);
    expect(status).toBe("in_progress");
    expect((await client.responses.cancel(id)).id).toBe(id);
    const state = async (): Promise<unknown> => (await client.responses.retrieve(id)).status;
    while ((await state()) === "in_progress") await Bun.sleep(5);
    expect(await state()).toBe("cancelled");
    const format = { type: "json_schema", name: "n", schema: SCHEMA } as const;
    const made = { model: "oracle", input: "a number", text: { format } };
    expect((await client.responses.create(made)).output_text).toBe('{"n":1}');
    const cut = { model: "oracle", input: "fail", stream: true } as const;
    const types: string[] = [];
    for await (const { type } of await client.responses.create(cut)) types.push(type);
    expect(types.at(-1)).toBe("response.failed");
  });
});

describe("the AI SDK", () => {
  const nanos = () =>
    createOpenAICompatible({
      ...{ name: "nanos", apiKey: key, baseURL: `${serving.url}/v1`, includeUsage: true },
      supportsStructuredOutputs: true,
    });
  const weather = tool({
    description: "What the weather is",
    inputSchema: z.object({ city: z.string() }),
    execute: async () => "rain",
  });

  test("asks, and has its tools called, whole and as they are made", async () => {
    const model = nanos()("nanos/oracle");
    expect((await generateText({ model, prompt: "echo hello" })).text).toBe("hello");
    const loop = { model, tools: { get_weather: weather }, stopWhen: stepCountIs(3) };
    const whole = await generateText({ ...loop, prompt: "the weather" });
    expect([whole.text, whole.steps.length]).toEqual(["It rains.", 2]);
    const streamed = streamText({ ...loop, prompt: "the weather" });
    expect(await streamed.text).toBe("It rains.");
    expect(await streamed.finishReason).toBe("stop");
  });

  test("has an object made", async () => {
    const { object } = await generateObject({
      ...{ model: nanos()("oracle"), prompt: "a number", schema: z.object({ n: z.number() }) },
    });
    expect(object).toEqual({ n: 1 });
  });
});

test("a chat page lists, streams, and asks for a title as such pages do", async () => {
  const title = "### Task:\nGenerate a title of 3 words. Chat: my cat is Tom";
  const given = { ...asked(title), max_completion_tokens: 1_000, temperature: 0.1 };
  const titled = await client.chat.completions.create({ ...given, stream: false });
  expect(titled.choices[0]?.message.content).toBe("Noted.");
  expect(provider.last()?.body).toMatchObject({ max_tokens: 1_000, temperature: 0.1 });
});
