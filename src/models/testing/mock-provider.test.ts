import { expect, test } from "bun:test";
import type { Message } from "../../contracts/message.ts";
import type { ModelConfig, ModelEnd, ModelRequest } from "../../contracts/model.ts";
import type { ScriptInput } from "../../contracts/script.ts";
import { fakeClock, systemClock } from "../../std/clock.ts";
import { countingRandom } from "../../std/random.ts";
import { discoverModels } from "../discover.ts";
import { openModel } from "../open.ts";
import { startMockProvider, type MockProvider } from "./mock-provider.ts";
import type { MockWire } from "./requests.ts";

const WIRES: readonly MockWire[] = ["openai", "anthropic", "ollama"];

async function ask(config: ModelConfig, messages: readonly Message[]): Promise<ModelEnd> {
  const model = await openModel("mock", config, {
    env: { MOCK_KEY: "any" },
    clock: fakeClock(),
    random: countingRandom(),
    arrangementDir: null,
    routes: [],
  });
  const tools = [{ name: "echo", description: "Echoes.", input: { type: "object" } }];
  const request: ModelRequest = { system: "Be brief.", messages, tools, agent: "oracle" };
  let end: ModelEnd | undefined;
  for await (const event of model.stream(request, new AbortController().signal)) {
    if (event.type === "end") end = event;
  }
  return end as ModelEnd;
}

async function withMock(
  script: ScriptInput,
  act: (mock: MockProvider) => Promise<void>,
): Promise<void> {
  const mock = await startMockProvider({ script });
  try {
    await act(mock);
  } finally {
    await mock.close();
  }
}

const user = (text: string): Message => ({ role: "user", parts: [{ type: "text", text }] });

for (const wire of WIRES) {
  test(`${wire}: a conversation with parallel calls, from a script`, () =>
    withMock(
      {
        turns: [
          {
            think: "Hm.",
            say: "Calling.",
            chunk: 3,
            calls: [
              { name: "echo", args: { text: "{last}" } },
              { name: "echo", broken: "{" },
            ],
            usage: { input: 10, output: 5 },
          },
          { when: { last: "two results: (.*)" }, say: "Got {1}." },
        ],
      },
      async (mock) => {
        const asked = [user("hello")];
        const first = await ask(mock.config(wire), asked);
        const calls = first.message.parts.filter((part) => part.type === "call");
        expect([first.finish, first.usage, calls.map((c) => [c.name, c.args, c.broken])]).toEqual([
          "calls",
          { input: 10, output: 5, cost: 0 },
          [
            ["echo", { text: "hello" }, undefined],
            ["echo", null, "{"],
          ],
        ]);
        const results: Message = {
          role: "tool",
          parts: calls.map(({ id, name }, i) => ({
            type: "result",
            id,
            name,
            text: i === 0 ? "two results: this" : "",
            error: i === 1,
          })),
        };
        const second = await ask(mock.config(wire), [...asked, first.message, results]);
        expect(second.message.parts).toEqual([{ type: "text", text: "Got this." }]);
        expect(mock.count()).toBe(2);
        expect(mock.last()?.system).toBe("Be brief.");
        expect(mock.last()?.tools.map((tool) => tool.name)).toEqual(["echo"]);
      },
    ));

  test(`${wire}: failures become statuses`, () =>
    withMock({ turns: [{ once: false, fail: "model.unauthorized" }] }, async (mock) => {
      expect((await ask(mock.config(wire), [user("x")])).failure?.code).toBe("model.unauthorized");
    }));

  test(`${wire}: nothing fits`, () =>
    withMock({ turns: [] }, async (mock) => {
      const end = await ask(mock.config(wire), [user("x")]);
      expect(end.failure?.code).toBe("model.provider_error");
    }));
}

test("answers whole where no stream is asked for", () =>
  withMock({ turns: [{ say: "fine", calls: [{ name: "echo" }] }] }, async (mock) => {
    const messages = [{ role: "user", content: "x" }];
    const post = async (path: string, body: object): Promise<unknown> => {
      const init = { method: "POST", body: JSON.stringify({ model: "m", messages, ...body }) };
      return (await fetch(mock.url + path, init)).json();
    };
    expect(await post("/v1/chat/completions", {})).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { content: "fine" }, finish_reason: "tool_calls" }],
    });
    expect(await post("/v1/messages", {})).toMatchObject({
      type: "message",
      content: [{ text: "fine" }, { type: "tool_use", name: "echo" }],
      stop_reason: "tool_use",
    });
    expect(await post("/api/chat", { stream: false })).toMatchObject({
      message: { content: "fine" },
      done: true,
    });
  }));

test("one wire only, answers from a function, delays, and found by a look around", async () => {
  const mock = await startMockProvider({
    wire: "openai",
    answer: (request) => ({ say: `${request.model}!`, delayMs: 1, chunk: 2 }),
  });
  try {
    const end = await ask(mock.config("openai", "tiny"), [user("x")]);
    expect(end.message.parts).toEqual([{ type: "text", text: "tiny!" }]);
    const other = await ask(mock.config("ollama"), [user("x")]);
    expect(other.failure?.code).toBe("model.wrong_url");
    const ports = { ollama: null, lmStudio: mock.port, llamaCpp: null, vllm: null };
    const found = await discoverModels({ env: {}, clock: systemClock, ports });
    expect(found.map((model) => model.config)).toEqual([
      { adapter: "openai-compatible", url: `${mock.url}/v1`, model: "mock" },
    ]);
  } finally {
    await mock.close();
  }
});
