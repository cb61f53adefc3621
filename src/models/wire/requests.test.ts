import { expect, test } from "bun:test";
import type { Message } from "../../contracts/message.ts";
import type { ModelConfig, ModelRequest } from "../../contracts/model.ts";
import { fakeClock } from "../../std/clock.ts";
import type { Json } from "../../std/json.ts";
import { countingRandom } from "../../std/random.ts";
import { openModel } from "../open.ts";
import { readFixture, serveResponses } from "../testing/fixture-server.ts";

/* What each adapter writes: whole bodies, as they arrive at a server. */

const MESSAGES: readonly Message[] = [
  {
    role: "user",
    parts: [
      { type: "text", text: "Look:" },
      { type: "image", media: "image/png", data: "aGk=" },
    ],
  },
  {
    role: "assistant",
    parts: [
      { type: "thinking", text: "Hm.", signature: "sig" },
      { type: "thinking", text: "", signature: "sealed:locked" },
      { type: "thinking", text: "Unsigned." },
      { type: "text", text: "Reading." },
      { type: "call", id: "a:1", name: "read", args: { path: "a.md" } },
      { type: "call", id: "b", name: "read", args: null, broken: '{"path":' },
    ],
  },
  {
    role: "tool",
    parts: [
      { type: "result", id: "a:1", name: "read", text: "A", error: false },
      { type: "result", id: "b", name: "read", text: "bad arguments", error: true },
    ],
  },
  { role: "assistant", parts: [] },
  { role: "user", parts: [{ type: "text", text: "Go on." }] },
];
const SCHEMA = { type: "object", properties: { path: { type: "string" } } };
const FULL: ModelRequest = {
  system: "Be brief.",
  messages: MESSAGES,
  tools: [{ name: "read", description: "Reads.", input: SCHEMA }],
  choice: { name: "read" },
  temperature: 0.5,
  maxTokens: 100,
  context: 16_000,
  agent: "oracle",
};
const LEAST: ModelRequest = {
  system: "",
  messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }],
  tools: [],
  agent: "oracle",
};

async function sent(config: Partial<ModelConfig>, request: ModelRequest): Promise<Sent> {
  const folder = config.adapter === "openai" ? "openai-compatible" : config.adapter;
  const path = new URL(`../fixtures/${folder}/text.txt`, import.meta.url).pathname;
  const server = await serveResponses(await readFixture(path));
  try {
    const full = { url: server.url, model: "m", keyEnv: "KEY", ...config } as ModelConfig;
    const model = await openModel("local", full, {
      env: { KEY: "secret" },
      clock: fakeClock(),
      random: countingRandom(),
      arrangementDir: null,
      routes: [],
    });
    for await (const event of model.stream(request, new AbortController().signal)) void event;
    const { headers, body } = server.requests[0] ?? { headers: new Headers(), body: "{}" };
    return { headers, body: JSON.parse(body) as Json };
  } finally {
    await server.close();
  }
}

interface Sent {
  readonly headers: Headers;
  readonly body: Json;
}

function check(
  name: string,
  config: Partial<ModelConfig>,
  request: ModelRequest,
  expected: Json,
  header?: readonly [string, string],
): void {
  test(name, async () => {
    const { headers, body } = await sent(config, request);
    expect(body).toEqual(expected);
    if (header) expect(headers.get(header[0])).toBe(header[1]);
  });
}

const CHAT_MESSAGES = [
  { role: "system", content: "Be brief." },
  {
    role: "user",
    content: [
      { type: "text", text: "Look:" },
      { type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } },
    ],
  },
  {
    role: "assistant",
    content: "Reading.",
    reasoning_content: "Unsigned.",
    tool_calls: [
      { id: "a:1", type: "function", function: { name: "read", arguments: '{"path":"a.md"}' } },
      {
        id: "b",
        type: "function",
        function: { name: "read", arguments: '{"broken":"{\\"path\\":"}' },
      },
    ],
  },
  { role: "tool", tool_call_id: "a:1", content: "A" },
  { role: "tool", tool_call_id: "b", content: "bad arguments" },
  { role: "user", content: "Go on." },
];
const CHAT_TOOLS = [
  { type: "function", function: { name: "read", description: "Reads.", parameters: SCHEMA } },
];
const chat = (maxTokens: string): Json => ({
  model: "m",
  stream: true,
  stream_options: { include_usage: true },
  [maxTokens]: 100,
  temperature: 0.5,
  tools: CHAT_TOOLS,
  tool_choice: { type: "function", function: { name: "read" } },
  messages: CHAT_MESSAGES,
});

