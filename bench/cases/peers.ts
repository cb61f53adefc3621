import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/machine.ts";
import { stepsOf } from "./bare.ts";
import type { Case, Given } from "./case.ts";

/** Other agent runtimes on the same work: 20 calls of `echo`, streamed, and an answer. */

export const PEERS = join(ROOT, "bench/.peers");

/** Their packages, by the folder they are installed in. */
export const PACKAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pi: { "@earendil-works/pi-agent-core": "0.87.1", "@earendil-works/pi-ai": "0.87.1" },
  "pi-session": { "@earendil-works/pi-coding-agent": "0.87.1" },
  ai: { ai: "7.0.173", "@ai-sdk/openai-compatible": "3.0.92", zod: "4.6.7" },
  "openai-agents": { "@openai/agents": "0.20.0", openai: "7.57.0", zod: "4.6.7" },
  langgraph: {
    "@langchain/langgraph": "1.7.3",
    "@langchain/openai": "1.6.0",
    "@langchain/core": "1.4.0",
    "@langchain/langgraph-checkpoint-sqlite": "1.0.4",
    zod: "4.6.7",
  },
  restate: { "@restatedev/restate-server": "1.7.12" },
  mastra: { "@mastra/core": "1.71.0", "@ai-sdk/openai-compatible": "3.0.92", zod: "4.6.7" },
};

/** A package of one peer, as the few things of it that are used here. */
async function load<T>(peer: string, name: string): Promise<T> {
  return (await import(Bun.resolveSync(name, join(PEERS, peer)))) as T;
}

/** Runs one conversation; how often the tool was called is checked, or the figures mean nothing. */
type Runner = (model: string, called: () => void) => Promise<unknown>;

async function measured({ quick }: Given, run: Runner): ReturnType<Case> {
  return stepsOf(quick, async () => {
    let calls = 0;
    await run("steps-20", () => (calls += 1));
    if (calls !== 20) throw new Error(`it made ${calls} calls, not 20`);
  });
}

const SAYS = "Gives a text back unchanged.";

interface Zod {
  readonly z: { object(shape: object): unknown; string(): unknown };
}

export const pi: Case = async (given) => {
  const { Agent } = await load<{ Agent: new (options: object) => PiAgent }>(
    "pi",
    "@earendil-works/pi-agent-core",
  );
  const { Type } = await load<{ Type: { Object(shape: object): unknown; String(): unknown } }>(
    "pi",
    "@earendil-works/pi-ai",
  );
  const { streamSimple } = await load<{ streamSimple: PiStream }>(
    "pi",
    "@earendil-works/pi-ai/api/openai-completions",
  );
  return measured(given, async (id, called) => {
    const model = {
      ...{ id, name: id, api: "openai-completions", provider: "mock", baseUrl: given.url },
      ...{ reasoning: false, input: ["text"], contextWindow: 1_000_000, maxTokens: 4_096 },
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    };
    const echo = {
      ...{ name: "echo", label: "echo", description: SAYS },
      parameters: Type.Object({ text: Type.String() }),
      execute: async (_: string, { text }: { text: string }) => {
        called();
        return { content: [{ type: "text", text: JSON.stringify({ echoed: text }) }], details: {} };
      },
    };
    const agent = new Agent({
      initialState: { systemPrompt: "Do what is asked.", model, tools: [echo] },
      streamFn: (one: unknown, context: unknown, options: object) =>
        streamSimple(one, context, { ...options, apiKey: "none" }),
      getApiKey: () => "none",
    });
    await agent.prompt("go");
  });
};

type PiStream = (model: unknown, context: unknown, options: object) => unknown;
interface PiAgent {
  prompt(text: string): Promise<void>;
}

export const aiSdk: Case = async (given) => {
  const ai = await load<{
    streamText(options: object): { textStream: AsyncIterable<string> };
    tool(definition: object): unknown;
    isStepCount?: (count: number) => unknown;
    stepCountIs?: (count: number) => unknown;
  }>("ai", "ai");
  const stopWhen = (ai.isStepCount ?? ai.stepCountIs)?.(100);
  const { z } = await load<Zod>("ai", "zod");
  const model = await compatible("ai", given.url);
  return measured(given, async (id, called) => {
    const echo = ai.tool({
      description: SAYS,
      inputSchema: z.object({ text: z.string() }),
      execute: async ({ text }: { text: string }) => {
        called();
        return { echoed: text };
      },
    });
    const tools = { echo };
    const result = ai.streamText({ model: model(id), prompt: "go", tools, stopWhen });
    for await (const _ of result.textStream);
  });
};

async function compatible(peer: string, baseURL: string): Promise<(id: string) => unknown> {
  const { createOpenAICompatible } = await load<{
    createOpenAICompatible(options: object): (id: string) => unknown;
  }>(peer, "@ai-sdk/openai-compatible");
  return createOpenAICompatible({ name: "mock", baseURL, apiKey: "none", includeUsage: true });
}

