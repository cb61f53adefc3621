import { expect, test } from "bun:test";
import type { Message } from "../../contracts/message.ts";
import type { ModelConfig, ModelEnd, ModelRequest } from "../../contracts/model.ts";
import { fakeClock } from "../../std/clock.ts";
import { isObject, type Json } from "../../std/json.ts";
import { countingRandom } from "../../std/random.ts";
import { openModel } from "../open.ts";
import {
  type FixtureServer,
  readFixture,
  serveResponses,
  type WireResponse,
} from "../testing/fixture-server.ts";

/* How reasoning is asked for, and how what a model reasoned goes back to it, as bytes on a wire. */

const REQUEST: ModelRequest = {
  system: "",
  messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }],
  tools: [],
  temperature: 0.5,
  agent: "oracle",
};

const fixtureOf = async (adapter: string, name: string): Promise<readonly WireResponse[]> =>
  readFixture(new URL(`../fixtures/${adapter}/${name}.txt`, import.meta.url).pathname);

const refusal = (message: string): WireResponse => ({
  status: 400,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify({ error: { message } })),
  end: "close",
});

interface Spoken {
  readonly ends: readonly ModelEnd[];
  readonly bodies: readonly { readonly [field: string]: Json }[];
}

/** Asks as often as there are requests; each may be made of the answers before it. */
async function speak(
  config: Partial<ModelConfig>,
  responses: readonly WireResponse[],
  requests: readonly ((ends: readonly ModelEnd[]) => ModelRequest)[] = [() => REQUEST],
): Promise<Spoken> {
  const server: FixtureServer = await serveResponses(responses);
  try {
    const full = { url: server.url, model: "m", keyEnv: "KEY", ...config } as ModelConfig;
    const deps = { env: { KEY: "k" }, clock: fakeClock(), random: countingRandom() };
    const model = await openModel("m", full, { ...deps, arrangementDir: null, routes: [] });
    const ends: ModelEnd[] = [];
    for (const request of requests) {
      for await (const event of model.stream(request(ends), new AbortController().signal)) {
        if (event.type === "end") ends.push(event);
      }
    }
    const bodies = server.requests.map(({ body }) => JSON.parse(body) as Json).filter(isObject);
    return { ends, bodies };
  } finally {
    await server.close();
  }
}

/** What of a body says how to think. */
const asked = ({ bodies }: Spoken): Json[] =>
  bodies.map(({ model: _, stream: __, stream_options: ___, messages: ____, ...rest }) => rest);

const EFFORT = { thinking: { type: "adaptive", display: "summarized" } };

test.each<[string, Partial<ModelConfig>, Json]>([
  [
    "openai-compatible",
    { adapter: "openai-compatible", thinking: "low" },
    { reasoning_effort: "low", temperature: 0.5 },
  ],
  [
    "ollama",
    { adapter: "ollama", thinking: "high", context: 9 },
    { think: "high", options: { num_ctx: 9, temperature: 0.5 } },
  ],
  [
    "anthropic: with room to think, and without a temperature",
    { adapter: "anthropic", thinking: "medium" },
    { ...EFFORT, output_config: { effort: "medium" }, max_tokens: 16_384 },
  ],
  [
    "anthropic: nothing unless it is asked for",
    { adapter: "anthropic" },
    { temperature: 0.5, max_tokens: 8_192 },
  ],
])("asked for: %s", async (_, config, expected) => {
  const responses = await fixtureOf(String(config.adapter), "text");
  expect(asked(await speak(config, responses))).toEqual([expected]);
});

