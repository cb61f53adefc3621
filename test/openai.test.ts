import { afterAll, beforeAll, expect, test } from "bun:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import OpenAI from "openai";
import { serve, type Serving } from "../src/server/serve.ts";
import { type Served, served } from "../src/server/testing/served.ts";
import { systemClock } from "../src/std/clock.ts";
import { systemRandom } from "../src/std/random.ts";

/** Clients of OpenAI as they are published, over a real socket. */

let home: Served;
let serving: Serving;
let client: OpenAI;
let key = "";

beforeAll(async () => {
  home = await served({ asking: true });
  key = await home.key({ rate: 1_000 });
  const place = { host: "127.0.0.1", port: 0, names: [], plain: false, log: () => undefined };
  serving = await serve(home.nanos, { clock: systemClock, random: systemRandom }, place);
  client = new OpenAI({ apiKey: key, baseURL: `${serving.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await serving.stop();
  await home.close();
});

const asked = (content: string) => ({
  model: "nanos/oracle",
  messages: [{ role: "user", content } as const],
});

test("the official SDK lists, asks, and hears an answer as it is made", async () => {
  const models = await client.models.list();
  expect(models.data.map(({ id }) => id)).toEqual(["nanos/oracle"]);
  expect((await client.models.retrieve("oracle")).owned_by).toBe("nanos");

  const whole = await client.chat.completions.create(asked("echo hello"));
  expect(whole.choices[0]?.message.content).toBe("hello");
  expect(whole.usage?.total_tokens).toBe(0);

  await home.nanos.models.use("recorded");
  const options = { include_usage: true };
  const given = { ...asked("my cat is Tom"), stream: true, stream_options: options } as const;
  let text = "";
  let usages = 0;
  for await (const { choices, usage } of await client.chat.completions.create(given)) {
    text += choices[0]?.delta.content ?? "";
    if (usage) usages += 1;
  }
  expect([text, usages]).toEqual(["Noted.", 1]);
  await home.nanos.models.use("rules");
});

test("it is told what is refused in its own errors, and what waits in words", async () => {
  const code = (given: Promise<unknown>): Promise<unknown> =>
    given.then(
      () => "answered",
      (error: unknown) => [
        (error as { status?: number }).status,
        (error as { code?: string }).code,
      ],
    );
  const wrong = { ...asked("hi"), model: "gpt-9" };
  expect(await code(client.chat.completions.create(wrong))).toEqual([404, "model_not_found"]);
  const stranger = new OpenAI({ apiKey: "sk-none", baseURL: `${serving.url}/v1`, maxRetries: 0 });
  expect(await code(stranger.models.list())).toEqual([401, "http.bad_key"]);

  const { data, response } = await client.chat.completions
    .create(asked("calculate 2 + 2"))
    .withResponse();
  const id = response.headers.get("x-nanos-approval") ?? "none";
  expect(data.choices[0]?.message.content).toContain(`approval ${id}`);
});

test("the AI SDK asks, and hears an answer as it is made", async () => {
  const provider = createOpenAICompatible({
    ...{ name: "nanos", apiKey: key, baseURL: `${serving.url}/v1`, includeUsage: true },
  });
  const model = provider("nanos/oracle");
  const prompt = [
    { role: "user" as const, content: [{ type: "text" as const, text: "echo hello" }] },
  ];
  const { content, finishReason } = await model.doGenerate({ prompt });
  expect(content).toMatchObject([{ type: "text", text: "hello" }]);
  expect(finishReason).toMatchObject({ unified: "stop" });
  const { stream } = await model.doStream({ prompt });
  let text = "";
  for await (const part of stream as unknown as AsyncIterable<{ type: string; delta?: string }>) {
    if (part.type === "text-delta") text += part.delta ?? "";
    expect(part.type).not.toBe("error");
  }
  expect(text).toBe("hello");
});
