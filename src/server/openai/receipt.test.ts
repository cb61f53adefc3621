import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ChatCompletion, type ChatReceipt } from "../../contracts/http/openai.ts";
import { HttpError } from "../../contracts/http/wire.ts";
import { systemClock } from "../../std/clock.ts";
import { type Answered, hear, type Served, served } from "../testing/served.ts";

/** What stands behind an answer, beside it: the same the record holds, on every route that answers. */

let home: Served;
let key = "";

const SECRET = "my key is sk-proj-4fJ9aB2cD3eF5gH6iJ7kL8mN9oP0qR1s";

beforeAll(async () => {
  home = await served({
    env: {
      ...{ ORCH_MEMORY_ENABLED: "1", ORCH_MEMORY_CAPTURE_ENABLED: "1" },
      ORCH_MEMORY_WRITE_POLICY: "capture_only",
    },
    turns: [
      { when: { last: "^keep" }, calls: [{ name: "remember", args: { text: SECRET } }] },
      { when: { last: "^use" }, calls: [{ name: "echo", args: { text: "from the model" } }] },
      { when: { last: "^fail" }, fail: "model.quota" },
      { when: { last: "." }, say: "Done.", once: false },
    ],
  });
  await home.nanos.models.use("recorded");
  key = await home.key({ rate: 1_000 });
});
afterAll(() => home.close());

const asking = (content: string) => ({ messages: [{ role: "user", content }] });

/** The receipt of each route, whole and as it is made, with what the head of its answer says. */
const WAYS: Readonly<Record<string, (text: string) => Promise<[ChatReceipt, Headers]>>> = {
  "a chat completion": (text) =>
    whole("/v1/chat/completions", { model: "oracle", ...asking(text) }),
  "an agent's chat": (text) => whole("/v1/agents/oracle/chat", asking(text)),
  "a response": (text) => whole("/v1/responses", { model: "oracle", input: text }),
  "a chat in pieces": async (text) => {
    const body = { model: "oracle", ...asking(text), stream: true };
    const response = await home.open("POST", "/v1/chat/completions", { key, body });
    const heard = (await hear(response)).filter(({ data }) => data.includes("request_id"));
    return [JSON.parse(heard.at(-1)?.data ?? "{}") as ChatReceipt, response.headers];
  },
};

async function whole(path: string, body: object): Promise<[ChatReceipt, Headers]> {
  const answered = await home.ask("POST", path, { key, body });
  expect([answered.status, answered.body]).toMatchObject([200, {}]);
  return [answered.body as ChatReceipt, answered.headers];
}

for (const [name, ask] of Object.entries(WAYS)) {
  test(`${name}: the request, the tool, the model and what the gate said to memory`, async () => {
    const [used, headers] = await ask("use it");
    const { request_id, model_decision, tool_result, route_decision, memory_decision } = used;
    expect(request_id).toBe(headers.get("x-request-id") ?? "none");
    expect([model_decision, route_decision, memory_decision]).toEqual(["recorded", null, null]);
    expect(tool_result).toMatchObject({ echoed: "from the model" });
    const [routed] = await ask("echo hello");
    expect(routed).toMatchObject({ route_decision: "echo", model_decision: null });

    const [kept, kepts] = await ask("keep this");
    const run = kepts.get("x-nanos-run") ?? "";
    const note = home.nanos.traces.show(run).steps.find(({ kind }) => kind === "note");
    expect(kept.memory_decision).toBe(note?.decision?.reason ?? "none");
    expect(kept.memory_decision).toBe("deny:sensitive_content");
    expect(existsSync(join(home.nanos.place.home, "memory", "oracle"))).toBe(false);
  });
}

test("an answer is whole: what it is called, when it was made, by whom, and what it took", async () => {
  const before = Math.floor(systemClock.now() / 1000);
  const [one] = await whole("/v1/chat/completions", { model: "oracle", ...asking("hi") });
  const [other] = await whole("/v1/chat/completions", { model: "oracle", ...asking("hi") });
  const { id, created, model, object, usage } = ChatCompletion.parse(one);
  expect([model, object, created >= before]).toEqual(["nanos/oracle", "chat.completion", true]);
  expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
  expect(ChatCompletion.parse(other).id).not.toBe(id);
});

test("each refusal has its status, its type and its code", async () => {
  const chat = (content: string, by: string | undefined = key, more: object = {}) =>
    home.ask("POST", "/v1/chat/completions", {
      ...(by === undefined ? {} : { key: by }),
      body: { model: "oracle", ...asking(content), ...more },
    });
  const seldom = await home.key({ rate: 1 });
  await chat("hi", seldom);
  const off = await home.again({ ORCH_ENABLE_API: "0" });
  const disabled = await off.ask("POST", "/v1/chat/completions", {
    ...{ key, body: { model: "oracle", ...asking("hi") } },
  });
  await off.close();
  const path = "/v1/chat/completions";
  const bare = await home.ask("POST", path, { body: { model: "oracle", ...asking("hi") } });
  const all: readonly (readonly [Answered, number, string, string])[] = [
    [bare, 401, "auth_error", "http.no_key"],
    [await chat("hi", key, { model: "gpt-9" }), 404, "not_found", "model_not_found"],
    [await chat("hi", key, { n: 2 }), 400, "invalid_request", "http.not_supported"],
    [await chat("hi", seldom), 429, "rate_limit_error", "http.rate"],
    [await home.ask("GET", "/metrics", { key }), 403, "permission_error", "http.operator_only"],
    [await chat("fail"), 502, "provider_error", "model.quota"],
    [disabled, 503, "service_unavailable", "http.disabled"],
  ];
  for (const [{ status, body }, expected, type, code] of all) {
    const { error } = HttpError.parse(body);
    expect([status, error.type, error.code]).toEqual([expected, type, code]);
  }
});
