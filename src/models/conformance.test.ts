import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { ModelConfig, ModelEvent, ModelRequest } from "../contracts/model.ts";
import { fakeClock, systemClock } from "../std/clock.ts";
import { countingRandom } from "../std/random.ts";
import type { ModelDeps } from "./adapter.ts";
import { fromLanguageModel, type AnyLanguageModel } from "./bridge.ts";
import type { Model } from "./model.ts";
import { openModel } from "./open.ts";
import type { ScriptInput } from "../contracts/script.ts";
import { scriptModel } from "./script.ts";
import { CASES, PRICE, TEXT, refused, type Seen } from "./testing/cases.ts";
import { embedding } from "./testing/embedding-cases.ts";
import { seen } from "./testing/seen.ts";
import { readFixture, serveResponses } from "./testing/fixture-server.ts";

/*
 * What the contract of `Model` promises, of every adapter and the bridge. A real server on a
 * loopback port sends the bytes of `fixtures/`, whole, cut anywhere, and byte by byte. What a wire
 * has no place for is skipped by name, with a reason, and printed.
 */

/** One implementation of the port, and what its wire has no place for, with the reason. */
interface Subject {
  readonly name: string;
  /** Folder of its fixtures. */
  readonly fixtures: string;
  readonly open: (url: string, deps: ModelDeps) => Promise<Model>;
  readonly lacks: Readonly<Record<string, string>>;
  /** Where it must answer otherwise than the others. */
  readonly differs?: Readonly<Record<string, Seen>>;
}

const DEPS = (): ModelDeps => ({
  env: { TEST_KEY: "sk-canary-0123456789" },
  clock: fakeClock(Date.UTC(2026, 0, 1)),
  random: countingRandom(),
  arrangementDir: null,
  routes: [],
});
const opened =
  (config: Omit<ModelConfig, "url">, path: string): Subject["open"] =>
  (url, deps) => {
    const more = { url: url + path, model: "small-1", keyEnv: "TEST_KEY", price: PRICE };
    return openModel("local", { ...config, ...more }, deps);
  };

function bridged(model: AnyLanguageModel, url: string, deps: ModelDeps): Model {
  return fromLanguageModel("local", model, { ...deps, price: PRICE, host: new URL(url).host });
}
const compatible = (url: string): AnyLanguageModel =>
  createOpenAICompatible({
    name: "local",
    baseURL: `${url}/v1`,
    apiKey: "sk-canary-0123456789",
    includeUsage: true,
  })("small-1");
const anthropic = (url: string): AnyLanguageModel =>
  createAnthropic({ baseURL: `${url}/v1`, apiKey: "sk-canary-0123456789" })("small-1");

const ONLY_CHAT = "a shape only chat completions servers send";
const NO_IDS_MIXED = "its calls arrive whole, one after the other";
const STRUCTURED = "its models do not print calls; nothing looks for them";
const PRINTS = Object.keys(CASES).filter((name) => name.startsWith("printed-"));
const without = (names: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, reason]));

const CHAT_ONLY = without(
  [
    "interleaved",
    "empty-ids",
    "same-index",
    "error-field",
    "no-done",
    "whole-error",
    "no-stream-options",
  ],
  ONLY_CHAT,
);
const CHAT_LACKS = without(["bad-mapping"], "it has no mapping");

/** Of its 2006 tokens 36 were written to its cache, and it says so. */
const CACHED_ANTHROPIC: Readonly<Record<string, Seen>> = {
  cached: {
    text: "fine",
    finish: "stop",
    usage: { input: 2006, output: 300, cached: 1920, written: 36, cost: 1655 / 1e6 },
  },
};

const PACKAGE_LACKS = {
  whole: "the package reads streams only",
  redirect: "the package follows redirects by itself",
  "web-page": "the package does not look at the type of content",
};

