import { expect, test } from "bun:test";
import fc from "fast-check";
import { Config } from "../../contracts/config.ts";
import type { Json } from "../../std/json.ts";
import { ALIASES } from "./list.ts";
import { withAliases } from "./in-force.ts";

/** Every variable, both ways: what it comes to beside a config, or that it is refused. */

type Env = Readonly<Record<string, string>>;
type Change = Readonly<Record<string, unknown>>;
const KEY = `nk_k100_${"0".repeat(64)}`;
const own = { journal: "/h/machine/journal/journal.db", memory: "/h/memory" };
const REFUSED = "config.alias";

async function made(env: Env, file: Change = {}): Promise<unknown> {
  try {
    const config = await withAliases(Config.parse({ v: 1, ...file }), { env, ...own });
    const { v: _, models, ...rest } = config;
    return Object.keys(models).length > 0 ? { models, ...rest } : rest;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

const ollama = (url = "http://localhost:11434", model = "m") => ({
  models: { ollama: { adapter: "ollama", url, model } },
  model: "ollama",
});

/** A variable, a value of it, and what that makes of an empty config. */
const CASES: readonly (readonly [Env, unknown])[] = [
  [{ ORCH_ENABLE_API: "0" }, { server: { enabled: false } }],
  [{ ORCH_ENABLE_API: "1" }, {}],
  [{ ORCH_ENABLE_API: "perhaps" }, REFUSED],
  [{ ORCH_HOST: "0.0.0.0" }, { server: { host: "0.0.0.0" } }],
  [{ ORCH_PORT: "9000" }, { server: { port: 9000 } }],
  [{ ORCH_PORT: "x" }, REFUSED],
  [{ ORCH_REQUIRE_BEARER: "1" }, {}],
  [{ ORCH_REQUIRE_BEARER: "0" }, REFUSED],
  [{ ORCH_BEARER_TOKEN: KEY }, { server: { keys: ["k100"] } }],
  [{ ORCH_BEARER_TOKEN: "changeme" }, REFUSED],
  [{ OPERATOR_KEY: KEY.replace("k100", "k200") }, { server: { keys: ["k200"] } }],
  [
    { ORCH_BEARER_TOKEN: KEY, OPERATOR_KEY: KEY.replace("k100", "k200") },
    { server: { keys: ["k100", "k200"] } },
  ],
  [{ OPERATOR_KEY: "changeme" }, REFUSED],
  [{ SWARMZ_JWT_SECRET: "s" }, REFUSED],
  [{ ORCH_LLM_ENABLED: "0" }, { allow: { models: false } }],
  [{ ORCH_LLM_ENABLED: "1" }, {}],
  [{ ORCH_LLM_PROVIDER: "ollama" }, {}],
  [{ ORCH_LLM_PROVIDER: "elsewhere" }, REFUSED],
  [
    { ORCH_LLM_PROVIDER: "openai", ORCH_MODEL_CHAT: "m" },
    { models: { openai: { adapter: "openai", model: "m" } }, model: "openai" },
  ],
  [{ ORCH_OLLAMA_URL: "http://a:1" }, {}],
  [{ ORCH_OLLAMA_URL: "http://a:1", ORCH_MODEL_CHAT: "m" }, ollama("http://a:1")],
  [{ ORCH_OLLAMA_URL: "nowhere", ORCH_MODEL_CHAT: "m" }, REFUSED],
  [{ ORCH_MODEL_CHAT: "m" }, ollama()],
  [{ GPU_SUPPORT: "auto" }, {}],
  [{ GPU_SUPPORT: "abacus" }, REFUSED],
  [{ ORCH_LLM_TIMEOUT_SEC: "2.5" }, { most: { modelMs: 2_500 } }],
  [{ ORCH_LLM_TIMEOUT_SEC: "99999" }, { most: { modelMs: 600_000 } }],
  [{ ORCH_LLM_HEALTH_TIMEOUT_SEC: "1" }, { most: { readyMs: 1_000 } }],
  [{ OLLAMA_URL: "http://a:1" }, {}],
  [{ OLLAMA_URL: "http://a:1", OLLAMA_MODEL: "m" }, ollama("http://a:1")],
  [{ OLLAMA_MODEL: "m" }, ollama()],
  [{ OPENAI_API_KEY: "k" }, {}],
  [
    { OPENAI_API_KEY: "k", OPENAI_MODEL: "m" },
    {
      models: { openai: { adapter: "openai", keyEnv: "OPENAI_API_KEY", model: "m" } },
      model: "openai",
    },
  ],
  [{ ANTHROPIC_API_KEY: "k" }, {}],
  [
    { ANTHROPIC_API_KEY: "k", ANTHROPIC_MODEL: "m" },
    {
      models: { anthropic: { adapter: "anthropic", keyEnv: "ANTHROPIC_API_KEY", model: "m" } },
      model: "anthropic",
    },
  ],
  [{ CUSTOM_MODEL_BASE_URL: "http://a:1/v1" }, {}],
  [{ CUSTOM_MODEL_NAME: "m" }, REFUSED],
  [
    {
      CUSTOM_MODEL_BASE_URL: "http://a:1/v1",
      CUSTOM_MODEL_API_KEY: "k",
      CUSTOM_MODEL_NAME: "m",
    },
    {
      models: {
        custom: {
          ...{ adapter: "openai-compatible", url: "http://a:1/v1" },
          ...{ keyEnv: "CUSTOM_MODEL_API_KEY", model: "m" },
        },
      },
      model: "custom",
    },
  ],
  [{ ORCH_MAX_REQUEST_BYTES: "1000" }, { server: { bodyBytes: 1_000 } }],
  [{ ORCH_MAX_REQUEST_BYTES: "99999999" }, { server: { bodyBytes: 1_048_576 } }],
  [{ ORCH_RATE_LIMIT_ENABLED: "1" }, {}],
  [{ ORCH_RATE_LIMIT_ENABLED: "0" }, REFUSED],
  [{ ORCH_RATE_LIMIT: "60 per minute" }, { server: { rate: 60 } }],
  [{ ORCH_RATE_LIMIT: "2/second" }, { server: { rate: 120 } }],
  [{ ORCH_RATE_LIMIT: "often" }, REFUSED],
  [{ ORCH_RATE_LIMIT_STORAGE_URL: "memory://" }, {}],
  [{ ORCH_RATE_LIMIT_STORAGE_URL: "redis://a:1/0" }, { server: { rates: "redis://a:1/0" } }],
  [{ ORCH_RATE_LIMIT_STORAGE_URL: "memcached://a" }, REFUSED],
  [{ ORCH_LOG_JSON: "1" }, {}],
  [{ ORCH_LOG_JSON: "0" }, REFUSED],
  [{ ORCH_LOG_LEVEL: "WARNING" }, { server: { log: "warning" } }],
  [{ ORCH_LOG_LEVEL: "loud" }, REFUSED],
  [{ RUST_LOG: "hyper=debug,error" }, { server: { log: "error" } }],
  [{ RUST_LOG: "hyper=debug" }, {}],
  [{ ORCH_METRICS_ENABLED: "0" }, { server: { metrics: false } }],
  [{ ORCH_METRICS_ENABLED: "1" }, {}],
  [{ ORCH_DATABASE_URL: "postgres://u:p@db/x" }, REFUSED],
  [{ ORCH_DATABASE_URL: `sqlite:///${own.journal}` }, {}],
  [{ ORCH_DB_POOL_RECYCLE: "1800" }, REFUSED],
  [{ ORCH_TRACE_DB_PATH: "traces.db" }, REFUSED],
  [{ ORCH_TRACE_DB_PATH: own.journal }, {}],
  [{ ORCH_MEMORY_DB_PATH: "memory.db" }, REFUSED],
  [{ ORCH_MEMORY_DB_PATH: own.memory }, {}],
  [{ ORCH_TOOL_SANDBOX_ENABLED: "0" }, { allow: { tools: false } }],
  [{ ORCH_TOOL_SANDBOX_ENABLED: "1" }, {}],
  [{ ORCH_TOOL_SANDBOX_REQUIRED: "1" }, { allow: { unconfined: false } }],
  [{ ORCH_TOOL_SANDBOX_REQUIRED: "0" }, REFUSED],
  [{ ORCH_SANDBOX_IMAGE: "python:3.12-slim" }, REFUSED],
  [{ ORCH_SANDBOX_TIMEOUT_SEC: "10" }, { most: { toolMs: 10_000 } }],
  [{ ORCH_SANDBOX_MEMORY_MB: "256" }, { most: { toolMemoryBytes: 268_435_456 } }],
  [{ ORCH_SANDBOX_CPU: "0.5" }, { most: { toolCpuSeconds: 30 } }],
  [{ ORCH_SANDBOX_TOOL_DIR: "tools" }, REFUSED],
  [{ ORCH_ORCHESTRATOR_MODE: "basic" }, { allow: { routes: false } }],
  [{ ORCH_ORCHESTRATOR_MODE: "advanced" }, {}],
  [{ ORCH_ORCHESTRATOR_MODE: "clever" }, REFUSED],
  [{ ORCH_ROUTER_POLICY_PATH: "router_policy.yaml" }, REFUSED],
  [{ ORCH_TOOL_POLICY_ENFORCE: "1" }, {}],
  [{ ORCH_TOOL_POLICY_ENFORCE: "0" }, REFUSED],
  [{ ORCH_TOOL_POLICY_PATH: "tool_policy.yaml" }, REFUSED],
  [{ ORCH_OTEL_ENABLED: "0" }, {}],
  [{ ORCH_OTEL_ENABLED: "1" }, REFUSED],
  [
    { ORCH_OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:4318" },
    { otlp: { url: "http://a:4318/v1/traces" } },
  ],
  [{ ORCH_OTEL_EXPORTER_OTLP_ENDPOINT: "https://a/own" }, { otlp: { url: "https://a/own" } }],
  [{ ORCH_OTEL_EXPORTER_OTLP_ENDPOINT: "http://me:pw@a:4318" }, REFUSED],
  [{ ORCH_OTEL_EXPORTER_OTLP_ENDPOINT: "collector" }, REFUSED],
  [{ ORCH_SERVICE_NAME: "mine" }, { otlp: { service: "mine" } }],
  [{ ORCH_SERVICE_NAME: "a\nb" }, REFUSED],
  [{ ORCH_TRACE_ENABLED: "1" }, {}],
  [{ ORCH_TRACE_ENABLED: "0" }, REFUSED],
  [{ ORCH_MEMORY_ENABLED: "0" }, { memory: { enabled: false } }],
  [{ ORCH_MEMORY_ENABLED: "1" }, { usual: { memory: { enabled: true } } }],
  [{ ORCH_MEMORY_CAPTURE_ENABLED: "0" }, { memory: { capture: false } }],
  [{ ORCH_MEMORY_CAPTURE_ENABLED: "1" }, { usual: { memory: { capture: true } } }],
  [{ ORCH_MEMORY_WRITE_POLICY: "off" }, { memory: { policy: "off" } }],
  [{ ORCH_MEMORY_WRITE_POLICY: "strict" }, { usual: { memory: { policy: "strict" } } }],
  [{ ORCH_MEMORY_WRITE_POLICY: "all" }, REFUSED],
  [{ ORCH_MEMORY_CAPTURE_TTL_MINUTES: "60" }, { usual: { memory: { ttl: 60 } } }],
];

for (const [env, expected] of CASES) {
  test(`${JSON.stringify(env)} comes to what the list says`, async () => {
    expect(await made(env)).toEqual(expected);
    // An empty value is none.
    expect(await made(Object.fromEntries(Object.keys(env).map((name) => [name, ""])))).toEqual({});
  });
}

test("no variable of the list is without a case", () => {
  const tried = new Set(CASES.flatMap(([env]) => Object.keys(env)));
  expect(ALIASES.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  expect([...tried].filter((name) => !ALIASES.some((one) => one.name === name))).toEqual([]);
  expect(new Set(ALIASES.map(({ name }) => name)).size).toBe(ALIASES.length);
});

test("what the file says stands, or the stricter of both does", async () => {
  const file = {
    model: "mine",
    models: { mine: { adapter: "rules" }, ollama: { adapter: "ollama", model: "own" } },
    server: { port: 1, rate: 10, bodyBytes: 10, metrics: false, keys: ["k9"], log: "error" },
    memory: { enabled: false, policy: "off" },
    most: { toolMs: 5 },
    allow: { tools: false },
  };
  const env = {
    ...{
      ORCH_MODEL_CHAT: "m",
      ORCH_PORT: "2",
      ORCH_RATE_LIMIT: "60/minute",
      ORCH_LOG_LEVEL: "info",
    },
    ...{ ORCH_MAX_REQUEST_BYTES: "5", ORCH_METRICS_ENABLED: "1", ORCH_BEARER_TOKEN: KEY },
    ...{ ORCH_MEMORY_ENABLED: "1", ORCH_MEMORY_WRITE_POLICY: "strict" },
    ...{ ORCH_SANDBOX_TIMEOUT_SEC: "60", ORCH_TOOL_SANDBOX_ENABLED: "1" },
  };
  expect(await made(env, file)).toEqual({
    ...file,
    server: { ...file.server, bodyBytes: 5 },
    usual: { memory: { enabled: true, policy: "strict" } },
  });
});

test("no variable makes any number larger or any word of the file another", async () => {
  const cases = CASES.filter(([, expected]) => expected !== REFUSED).map(([env]) => env);
  const numbers = fc.record({ rate: fc.integer({ min: 1, max: 500 }) });
  await fc.assert(
    fc.asyncProperty(fc.subarray(cases), numbers, fc.boolean(), async (envs, server, tools) => {
      const file = { server: { ...server, host: "h" }, allow: { tools } };
      const came = (await made(Object.assign({}, ...envs), file)) as Record<string, unknown>;
      if (typeof came === "string") return;
      const { rate, host } = came["server"] as { rate: number; host: string };
      expect(rate).toBeLessThanOrEqual(server.rate);
      expect(host).toBe("h");
      if (!tools) expect((came["allow"] as { tools: boolean }).tools).toBe(false);
    }),
  );
});

test("a secret in a variable is in no message", async () => {
  const secret = "hunter2hunter2";
  for (const { name } of ALIASES) {
    const around = { env: { [name]: secret }, ...own };
    const config = await withAliases(Config.parse({ v: 1 }), around).catch(
      (error: unknown) => error,
    );
    const { message = "", next = "" } = config as { message?: string; next?: string };
    expect(`${message} ${next}`).not.toContain(secret);
    if (/KEY|TOKEN|SECRET/u.test(name)) {
      expect(JSON.stringify(config as unknown as Json)).not.toContain(secret);
    }
  }
});
