import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NO_SETTING } from "../../contracts/http/wish.ts";
import { HttpError } from "../../contracts/http/wire.ts";
import { isObject, type JsonObject } from "../../std/json.ts";
import { type MockProvider, startMockProvider } from "../../models/testing/mock-provider.ts";
import { type Answered, type Served, hear, served } from "../testing/served.ts";
import { AGENT_CHAT_PARAMS, CHAT_PARAMS, type Param } from "./params.ts";

/** Each parameter there is does what its line says, or is refused by its name. */

let home: Served;
let provider: MockProvider;
let key = "";

const WEATHER = {
  name: "get_weather",
  description: "What the weather is",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const tools = [{ type: "function", function: WEATHER }];

beforeAll(async () => {
  home = await served();
  key = await home.key({ rate: 10_000 });
  provider = await startMockProvider({
    script: {
      turns: [
        { when: { last: "^rain$" }, say: "It rains." },
        { when: { last: "weather" }, calls: [{ name: "get_weather", args: { city: "Ulm" } }] },
        {
          when: { last: "both" },
          calls: [
            { name: "get_weather", args: { city: "Ulm" } },
            { name: "get_weather", args: { city: "Bonn" } },
          ],
        },
        { when: { last: "number" }, say: '{"n": 1}' },
        { when: { last: "." }, say: "hello" },
      ],
    },
  });
  await home.nanos.models.add("mock", provider.config("openai"));
  await home.nanos.models.use("mock");
});
afterAll(async () => {
  await home.close();
  await provider.close();
});

const CHAT = { model: "nanos/oracle", messages: [{ role: "user", content: "hi" }] };
const asking = (content: string) => ({ messages: [{ role: "user", content }] });

function ask(more: object): Promise<Answered> {
  return home.ask("POST", "/v1/chat/completions", { key, body: { ...CHAT, ...more } });
}

async function choiceOf(more: object): Promise<JsonObject> {
  const { body, status } = await ask(more);
  expect([status, body]).toMatchObject([200, { choices: [{ index: 0 }] }]);
  const [choice] = (body as { choices: JsonObject[] }).choices;
  return choice ?? {};
}

/** What the provider was sent. */
async function sent(more: object): Promise<JsonObject> {
  await choiceOf(more);
  return provider.last()?.body ?? {};
}

async function refusal(more: object, path = "/v1/chat/completions"): Promise<unknown> {
  const before = home.nanos.traces.list({ limit: 1 })[0]?.run;
  const { status, body } = await home.ask("POST", path, { key, body: more });
  const { error } = HttpError.parse(body);
  expect(home.nanos.traces.list({ limit: 1 })[0]?.run).toBe(before);
  return [status, error.code, error.param];
}

function wishOf(run: string): unknown {
  const [first] = home.nanos.traces.events(run);
  return first?.body?.kind === "run.started" ? first.body.wish : null;
}

const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const FORM = { type: "json_schema", json_schema: { name: "n", schema } };

/** By name: makes what its line says show. */
const EFFECTS: Readonly<Record<string, () => Promise<void>>> = {
  model: async () => {
    expect(await refusal({ ...CHAT, model: "nobody" })).toEqual([404, "model_not_found", "model"]);
  },
  messages: async () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "one", name: "Ann" },
      { role: "assistant", content: [{ type: "text", text: "two" }] },
      { role: "user", content: [{ type: "text", text: "three" }] },
    ];
    const told = (await sent({ messages }))["messages"] as JsonObject[];
    expect(told.slice(1).map(({ role, content }) => [role, content])).toEqual([
      ["user", "The client says first: Be brief."],
      ["user", "Ann: one"],
      ["assistant", "two"],
      ["user", "three"],
    ]);
  },
  stream: async () => {
    const body = { ...CHAT, stream: true };
    const response = await home.open("POST", "/v1/chat/completions", { key, body });
    const heard = await hear(response);
    expect(heard.at(-1)?.data).toBe("[DONE]");
  },
  stream_options: async () => {
    const body = { ...CHAT, stream: true, stream_options: { include_usage: true } };
    const heard = await hear(await home.open("POST", "/v1/chat/completions", { key, body }));
    expect(JSON.parse(heard.at(-2)?.data ?? "")).toMatchObject({ choices: [], usage: {} });
  },
  temperature: async () => {
    expect(await sent({ temperature: 0.5 })).toMatchObject({ temperature: 0.5 });
  },
  top_p: async () => {
    expect(await sent({ top_p: 0.25 })).toMatchObject({ top_p: 0.25 });
  },
  seed: async () => {
    expect(await sent({ seed: 7 })).toMatchObject({ seed: 7 });
  },
  stop: async () => {
    expect(await sent({ stop: "!" })).toMatchObject({ stop: ["!"] });
    expect(await sent({ stop: ["!", "?"] })).toMatchObject({ stop: ["!", "?"] });
  },
  max_tokens: async () => {
    expect(await sent({ max_tokens: 5 })).toMatchObject({ max_tokens: 5 });
  },
  max_completion_tokens: async () => {
    const both = { max_tokens: 9, max_completion_tokens: 6 };
    expect(await sent(both)).toMatchObject({ max_tokens: 6 });
  },
  tools: async () => {
    const choice = await choiceOf({ ...asking("the weather"), tools });
    expect(choice).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
    const taken = [{ type: "function", function: { name: "calculate" } }];
    const said = await refusal({ ...CHAT, tools: taken });
    expect(said).toEqual([400, "client.tool_taken", "tools"]);
  },
  tool_choice: async () => {
    const named = { type: "function", function: { name: "get_weather" } };
    const must = { ...asking("the weather"), tools, tool_choice: named };
    expect(await sent(must)).toMatchObject({ tool_choice: named });
    const offered = (await sent({ tools, tool_choice: "none" }))["tools"];
    expect(JSON.stringify(offered)).not.toContain("get_weather");
    const no = await ask({ ...CHAT, tools, tool_choice: "required" });
    expect([no.status, no.body]).toMatchObject([502, { error: { code: "run.no_call" } }]);
    const other = { ...CHAT, tools, tool_choice: { type: "function", function: { name: "x" } } };
    expect(await refusal(other)).toEqual([400, "chat.no_tool", "tool_choice"]);
  },
  parallel_tool_calls: async () => {
    const calls = async (more: object): Promise<unknown> =>
      ((await choiceOf({ ...asking("both"), tools, ...more }))["message"] as JsonObject)[
        "tool_calls"
      ];
    expect(await calls({})).toHaveLength(2);
    expect(await calls({ parallel_tool_calls: false })).toHaveLength(1);
  },
  response_format: async () => {
    const choice = await choiceOf({ ...asking("a number"), response_format: FORM });
    expect(choice).toMatchObject({ message: { content: '{"n":1}' } });
    const no = await ask({ response_format: FORM });
    expect([no.status, no.body]).toMatchObject([502, { error: { code: "run.unfit" } }]);
    expect(provider.last()?.messages.at(-1)?.parts[0]).toMatchObject({
      text: expect.stringContaining("is not JSON"),
    });
    const json_schema = { name: "n", schema: { type: "nothing" } };
    const bad = { ...CHAT, response_format: { type: "json_schema", json_schema } };
    expect(await refusal(bad)).toEqual([400, "client.bad_form", "response_format"]);
  },
  user: async () => {
    const { headers } = await ask({ user: "ann" });
    expect(wishOf(headers.get("x-nanos-run") ?? "")).toEqual({ user: "ann" });
  },
  metadata: async () => {
    const { headers } = await ask({ metadata: { a: "b" } });
    expect(wishOf(headers.get("x-nanos-run") ?? "")).toEqual({ metadata: { a: "b" } });
  },
};