const BEARER = ["authorization", "Bearer secret"] as const;
check("openai-compatible", { adapter: "openai-compatible" }, FULL, chat("max_tokens"), BEARER);
check("openai", { adapter: "openai" }, FULL, chat("max_completion_tokens"), BEARER);
check("openai-compatible, least", { adapter: "openai-compatible" }, LEAST, {
  model: "m",
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: "user", content: "Hi" }],
});

const MARK = { cache_control: { type: "ephemeral" } };
check(
  "anthropic",
  { adapter: "anthropic" },
  FULL,
  {
    model: "m",
    stream: true,
    max_tokens: 100,
    temperature: 0.5,
    tools: [{ name: "read", description: "Reads.", input_schema: SCHEMA }],
    tool_choice: { type: "tool", name: "read" },
    system: [{ type: "text", text: "Be brief.", ...MARK }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "Look:" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.", signature: "sig" },
          { type: "redacted_thinking", data: "locked" },
          { type: "text", text: "Reading." },
          { type: "tool_use", id: "a_1", name: "read", input: { path: "a.md" } },
          { type: "tool_use", id: "b", name: "read", input: { broken: '{"path":' } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a_1", content: "A" },
          // Where the last request ended.
          {
            type: "tool_result",
            tool_use_id: "b",
            content: "bad arguments",
            is_error: true,
            ...MARK,
          },
        ],
      },
      { role: "user", content: [{ type: "text", text: "Go on.", ...MARK }] },
    ],
  },
  ["x-api-key", "secret"],
);
check("anthropic, least", { adapter: "anthropic" }, LEAST, {
  model: "m",
  stream: true,
  max_tokens: 8_192,
  messages: [{ role: "user", content: [{ type: "text", text: "Hi", ...MARK }] }],
});

check("ollama: the context window is really sent", { adapter: "ollama" }, FULL, {
  model: "m",
  stream: true,
  options: { num_ctx: 16_000, num_predict: 100, temperature: 0.5 },
  tools: CHAT_TOOLS,
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Look:", images: ["aGk="] },
    {
      role: "assistant",
      content: "Reading.",
      thinking: "Hm.Unsigned.",
      tool_calls: [
        { id: "a:1", function: { name: "read", arguments: { path: "a.md" } } },
        { id: "b", function: { name: "read", arguments: { broken: '{"path":' } } },
      ],
    },
    { role: "tool", tool_name: "read", tool_call_id: "a:1", content: "A" },
    { role: "tool", tool_name: "read", tool_call_id: "b", content: "bad arguments" },
    { role: "user", content: "Go on." },
  ],
});
check(
  "ollama: the config's context, where the request has none",
  { adapter: "ollama", context: 8_000 },
  LEAST,
  {
    model: "m",
    stream: true,
    options: { num_ctx: 8_000 },
    messages: [{ role: "user", content: "Hi" }],
  },
);
check("ollama: the usual context, where nobody says", { adapter: "ollama" }, LEAST, {
  model: "m",
  stream: true,
  options: { num_ctx: 110_000 },
  messages: [{ role: "user", content: "Hi" }],
});
check(
  "ollama: what must not be called is not offered",
  { adapter: "ollama" },
  { ...FULL, choice: "none", messages: [] },
  {
    model: "m",
    stream: true,
    options: { num_ctx: 16_000, num_predict: 100, temperature: 0.5 },
    messages: [{ role: "system", content: "Be brief." }],
  },
);

check(
  "http: words are replaced in strings and nowhere else",
  {
    adapter: "http",
    http: {
      headers: { "X-Api-Key": "Key $KEY" },
      body: {
        $MODEL: "$MODEL",
        prompt: "<s>$SYSTEM</s> $PROMPT",
        list: ["$MESSAGES", 1, null],
        tools: "$TOOLS",
        other: "$OTHER $MODELS",
      },
      text: "reply.text",
    },
  },
  {
    ...FULL,
    messages: [{ role: "user", parts: [{ type: "text", text: 'say $MODEL "quoted"' }] }],
  },
  {
    $MODEL: "m",
    prompt: '<s>Be brief.</s> say $MODEL "quoted"',
    list: [[{ role: "user", content: 'say $MODEL "quoted"' }], 1, null],
    tools: [{ name: "read", description: "Reads.", parameters: SCHEMA }],
    other: "$OTHER $MODELS",
  },
  ["x-api-key", "Key secret"],
);
check(
  "http: a transcript inside a string",
  { adapter: "http", http: { body: { prompt: "$MESSAGES\n\nassistant:" }, text: "reply.text" } },
  FULL,
  {
    prompt:
      "user: Look:\n\nassistant: Reading.\n\ntool: A\nbad arguments\n\nassistant: \n\nuser: Go on.\n\nassistant:",
  },
);
