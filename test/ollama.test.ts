import { afterAll, beforeAll, expect, test } from "bun:test";
import { Ollama } from "ollama";
import { OllamaError } from "../src/contracts/http/ollama.ts";
import { type MockProvider, startMockProvider } from "../src/models/testing/mock-provider.ts";
import { OLLAMA_CHAT, OLLAMA_GENERATE, OLLAMA_OPTIONS } from "../src/server/ollama/params.ts";
import type { Serving } from "../src/server/serve.ts";
import { overSocket, type Served, served } from "../src/server/testing/served.ts";

/** The client of Ollama as it is published, over a real socket. */

let home: Served;
let serving: Serving;
let provider: MockProvider;
let client: Ollama;
let key = "";

beforeAll(async () => {
  home = await served({ asking: true });
  key = await home.key({ rate: 1_000 });
  serving = await overSocket(home.nanos);
  const headers = { authorization: `Bearer ${key}` };
  client = new Ollama({ host: serving.url, headers });
  provider = await startMockProvider({
    script: {
      turns: [
        { when: { last: "rain" }, say: "It rains." },
        { when: { last: "weather" }, calls: [{ name: "get_weather", args: { city: "Ulm" } }] },
        { when: { last: "number" }, say: '{"n": 1}' },
        { when: { last: "fail" }, say: "I was", fail: "model.quota" },
        { when: { last: "." }, say: "Noted.", chunk: 2, usage: { input: 3, output: 2 } },
      ],
    },
  });
  await home.nanos.models.add("mock", { ...provider.config("openai"), images: true });
  await home.nanos.models.use("mock");
});
afterAll(async () => {
  await serving.stop();
  await home.close();
  await provider.close();
});

const model = "nanos/oracle";
const saying = (content: string) => ({ model, messages: [{ role: "user", content }] });

test("it lists, shows, asks, and hears an answer as it is made", async () => {
  expect((await client.list()).models.map(({ name }) => name)).toEqual([model]);
  expect((await client.show({ model: "oracle:latest" })).capabilities).toContain("tools");
  expect((await client.version()).version).toMatch(/^\d/u);
  const whole = await client.chat(saying("hi"));
  expect(whole).toMatchObject({
    ...{ message: { role: "assistant", content: "Noted." }, done: true, done_reason: "stop" },
    ...{ prompt_eval_count: 3, eval_count: 2 },
  });
  let text = "";
  let lines = 0;
  for await (const { message } of await client.chat({ ...saying("hi"), stream: true })) {
    text += message.content;
    lines += 1;
  }
  expect([text, lines > 2]).toEqual(["Noted.", true]);
  const made = await client.generate({ model: "oracle:latest", prompt: "hi", system: "Be brief." });
  expect(made.response).toBe("Noted.");
  expect(JSON.stringify(provider.last()?.body)).toContain("The client says first: Be brief.");
  expect((await client.chat(saying("calculate 2 + 2"))).message.content).toMatch(
    new RegExp(`approval (\\w+)\\): ${serving.url}/organism#/approvals/\\1\\n`, "u"),
  );
});

test("it carries out its own tools, has a form answered, and sets how", async () => {
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const fn = { name: "get_weather", description: "", parameters };
  const tools = [{ type: "function", function: fn }];
  const first = await client.chat({ ...saying("the weather"), tools });
  expect(first.message.tool_calls).toMatchObject([
    { function: { name: "get_weather", arguments: { city: "Ulm" } } },
  ]);
  for (const result of [
    { role: "tool", content: "rain" },
    { role: "tool", content: "rain", tool_name: "get_weather" },
  ]) {
    const bare = { ...first.message, tool_calls: [{ function: { name: fn.name, arguments: {} } }] };
    for (const said of [first.message, bare]) {
      const messages = [...saying("the weather").messages, said, result];
      expect((await client.chat({ model, messages, tools })).message.content).toBe("It rains.");
    }
  }
  const number = { ...saying("a number"), format: { type: "object", required: ["n"] } };
  expect((await client.chat(number)).message.content).toBe('{"n":1}');
  const options = { temperature: 0.5, top_p: 0.5, seed: 1, stop: ["!"], num_predict: 9 };
  await client.chat({ ...saying("hi"), options });
  expect(provider.last()?.body).toMatchObject({
    ...{ temperature: 0.5, top_p: 0.5, seed: 1, stop: ["!"], max_tokens: 9 },
  });
  await client.chat({ ...saying("hi"), options: { num_predict: -1 } });
  expect(provider.last()?.body).not.toHaveProperty("max_tokens");
  const png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  await client.generate({ model, prompt: "look", images: [png] });
  expect(JSON.stringify(provider.last()?.body)).toContain(png);
});

test("it is told what is wrong in a sentence, also in the middle of an answer", async () => {
  const told = (given: Promise<unknown>): Promise<unknown> =>
    given.then(
      () => "answered",
      (error: unknown) => {
        const { status_code: status, message } = error as { status_code?: number; message: string };
        return [status, message.split(".", 1)[0]];
      },
    );
  expect(await told(client.chat({ ...saying("hi"), model: "llama" }))).toEqual([
    ...[404, "There is no such model for this key"],
  ]);
  expect(await told(client.chat({ ...saying("hi"), options: { top_k: 1 } }))).toEqual([
    ...[400, "There is no parameter options"],
  ]);
  expect(await told(new Ollama({ host: serving.url }).list())).toEqual([401, "A key is needed"]);
  const heard = async (): Promise<void> => {
    for await (const _ of await client.chat({ ...saying("fail"), stream: true }));
  };
  expect(await told(heard())).toMatchObject([undefined, expect.any(String)]);
});

test("what would have no effect is refused by name, and nothing is begun", async () => {
  const before = home.nanos.traces.list({ limit: 1 })[0]?.run;
  const something = { something: 1 };
  const refused = async (path: string, body: object, name: string): Promise<void> => {
    const { status, body: said } = await home.ask("POST", path, { key, body });
    expect([status, OllamaError.parse(said).error]).toEqual([
      ...[400, expect.stringContaining(`${name} is not supported`)],
    ]);
  };
  for (const { name, does } of OLLAMA_CHAT) {
    if (!does) await refused("/api/chat", { ...saying("hi"), [name]: something }, name);
  }
  for (const { name, does } of OLLAMA_GENERATE) {
    if (!does) await refused("/api/generate", { model, prompt: "hi", [name]: something }, name);
  }
  for (const { name, does } of OLLAMA_OPTIONS) {
    const options = { [name]: something };
    if (!does) await refused("/api/chat", { ...saying("hi"), options }, `options.${name}`);
  }
  expect(home.nanos.traces.list({ limit: 1 })[0]?.run).toBe(before);
});