test("anthropic: a model that is told a number is told one, within what its answer may have", async () => {
  const fine = await fixtureOf("anthropic", "text");
  const no = refusal("adaptive thinking is not supported on this model");
  const config = { adapter: "anthropic", thinking: "high" } as const;
  const small = { ...REQUEST, maxTokens: 4_000 };
  const tiny = { ...REQUEST, maxTokens: 1_500 };
  const requests = [REQUEST, small, tiny].map((one) => () => one);
  const spoken = await speak(config, [no, ...fine], requests);
  const counted = (budget_tokens: number): Json => ({ type: "enabled", budget_tokens });
  expect(
    asked(spoken).map((one) => (isObject(one) ? [one["thinking"], one["max_tokens"]] : [])),
  ).toEqual([
    [EFFORT.thinking, 32_768],
    [counted(16_384), 32_768],
    [counted(2_000), 4_000],
    [undefined, 1_500],
  ]);
  expect(spoken.ends.map(({ finish }) => finish)).toEqual(["stop", "stop", "stop"]);
});

/** A conversation with the first answer in it. */
const again = (ends: readonly ModelEnd[]): ModelRequest => {
  const earlier: Message[] = ends.slice(0, 1).map(({ message }) => message);
  const more: Message = { role: "user", parts: [{ type: "text", text: "And?" }] };
  return { ...REQUEST, messages: [...REQUEST.messages, ...earlier, more] };
};

/** The newest body's assistant message. */
const earlierIn = ({ bodies }: Spoken): Json | undefined => {
  const messages = bodies.at(-1)?.["messages"];
  return Array.isArray(messages) ? (messages as readonly Json[])[1] : undefined;
};

const SAID = "Two plus two is four.";

test.each<[string, ModelConfig["adapter"], Json]>([
  [
    "openai-compatible: in the field it came in",
    "openai-compatible",
    { role: "assistant", content: "Four.", reasoning_content: SAID },
  ],
  ["ollama", "ollama", { role: "assistant", content: "Four.", thinking: SAID }],
  [
    "anthropic: with its signature, and what was locked as it was",
    "anthropic",
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: SAID, signature: "EqQBCgIYAhIM==" },
        { type: "redacted_thinking", data: "EmwKAhgBEgy3" },
        { type: "text", text: "Four." },
      ],
    },
  ],
])("goes back: %s", async (_, adapter, expected) => {
  const responses = await fixtureOf(adapter, "thinking");
  const spoken = await speak({ adapter }, responses, [() => REQUEST, again]);
  expect(earlierIn(spoken)).toEqual(expected);
});

test("goes back in the other field some servers say it in", async () => {
  const [thinking] = await fixtureOf("openai-compatible", "thinking");
  const text = thinking?.body.toString("utf8").replaceAll("reasoning_content", "reasoning") ?? "";
  const other = { ...(thinking as WireResponse), body: Buffer.from(text) };
  const spoken = await speak({ adapter: "openai-compatible" }, [other], [() => REQUEST, again]);
  expect(earlierIn(spoken)).toEqual({ role: "assistant", content: "Four.", reasoning: SAID });
});

const PLAIN = { role: "assistant", content: "Four." };

test.each<[string, string, string, Json]>([
  [
    "a server that does not know the field is not told again",
    "thinking",
    "property 'reasoning_content' is unsupported",
    PLAIN,
  ],
  [
    "a server that wants it everywhere gets an empty one where there was none",
    "text",
    "Missing `reasoning_content` field in the assistant message at message index 1",
    { role: "assistant", content: "Grüße aus 東京 👋, all is well.", reasoning_content: "" },
  ],
])("%s", async (_, first, message, expected) => {
  const [answer] = await fixtureOf("openai-compatible", first);
  const [fine] = await fixtureOf("openai-compatible", "text");
  const responses = [answer as WireResponse, refusal(message), fine as WireResponse];
  const spoken = await speak({ adapter: "openai-compatible" }, responses, [
    () => REQUEST,
    again,
    again,
  ]);
  // Refused once, written otherwise at once, and so from then on.
  expect(spoken.bodies).toHaveLength(4);
  expect(spoken.ends.map(({ finish }) => finish)).toEqual(["stop", "stop", "stop"]);
  expect(earlierIn(spoken)).toEqual(expected);
});