export const openaiAgents: Case = async (given) => {
  const agents = await load<{
    Agent: new (options: object) => unknown;
    OpenAIChatCompletionsModel: new (client: unknown, id: string) => unknown;
    run(agent: unknown, text: string, options: object): Promise<OpenAiStream>;
    tool(definition: object): unknown;
    setTracingDisabled(disabled: boolean): void;
  }>("openai-agents", "@openai/agents");
  const { default: OpenAI } = await load<{ default: new (options: object) => unknown }>(
    "openai-agents",
    "openai",
  );
  const { z } = await load<Zod>("openai-agents", "zod");
  agents.setTracingDisabled(true);
  const client = new OpenAI({ baseURL: given.url, apiKey: "none" });
  return measured(given, async (id, called) => {
    const echo = agents.tool({
      ...{ name: "echo", description: SAYS },
      parameters: z.object({ text: z.string() }),
      execute: async ({ text }: { text: string }) => {
        called();
        return JSON.stringify({ echoed: text });
      },
    });
    const model = new agents.OpenAIChatCompletionsModel(client, id);
    const agent = new agents.Agent({ name: "o", instructions: "Do it.", model, tools: [echo] });
    const stream = await agents.run(agent, "go", { stream: true, maxTurns: 100 });
    for await (const _ of stream);
    await stream.completed;
  });
};

interface OpenAiStream extends AsyncIterable<unknown> {
  readonly completed: Promise<unknown>;
}

export const langgraph: Case = (given) => graph(given, async () => undefined);

/** With its own saver, on Bun's SQLite: the driver it brings does not load in Bun. */
export const langgraphSqlite: Case = async (given) => {
  const dir = mkdtempSync(join(tmpdir(), "nanos-bench-"));
  const { Database } = await import("bun:sqlite");
  class Better extends Database {
    pragma(text: string): unknown {
      return super.prepare(`PRAGMA ${text}`).all();
    }
  }
  // What is not there is undefined to the saver, null to Bun.
  const { prepare } = Database.prototype;
  Better.prototype.prepare = function patched(this: Better, ...given: Parameters<typeof prepare>) {
    const statement = prepare.apply(this, given);
    const get = statement.get.bind(statement) as (...values: never[]) => unknown;
    return Object.assign(statement, { get: (...values: never[]) => get(...values) ?? undefined });
  } as typeof prepare;
  Bun.plugin({
    name: "better-sqlite3",
    setup: (build) =>
      void build.module("better-sqlite3", () => ({
        exports: { default: Better },
        loader: "object",
      })),
  });
  try {
    return await graph(given, async () => {
      const { SqliteSaver } = await load<{ SqliteSaver: new (db: unknown) => unknown }>(
        "langgraph",
        "@langchain/langgraph-checkpoint-sqlite",
      );
      const db = new Better(join(dir, "saver.db"));
      // Full, as all that is called durable here.
      db.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      return new SqliteSaver(db);
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

async function graph(given: Given, saver: () => Promise<unknown>): ReturnType<Case> {
  const { createReactAgent } = await load<{ createReactAgent(options: object): Graph }>(
    "langgraph",
    "@langchain/langgraph/prebuilt",
  );
  const { ChatOpenAI } = await load<{ ChatOpenAI: new (options: object) => unknown }>(
    "langgraph",
    "@langchain/openai",
  );
  const { tool } = await load<{ tool(run: unknown, definition: object): unknown }>(
    "langgraph",
    "@langchain/core/tools",
  );
  const { z } = await load<Zod>("langgraph", "zod");
  const checkpointer = await saver();
  let thread = 0;
  return measured(given, async (model, called) => {
    const run = async ({ text }: { text: string }): Promise<string> => {
      called();
      return JSON.stringify({ echoed: text });
    };
    const schema = z.object({ text: z.string() });
    const echo = tool(run, { name: "echo", description: SAYS, schema });
    const configuration = { baseURL: given.url };
    const llm = new ChatOpenAI({ model, apiKey: "none", streaming: true, configuration });
    const agent = createReactAgent({
      llm,
      tools: [echo],
      ...(checkpointer ? { checkpointer } : {}),
    });
    const configurable = { thread_id: `t${++thread}` };
    const options = { streamMode: "messages", recursionLimit: 500, configurable };
    const messages = [{ role: "user", content: "go" }];
    for await (const _ of await agent.stream({ messages }, options));
  });
}

interface Graph {
  stream(input: object, options: object): Promise<AsyncIterable<unknown>>;
}

export const mastra: Case = async (given) => {
  const { Agent } = await load<{ Agent: new (options: object) => MastraAgent }>(
    "mastra",
    "@mastra/core/agent",
  );
  const { createTool } = await load<{ createTool(definition: object): unknown }>(
    "mastra",
    "@mastra/core/tools",
  );
  const { z } = await load<Zod>("mastra", "zod");
  const model = await compatible("mastra", given.url);
  return measured(given, async (id, called) => {
    const echo = createTool({
      ...{ id: "echo", description: SAYS },
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ echoed: z.string() }),
      // Older releases hand the arguments over as `context`.
      execute: async (input: { text?: string; context?: { text: string } }) => {
        called();
        return { echoed: input.text ?? input.context?.text ?? "" };
      },
    });
    const about = { id: "o", name: "o", instructions: "Do what is asked." };
    const agent = new Agent({ ...about, model: model(id), tools: { echo } });
    const { textStream } = await agent.stream("go", { maxSteps: 100 });
    for await (const _ of textStream);
  });
};

interface MastraAgent {
  stream(text: string, options: object): Promise<{ textStream: AsyncIterable<string> }>;
}