const SUBJECTS: readonly Subject[] = [
  {
    name: "openai-compatible",
    fixtures: "openai-compatible",
    open: opened({ adapter: "openai-compatible" }, "/v1"),
    lacks: CHAT_LACKS,
  },
  {
    name: "openai",
    fixtures: "openai-compatible",
    open: opened({ adapter: "openai" }, "/v1"),
    lacks: CHAT_LACKS,
  },
  {
    name: "anthropic",
    fixtures: "anthropic",
    open: opened({ adapter: "anthropic" }, "/v1"),
    lacks: {
      ...CHAT_ONLY,
      ...CHAT_LACKS,
      ...without(PRINTS, STRUCTURED),
      "tools-unsupported": "all its models call tools",
    },
    differs: CACHED_ANTHROPIC,
  },
  {
    name: "ollama",
    fixtures: "ollama",
    open: opened({ adapter: "ollama" }, ""),
    lacks: {
      ...CHAT_ONLY,
      ...CHAT_LACKS,
      cached: "it does not count cached tokens",
      filtered: "it has no content filter",
      "cut-call": NO_IDS_MIXED,
    },
  },
  {
    name: "http",
    fixtures: "http",
    open: opened(
      {
        adapter: "http",
        http: {
          body: { model: "$MODEL", prompt: "$PROMPT" },
          text: "reply.text",
          calls: "reply.calls",
          thinking: "reply.thought",
          inputTokens: "tokens.in",
          outputTokens: "tokens.out",
          cachedTokens: "tokens.cached",
        },
      },
      "/ask",
    ),
    lacks: {
      ...CHAT_ONLY,
      length: "the mapping has no path for why it stopped",
      filtered: "the mapping has no path for why it stopped",
      cut: "nothing marks the end of its stream but the end itself",
      "cut-frame": "nothing marks the end of its stream but the end itself",
      "cut-call": NO_IDS_MIXED,
      "tools-unsupported": "its provider is not known",
    },
  },
  {
    name: "bridge over @ai-sdk/openai-compatible",
    fixtures: "openai-compatible",
    open: async (url, deps) => bridged(compatible(url), url, deps),
    lacks: {
      ...CHAT_LACKS,
      ...PACKAGE_LACKS,
      "error-field": "the package skips a field called `error`",
      "whole-error": "the package reads streams only",
      "no-stream-options": "the package sends what it was told to",
    },
  },
  {
    name: "bridge over @ai-sdk/anthropic",
    fixtures: "anthropic",
    open: async (url, deps) => bridged(anthropic(url), url, deps),
    lacks: {
      ...CHAT_ONLY,
      ...CHAT_LACKS,
      ...PACKAGE_LACKS,
      ...without(PRINTS, STRUCTURED),
      "tools-unsupported": "all its models call tools",
      "no-usage": "the package refuses a stream without usage",
    },
    differs: CACHED_ANTHROPIC,
  },
];

for (const subject of SUBJECTS) {
  describe(subject.name, () => {
    leaving(subject);
    embedding({ ...subject, open: (url) => subject.open(url, DEPS()) });
    for (const [name, expected] of Object.entries(CASES)) {
      const reason = subject.lacks[name];
      if (reason === undefined) check(subject, name, subject.differs?.[name] ?? expected);
      else lacking(subject, name, reason);
    }
  });
}

/** A case a wire has no place for: the reason is printed, and a fixture must not exist after all. */
const lackingLines: string[] = [];
function lacking(subject: Subject, name: string, reason: string): void {
  lackingLines.push(`${subject.name} lacks ${name}: ${reason}`);
  test(`${name} (lacks: ${reason})`, () => {
    // The bridge shares the folder of a wire that may well have the case.
    if (subject.fixtures !== subject.name) return;
    expect(existsSync(fixture(subject.fixtures, name))).toBe(false);
  });
}
afterAll(() => {
  console.log(lackingLines.join("\n"));
});

function check(subject: Subject, name: string, expected: Seen): void {
  // Whole, cut inside characters, and byte by byte.
  for (const slice of [Number.POSITIVE_INFINITY, 7, 1]) {
    test(`${name} in pieces of ${slice}`, async () => {
      const responses = await readFixture(fixture(subject.fixtures, name));
      const server = await serveResponses(responses, slice);
      try {
        const model = await subject.open(server.url, DEPS());
        expect(await seen(model.stream(REQUEST, new AbortController().signal))).toEqual(expected);
      } finally {
        await server.close();
      }
    });
  }
}

/** What happens when the caller, the server or nobody speaks. */
function leaving(subject: Subject): void {
  const during = async (
    fixtureName: string,
    deps: ModelDeps,
    act: (model: Model, url: string) => Promise<void>,
  ): Promise<void> => {
    const server = await serveResponses(await readFixture(fixture(subject.fixtures, fixtureName)));
    try {
      await act(await subject.open(server.url, deps), server.url);
    } finally {
      await server.close();
    }
  };
  test("cancelled in the middle", () =>
    during("hang", DEPS(), async (model) => {
      const stop = new AbortController();
      const events: ModelEvent[] = [];
      for await (const event of model.stream(REQUEST, stop.signal)) {
        events.push(event);
        stop.abort();
      }
      const expected: Seen = { text: "Half an ", finish: "cancelled" };
      expect(await seen(replayed(events))).toEqual(expected);
    }));
  test("cancelled before it begins", () =>
    during("text", DEPS(), async (model) => {
      const expected: Seen = { finish: "cancelled" };
      expect(await seen(model.stream(REQUEST, AbortSignal.abort()))).toEqual(expected);
    }));
  test("cancelled while waiting to try again", () =>
    during("retry-seconds", { ...DEPS(), clock: systemClock }, async (model) => {
      const stop = new AbortController();
      const events: ModelEvent[] = [];
      for await (const event of model.stream(REQUEST, stop.signal)) {
        events.push(event);
        stop.abort();
      }
      const expected: Seen = { finish: "cancelled", waits: [2_000] };
      expect(await seen(replayed(events))).toEqual(expected);
    }));
  test("silent in the middle", () =>
    during("hang", { ...DEPS(), timing: { firstMs: 10_000, idleMs: 30 } }, async (model) => {
      const expected: Seen = { text: "Half an ", finish: "failed", code: "model.silent" };
      expect(await seen(model.stream(REQUEST, new AbortController().signal))).toEqual(expected);
    }));
  test("left by the caller", () =>
    during("hang", DEPS(), async (model) => {
      // Closing the server would wait for the connection if leaving did not end it.
      for await (const event of model.stream(REQUEST, new AbortController().signal)) {
        expect(event.type).toBe("text");
        break;
      }
    }));
  test("unreachable", async () => {
    const server = await serveResponses([]);
    await server.close();
    const model = await subject.open(server.url, DEPS());
    expect(await seen(model.stream(REQUEST, new AbortController().signal))).toEqual(
      refused("model.unreachable"),
    );
  });
}

