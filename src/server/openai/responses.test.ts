import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ResponseShown } from "../../contracts/http/responses.ts";
import { HttpError } from "../../contracts/http/wire.ts";
import type { JsonObject } from "../../std/json.ts";
import { type MockProvider, startMockProvider } from "../../models/testing/mock-provider.ts";
import { type Served, hear, served } from "../testing/served.ts";
import { RESPONSE_PARAMS } from "./params.ts";

/** Responses: each parameter does what its line says, and what does not belong together is refused. */

let home: Served;
let provider: MockProvider;
let key = "";

beforeAll(async () => {
  home = await served();
  key = await home.key({ rate: 10_000 });
  const call = (city: string) => ({ name: "get_weather", args: { city } });
  provider = await startMockProvider({
    script: {
      turns: [
        { when: { last: "weather" }, calls: [call("Ulm"), call("Bonn")] },
        { when: { last: "number" }, say: '{"n": 1}' },
        { when: { last: "." }, say: "hello" },
      ],
    },
  });
  await home.nanos.models.add("mock", { ...provider.config("openai"), images: true });
  await home.nanos.models.use("mock");
});
afterAll(async () => {
  await home.close();
  await provider.close();
});

const ASK = { model: "oracle", input: "hi" };
const tools = [{ type: "function", name: "get_weather", parameters: { type: "object" } }];
const weather = { ...ASK, input: "the weather", tools };

async function made(more: object): Promise<ResponseShown> {
  const { body } = await home.ask("POST", "/v1/responses", { key, body: { ...ASK, ...more } });
  return ResponseShown.parse(body);
}

async function refusal(more: object): Promise<unknown> {
  const { status, body } = await home.ask("POST", "/v1/responses", {
    ...{ key, body: { ...ASK, ...more } },
  });
  const { error } = HttpError.parse(body);
  return [status, error.code, error.param];
}

async function sent(more: object): Promise<JsonObject> {
  await made(more);
  return provider.last()?.body ?? {};
}

const callsIn = ({ output }: ResponseShown) => output.filter(({ type }) => type !== "message");

const EFFECTS: Readonly<Record<string, () => Promise<void>>> = {
  model: async () =>
    expect(await refusal({ model: "x" })).toEqual([404, "model_not_found", "model"]),
  input: async () => {
    const input = [
      { role: "developer", content: "Be brief." },
      { role: "user", content: [{ type: "input_text", text: "hi" }] },
      { role: "assistant", content: [{ type: "output_text", text: "ho" }] },
      { role: "user", content: "and?" },
    ];
    const told = (await sent({ input }))["messages"] as JsonObject[];
    expect(told.slice(1).map(({ content }) => content)).toEqual([
      ...["The client says first: Be brief.", "hi", "ho", "and?"],
    ]);
  },
  stream: async () => {
    const body = { ...ASK, stream: true };
    const heard = await hear(await home.open("POST", "/v1/responses", { key, body }));
    expect([heard[0]?.event, heard.at(-1)?.event]).toEqual([
      ...["response.created", "response.completed"],
    ]);
  },
  temperature: async () => expect(await sent({ temperature: 1 })).toMatchObject({ temperature: 1 }),
  top_p: async () => expect(await sent({ top_p: 0.5 })).toMatchObject({ top_p: 0.5 }),
  max_output_tokens: async () => {
    expect(await sent({ max_output_tokens: 9 })).toMatchObject({ max_tokens: 9 });
  },
  parallel_tool_calls: async () => {
    expect(callsIn(await made(weather))).toHaveLength(2);
    expect(callsIn(await made({ ...weather, parallel_tool_calls: false }))).toHaveLength(1);
  },
  user: async () => expect((await made({ user: "ann" })).user).toBe("ann"),
  metadata: async () => expect((await made({ metadata: { a: "b" } })).metadata).toEqual({ a: "b" }),
  instructions: async () => {
    const first = await made({ instructions: "Be brief." });
    expect(JSON.stringify(provider.last()?.messages)).toContain("Be brief.");
    await made({ input: "more", previous_response_id: first.id });
    expect(JSON.stringify(provider.last()?.messages)).not.toContain("Be brief.");
  },
  previous_response_id: async () => {
    const first = await made({ input: "one" });
    const second = await made({ input: "two", previous_response_id: first.id });
    const third = await made({ input: "three", previous_response_id: second.id });
    expect(provider.last()?.messages).toHaveLength(5);
    expect(third.previous_response_id).toBe(second.id);
  },
  tools: async () => {
    expect(callsIn(await made(weather))[0]).toMatchObject({ name: "get_weather" });
    const taken = [{ ...tools[0], name: "calculate" }];
    expect(await refusal({ tools: taken })).toEqual([400, "client.tool_taken", "tools"]);
  },
  tool_choice: async () => {
    const named = { ...weather, tool_choice: { type: "function", name: "get_weather" } };
    expect((await made(named)).tool_choice).toEqual({ type: "function", name: "get_weather" });
    const none = await sent({ tools, tool_choice: "none" });
    expect(JSON.stringify(none["tools"])).not.toContain("get_weather");
    expect(await refusal({ tool_choice: "required" })).toEqual([
      400,
      "chat.no_tool",
      "tool_choice",
    ]);
  },
  text: async () => {
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const format = { type: "json_schema", name: "n", schema };
    const shown = await made({ input: "a number", text: { format } });
    expect(shown.output[0]).toMatchObject({ content: [{ text: '{"n":1}' }] });
    expect(await refusal({ text: { format } })).toEqual([502, "run.unfit", null]);
    expect(await refusal({ text: { format: { ...format, schema: { type: "x" } } } })).toEqual([
      ...[400, "client.bad_form", "text"],
    ]);
  },
  background: async () => {
    const { id, status } = await made({ background: true });
    expect(status).toBe("in_progress");
    const now = async () => (await home.ask("GET", `/v1/responses/${id}`, { key })).body;
    while (ResponseShown.parse(await now()).status === "in_progress") await Bun.sleep(2);
    expect(await now()).toMatchObject({ status: "completed" });
    expect(await refusal({ background: true, stream: true })).toEqual([
      ...[400, "http.not_supported", "background"],
    ]);
  },
};