/** A value that asks for something. */
const SOMETHING = { something: 1 };

describe("chat completions", () => {
  for (const param of CHAT_PARAMS) {
    test(param.does === undefined ? `${param.name} is refused` : param.name, async () => {
      if (param.does !== undefined) return EFFECTS[param.name]?.() ?? expect.unreachable();
      const said = await refusal({ ...CHAT, [param.name]: SOMETHING });
      expect(said).toEqual([400, "http.not_supported", param.name]);
      for (const idle of param.idle ?? []) await choiceOf({ [param.name]: idle });
      await choiceOf({ [param.name]: null });
    });
  }

  test("what no list knows is refused as well, and by the agent's path alike", async () => {
    expect(await refusal({ ...CHAT, top_k: 3 })).toEqual([400, "http.not_supported", "top_k"]);
    const { messages } = CHAT;
    const path = "/v1/agents/oracle/chat";
    for (const { name } of AGENT_CHAT_PARAMS.filter((one: Param) => one.does === undefined)) {
      const said = await refusal({ messages, [name]: SOMETHING }, path);
      expect(said).toEqual([400, "http.not_supported", name]);
    }
    const came = await home.ask("POST", path, { key, body: { messages, tools, seed: 1 } });
    expect(came.status).toBe(200);
  });

  test("a model that takes no such setting is not asked; the field is named", async () => {
    const http = { body: { text: "$PROMPT" }, text: "text" };
    const config = { adapter: "http", url: `${provider.url}/x`, http } as const;
    await home.nanos.models.add("bare", config);
    await home.nanos.models.use("bare");
    for (const { name, setting } of CHAT_PARAMS) {
      if (setting === undefined) continue;
      const value = name === "stop" ? "!" : 1;
      const said = await refusal({ ...CHAT, [name]: value });
      const named = CHAT_PARAMS.find((one) => one.setting === setting)?.name;
      expect(said).toEqual([400, NO_SETTING[setting], named]);
    }
    await home.nanos.models.use("mock");
  });
});