async function* replayed(events: readonly ModelEvent[]): AsyncGenerator<ModelEvent> {
  yield* events;
}

/** The models without a wire: nothing arrives that could be wrong, so few cases apply. */
describe("script", () => {
  const turns: Readonly<Record<string, ScriptInput["turns"][number]>> = {
    text: { say: TEXT.text ?? "", chunk: 3, usage: { input: 12, output: 7 } },
    thinking: { think: "Two plus two is four.", say: "Four.", usage: { input: 12, output: 7 } },
    call: {
      calls: [{ name: "notes_read", args: { path: "today.md", lines: [1, 2] } }],
      usage: { input: 12, output: 7 },
    },
    calls: {
      say: "Reading both.",
      calls: [
        { name: "notes_read", args: { path: "a.md" } },
        { name: "echo", args: { text: "b" } },
      ],
      usage: { input: 12, output: 7 },
    },
    "broken-args": {
      calls: [{ name: "notes_read", broken: '{"path": "today.md",' }],
      usage: { input: 12, output: 7 },
    },
    "no-args": { calls: [{ name: "notes_list" }], usage: { input: 12, output: 7 } },
    "no-usage": { say: "fine" },
    cached: { say: "fine", usage: { input: 2006, output: 300, cached: 1920 } },
    empty: { usage: { input: 12, output: 7 } },
    length: { say: "Half an ", finish: "length", usage: { input: 12, output: 7 } },
    filtered: { say: "I ca", finish: "filtered", usage: { input: 12, output: 7 } },
    unauthorized: { fail: "model.unauthorized" },
  };
  for (const [name, expected] of Object.entries(CASES)) {
    const turn = turns[name];
    if (turn === undefined) {
      lackingLines.push(`script lacks ${name}: it has no wire`);
      continue;
    }
    test(name, async () => {
      const model = scriptModel("recorded", { turns: [turn] }, fakeClock());
      const { usage } = expected;
      expect(await seen(model.stream(REQUEST, new AbortController().signal))).toEqual({
        ...expected,
        ...(usage && { usage: { ...usage, cost: 0 } }),
      });
    });
  }
  test("cancelled in the middle", async () => {
    const script = { turns: [{ say: "Half an answer", chunk: 8, delayMs: 1 }] };
    const stop = new AbortController();
    const events: ModelEvent[] = [];
    for await (const event of scriptModel("s", script, systemClock).stream(REQUEST, stop.signal)) {
      events.push(event);
      stop.abort();
    }
    const expected: Seen = { text: "Half an ", finish: "cancelled" };
    expect(await seen(replayed(events))).toEqual(expected);
  });
});

describe("rules", () => {
  lackingLines.push("rules lacks every case but one answer: there is no model behind it");
  test("says what it is", async () => {
    const model = await openModel("rules", { adapter: "rules" }, DEPS());
    const answer = await seen(model.stream(REQUEST, new AbortController().signal));
    expect(answer.text).toContain("No language model is set up");
    expect({ ...answer, text: "" }).toEqual({
      text: "",
      finish: "stop",
      usage: { input: 0, output: 0, cost: 0 },
      code: "model.none",
    });
  });
  test("cancelled before it begins", async () => {
    const model = await openModel("rules", { adapter: "rules" }, DEPS());
    const expected: Seen = { finish: "cancelled" };
    expect(await seen(model.stream(REQUEST, AbortSignal.abort()))).toEqual(expected);
  });
});

const REQUEST: ModelRequest = {
  system: "Be brief.",
  messages: [{ role: "user", parts: [{ type: "text", text: "Go on." }] }],
  tools: ["notes_read", "notes_list", "echo"].map((name) => ({
    name,
    description: `It is ${name}.`,
    input: { type: "object", properties: {} },
  })),
  agent: "oracle",
};

function fixture(folder: string, name: string): string {
  return new URL(`./fixtures/${folder}/${name}.txt`, import.meta.url).pathname;
}