describe("responses", () => {
  for (const param of RESPONSE_PARAMS) {
    test(param.does === undefined ? `${param.name} is refused` : param.name, async () => {
      if (param.does !== undefined) return EFFECTS[param.name]?.() ?? expect.unreachable();
      const said = await refusal({ [param.name]: { something: 1 } });
      expect(said).toEqual([400, "http.not_supported", param.name]);
      for (const idle of param.idle ?? []) await made({ [param.name]: idle });
    });
  }

  test("what came of calls goes on from them alone, all of it at once", async () => {
    const first = await made(weather);
    const [one, two] = callsIn(first) as { call_id: string }[];
    const came = (call_id?: string) => ({ type: "function_call_output", call_id, output: "rain" });
    const on = { ...weather, previous_response_id: first.id };
    const both = [came(one?.call_id), came(two?.call_id)];
    const second = await made({ ...on, input: both });
    expect(second.output[0]).toMatchObject({ content: [{ text: "hello" }] });
    // The same again, as after a lost connection, is another run of its own.
    expect((await made({ ...on, input: both })).id).not.toBe(second.id);
    const words = { role: "user", content: "hm" };
    const cases: readonly (readonly [readonly unknown[], string])[] = [
      [[came(one?.call_id)], "chat.no_result"],
      [[words], "chat.no_result"],
      [[...both, came("call_none")], "chat.no_call"],
    ];
    for (const [input, code] of cases) {
      expect(await refusal({ ...on, input })).toEqual([400, code, "input"]);
    }
    expect((await made({ ...on, input: [...both, words] })).status).toBe("completed");
    expect(provider.last()?.messages.at(-1)).toMatchObject({ parts: [{ text: "hm" }] });
    const after = { previous_response_id: second.id };
    expect(await refusal({ ...after, input: [both[0]] })).toEqual([400, "chat.no_call", "input"]);
    const again = [{ role: "assistant", content: "hello" }, words];
    expect(await refusal({ ...after, input: again })).toEqual([400, "response.twice", "input"]);
  });

  test("one that is still made is not gone on from, and none is another's", async () => {
    const slow = await startMockProvider({ answer: () => ({ say: "late", delayMs: 10_000 }) });
    await home.nanos.models.add("slow", slow.config("openai"));
    await home.nanos.models.use("slow");
    const { id } = await made({ background: true });
    expect(await refusal({ previous_response_id: id })).toEqual([
      ...[409, "response.running", "previous_response_id"],
    ]);
    const stranger = { key: await home.key({ rate: 1_000 }) };
    for (const [method, path] of [
      ["GET", `/v1/responses/${id}`],
      ["POST", `/v1/responses/${id}/cancel`],
      ["GET", "/v1/responses/resp_none"],
      ["GET", `/v1/responses/${id.replace("resp_", "")}`],
    ] as const) {
      const { body } = await home.ask(method, path, stranger);
      expect(body).toMatchObject({ error: { code: "response.unknown" } });
    }
    const stopped = await home.ask("POST", `/v1/responses/${id}/cancel`, { key });
    expect(stopped.status).toBe(200);
    await home.nanos.models.use("mock");
    await slow.close();
  });

  test("an image is given with what is said of it, in a later turn as well", async () => {
    const png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const image_url = `data:image/png;base64,${png}`;
    const content = [
      { type: "input_text", text: "What is it?" },
      { type: "input_image", image_url },
    ];
    const input = [{ role: "user", content }];
    const first = await made({ input });
    expect(JSON.stringify(provider.last()?.body)).toContain(image_url);
    await made({ input, previous_response_id: first.id });
    expect(JSON.stringify(provider.last()?.body)).toContain(image_url);
    const file = [{ role: "user", content: [{ type: "input_image", image_url: "file:///x" }] }];
    expect(await refusal({ input: file })).toEqual([400, "chat.no_request", "input"]);
  });
});