describe("tools of the client", () => {
  const first = async (content: string) => {
    const messages = [{ role: "user", content }];
    const { body, headers } = await ask({ messages, tools });
    const [choice] = (body as { choices: { message: JsonObject }[] }).choices;
    return { messages, message: choice?.message ?? {}, run: headers.get("x-nanos-run") };
  };

  test("come back as calls, and a request with what came of them goes on from there", async () => {
    const { messages, message, run } = await first("the weather");
    expect(message).toMatchObject({
      content: null,
      tool_calls: [
        {
          id: `${run}.2`,
          type: "function",
          function: { name: "get_weather", arguments: '{"city":"Ulm"}' },
        },
      ],
    });
    const [call] = message["tool_calls"] as JsonObject[];
    const result = { role: "tool", tool_call_id: call?.["id"], content: "rain" };
    const again = { messages: [...messages, message, result], tools };
    expect(await choiceOf(again)).toMatchObject({
      finish_reason: "stop",
      message: { content: "It rains." },
    });
    const said = provider.last()?.messages.map(({ role }) => role);
    expect(said).toEqual(["user", "assistant", "tool"]);
    const [line] = home.nanos.traces.list({ limit: 1 });
    expect(line?.request).toBe("the weather");
    // And a later request holds it as what was before.
    const later = [...again.messages, { role: "assistant", content: "It rains." }];
    await choiceOf({ messages: [...later, { role: "user", content: "thanks" }], tools });
    expect(provider.last()?.messages.map(({ role }) => role)).toEqual([
      ...(["user", "assistant", "tool", "assistant", "user"] as const),
    ]);
  });

  test("in a stream they come before its end", async () => {
    const body = { ...CHAT, ...asking("the weather"), tools, stream: true };
    const heard = await hear(await home.open("POST", "/v1/chat/completions", { key, body }));
    const choices = heard.slice(0, -1).flatMap(({ data }) => {
      const chunk: unknown = JSON.parse(data);
      return isObject(chunk) ? (chunk["choices"] as JsonObject[]) : [];
    });
    const deltas = choices.flatMap(({ delta }) =>
      isObject(delta) && delta["tool_calls"] ? [delta["tool_calls"]] : [],
    );
    expect(deltas).toMatchObject([[{ index: 0, function: { name: "get_weather" } }]]);
    expect(choices.at(-1)).toMatchObject({ finish_reason: "tool_calls" });
  });

  test("calls and results that do not belong together are refused", async () => {
    const { messages, message } = await first("the weather");
    const [call] = message["tool_calls"] as JsonObject[];
    const result = { role: "tool", tool_call_id: call?.["id"], content: "rain" };
    const cases: readonly (readonly [readonly unknown[], string])[] = [
      [[...messages, result], "chat.no_call"],
      [[...messages, message], "chat.no_result"],
      [[...messages, message, ...messages], "chat.no_result"],
      [[...messages, message, result, result], "chat.no_call"],
      [[message, result], "chat.no_request"],
    ];
    for (const [given, code] of cases) {
      expect(await refusal({ ...CHAT, messages: given, tools })).toEqual([400, code, "messages"]);
    }
  });

  test("a key that does not reach them has none called", async () => {
    const narrow = await home.key({ scopes: ["read:./notes"], rate: 1_000 });
    const body = { ...CHAT, ...asking("the weather"), tools };
    const came = await home.ask("POST", "/v1/chat/completions", { key: narrow, body });
    expect(JSON.stringify(came.body)).not.toContain("tool_calls");
    const wide = await home.key({ scopes: ["client:get_weather"], rate: 1_000 });
    const other = await home.ask("POST", "/v1/chat/completions", { key: wide, body });
    expect(JSON.stringify(other.body)).toContain("tool_calls");
  });
});

test("an image is given to a model that takes them, and refused by the field else", async () => {
  const png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const shown = (url: string) => [
    {
      role: "user",
      content: [
        { type: "text", text: "What is it?" },
        { type: "image_url", image_url: { url } },
      ],
    },
  ];
  const data = `data:image/png;base64,${png}`;
  const refused = (url: string): Promise<unknown> => refusal({ ...CHAT, messages: shown(url) });
  expect(await refused(data)).toEqual([400, "image.not_taken", "messages"]);
  expect(await refused("https://example.org/a.png")).toEqual([400, "chat.image", "messages"]);
  await home.nanos.models.add("eyes", { ...provider.config("openai"), images: true });
  await home.nanos.models.use("eyes");
  const told = JSON.stringify((await sent({ messages: shown(data) }))["messages"]);
  expect(told).toContain(data);
  expect(await refused("data:image/png;base64,aGVsbG8=")).toEqual([
    ...[400, "image.no_image", "messages"],
  ]);
  // Its bytes lie in the vault, and not in the record.
  const [line] = home.nanos.traces.list({ limit: 1 });
  expect(JSON.stringify(home.nanos.traces.events(line?.run ?? ""))).not.toContain(png);
  await home.nanos.models.use("mock");
});
