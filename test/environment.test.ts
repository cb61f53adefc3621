import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Served, codeOf, overSocket, served } from "../src/server/testing/served.ts";
import { ALIASES } from "../src/home/settings/list.ts";
import { apply, offerImport } from "../src/nanos.ts";
import type { Json } from "../src/std/json.ts";
import { startMockProvider } from "../src/models/testing/mock-provider.ts";
import { person } from "./support/nanos.ts";

/**
 * What variables of former programs do in the end, seen from outside. How each is read, and which
 * values are refused, stands beside the list (`src/home/settings`).
 */

type Env = Readonly<Record<string, string>>;

const SEEN = new Set<string>();

let base: Served;
beforeAll(async () => {
  base = await served({ arrange: (home) => writeTool(home, "slow", SLOW) });
});
afterAll(() => base.close());

/** Looks at the home as it is in an environment, and with a config of its own where one is given. */
async function withEnv(env: Env, look: (home: Served) => Promise<void>, config?: object) {
  Object.keys(env).forEach((name) => SEEN.add(name));
  const arrange = (home: string): void => {
    mkdirSync(join(home, "machine"), { recursive: true });
    writeFileSync(join(home, "machine", "config.yaml"), JSON.stringify({ v: 1, ...config }));
  };
  const home = config === undefined ? await base.again(env) : await served({ env, arrange });
  try {
    await look(home);
  } finally {
    await home.close();
  }
}

const says = async ({ nanos }: Served, text: string): Promise<unknown> => {
  const { done } = await nanos.run({ text });
  const state = await done;
  if (state.state !== "ended") return state.state;
  return state.ended.failure?.code ?? state.ended.text;
};

test("the API is switched off and probes still answer", () =>
  withEnv({ ORCH_ENABLE_API: "0" }, async (home) => {
    const key = await home.key();
    expect((await home.ask("GET", "/health")).status).toBe(200);
    expect(await home.ask("GET", "/ready")).toMatchObject({
      ...{ status: 503, body: { reason: "disabled" } },
    });
    expect(codeOf(await home.ask("GET", "/v1/models", { key }))).toBe("http.disabled");
  }));

test("bodies, rates, lines and metrics are held to less", () =>
  withEnv(
    {
      ...{ ORCH_MAX_REQUEST_BYTES: "40", ORCH_RATE_LIMIT: "3 per minute" },
      ...{ ORCH_LOG_LEVEL: "warning", RUST_LOG: "debug", ORCH_METRICS_ENABLED: "0" },
    },
    async (home) => {
      const key = await home.key({ agent: null, rate: 1_000 });
      const body = { long: "x".repeat(60) };
      expect(codeOf(await home.ask("POST", "/echo", { key, body }))).toBe("http.too_large");
      expect((await home.ask("POST", "/echo", { key, body: {} })).status).toBe(200);
      expect(codeOf(await home.ask("GET", "/metrics", { key }))).toBe("http.disabled");
      expect((await home.ask("GET", "/v1/models", { key })).status).toBe(429);
      expect(home.lines.map(({ status }) => status)).toEqual([413, 503, 429]);
    },
  ));

test("where requests are to be counted and nobody can, nothing is served", () =>
  withEnv({ ORCH_RATE_LIMIT_STORAGE_URL: "redis://:hidden@127.0.0.1:1/0" }, async ({ nanos }) => {
    const refused = await overSocket(nanos).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "serve.no_rates" });
    expect(String(refused)).not.toContain("hidden");
  }));

test("a key that is named is the only one that is let in", async () => {
  const [one, two] = [await base.key(), await base.key({ agent: null })];
  const other = await base.key();
  await withEnv({ ORCH_BEARER_TOKEN: one, OPERATOR_KEY: two }, async (home) => {
    expect((await home.ask("GET", "/v1/models", { key: one })).status).toBe(200);
    expect((await home.ask("GET", "/metrics", { key: two })).status).toBe(200);
    expect(codeOf(await home.ask("GET", "/v1/models", { key: other }))).toBe("http.bad_key");
  });
});

test("a model is reached where, and by which name, it is said", async () => {
  const asked: string[] = [];
  const mock = await startMockProvider({
    answer: ({ model }) => {
      asked.push(model);
      return { say: "from the model" };
    },
  });
  const { url } = mock;
  try {
    const former = { ORCH_OLLAMA_URL: url, ORCH_MODEL_CHAT: "b" };
    for (const env of [
      { OLLAMA_URL: url, OLLAMA_MODEL: "a" },
      { ORCH_LLM_PROVIDER: "ollama", ...former },
    ]) {
      await withEnv(env, async (home) => {
        expect(await says(home, "how are you?")).toBe("from the model");
      });
    }
    expect(asked).toEqual(["a", "b"]);
    await withEnv({ OLLAMA_URL: url, OLLAMA_MODEL: "a", ORCH_LLM_ENABLED: "0" }, async (home) => {
      expect(await says(home, "how are you?")).not.toBe("from the model");
      expect(await says(home, "echo hello")).toBe("hello");
    });
    expect(asked).toEqual(["a", "b"]);
  } finally {
    await mock.close();
  }
});

test("a provider of one's own is sent its key and no other", async () => {
  const keys: (string | null)[] = [];
  using provider = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ headers }) => {
      keys.push(headers.get("authorization"));
      return new Response("{}", { status: 401 });
    },
  });
  const env = {
    ...{ CUSTOM_MODEL_BASE_URL: `${provider.url.origin}/v1`, CUSTOM_MODEL_NAME: "c" },
    ...{ CUSTOM_MODEL_API_KEY: "mine", OPENAI_API_KEY: "another" },
  };
  await withEnv(env, async (home) => {
    expect(await says(home, "how are you?")).toMatch(/^model\./u);
  });
  expect(keys).toEqual(["Bearer mine"]);
});

test("a provider's key alone chooses no model, and with a model's name it is that one's", async () => {
  for (const [provider, names] of [
    ["openai", ["OPENAI_API_KEY", "OPENAI_MODEL"]],
    ["anthropic", ["ANTHROPIC_API_KEY", "ANTHROPIC_MODEL"]],
  ] as const) {
    const [key, model] = names;
    await withEnv({ [key]: "k" }, async ({ nanos }) => {
      expect(nanos.models.list().find(({ inUse }) => inUse)?.name).toBe("rules");
    });
    await withEnv({ [key]: "k", [model]: "m" }, async ({ nanos }) => {
      expect(nanos.models.list().find(({ inUse }) => inUse)?.config).toEqual({
        ...{ adapter: provider, keyEnv: key, model: "m" },
      });
    });
  }
});

test("a model that says nothing is given up on sooner", async () => {
  const mock = await startMockProvider({ answer: () => new Promise(() => undefined) });
  try {
    const patience = { ORCH_LLM_TIMEOUT_SEC: "0.05", ORCH_LLM_HEALTH_TIMEOUT_SEC: "0.05" };
    await withEnv({ OLLAMA_URL: mock.url, OLLAMA_MODEL: "a", ...patience }, async (home) => {
      expect(await says(home, "how are you?")).toMatch(/^model\./u);
      expect((await home.ask("GET", "/ready")).status).toBe(200);
    });
  } finally {
    await mock.close();
  }
});

test("no tool, no route, nothing unconfined, where that is said", async () => {
  await withEnv({ ORCH_TOOL_SANDBOX_ENABLED: "0" }, async (home) => {
    expect(await home.nanos.can("oracle", "echo", { text: "x" })).toMatchObject({
      decision: { verdict: "deny", rule: "config.allow.tools" },
    });
    expect(await says(home, "echo hello")).not.toBe("hello");
  });
  await withEnv({ ORCH_ORCHESTRATOR_MODE: "basic" }, async (home) => {
    expect(await says(home, "echo hello")).not.toBe("hello");
  });
  // Without the mark it is held, or not run at all; what holds it here shows in `doctor`.
  const marked = { unconfined: [{ tool: "eval", workspace: "/w" }] };
  await withEnv(
    { ORCH_TOOL_SANDBOX_REQUIRED: "1" },
    async (home) => expect(await says(home, "echo hello")).toBe("hello"),
    marked,
  );
});

const SLOW = `import { tool, z } from "nanos/tool";
export default tool({
  name: "slow", description: "Waits.", input: z.object({}), scopes: [], repeatable: true,
  run: () => new Promise(() => setInterval(() => undefined, 1000)),
});
`;

function writeTool(home: string, name: string, text: string): void {
  mkdirSync(join(home, "tools"), { recursive: true });
  writeFileSync(join(home, "tools", `${name}.ts`), text);
}

test("a call of a tool has less time", () =>
  withEnv(
    { ORCH_SANDBOX_TIMEOUT_SEC: "1", ORCH_SANDBOX_MEMORY_MB: "400", ORCH_SANDBOX_CPU: "0.5" },
    async ({ nanos }) => {
      const { done } = await nanos.tools.call("slow", {});
      expect(JSON.stringify(await done)).toContain("tool.timeout");
    },
  ));

test("memory is switched on where the arrangement leaves it open, and never where it is off", async () => {
  const env = {
    ...{ ORCH_MEMORY_ENABLED: "1", ORCH_MEMORY_CAPTURE_ENABLED: "0" },
    ...{ ORCH_MEMORY_WRITE_POLICY: "strict", ORCH_MEMORY_CAPTURE_TTL_MINUTES: "60" },
  };
  await withEnv(env, async ({ nanos }) => {
    const { settings } = await nanos.memory.list();
    expect(settings).toEqual({ enabled: true, capture: false, policy: "strict", ttl: 60 });
  });
  const off = { memory: { enabled: false, policy: "off" } };
  await withEnv(
    env,
    async ({ nanos }) =>
      expect((await nanos.memory.list()).settings).toMatchObject({ enabled: false, policy: "off" }),
    off,
  );
});

test("a run is sent, as spans of that name, to the collector that is said and to none before", async () => {
  const sent: { path: string; text: string }[] = [];
  using collector = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      sent.push({ path: new URL(request.url).pathname, text: await request.text() });
      return new Response("{}");
    },
  });
  const env = {
    ORCH_OTEL_EXPORTER_OTLP_ENDPOINT: collector.url.origin,
    ORCH_SERVICE_NAME: "orchestrators_v2",
  };
  await withEnv(env, async (home) => {
    const { run, done } = await home.nanos.run({ text: "echo hello" });
    await done;
    expect(sent).toEqual([]);
    await home.nanos.evidence.otlp(run, null, {});
    expect(sent.map(({ path }) => path)).toEqual(["/v1/traces"]);
    expect(sent[0]?.text).toContain('"orchestrators_v2"');
  });
  const [line] = base.nanos.traces.list();
  const nowhere = base.nanos.evidence.otlp(line?.run ?? "", null, {});
  expect(await nowhere.catch((error: unknown) => error)).toMatchObject({ code: "otlp.nowhere" });
});

test("policy files of the former server become rules and routes of the one gate", async () => {
  const tools = `rules:
  - { match: "^echo$", action: allow, reason: safe_echo, conditions: { input_param: text, max_input_len: 5 } }
  - { match: "^eval$", action: allow, reason: only_safe, require_safe: true }
  - { match: "^(?P<what>slow|x).*", action: deny, reason: too_slow }
  - { match: "^calc", action: allow, enabled: false }
  - { match: ".*", action: deny, reason: policy_default_deny }
`;
  const router = String.raw`version: 1
rules:
  - { id: sums, match: '\bsum of\s+(.+)$', tool: calculate, params: { expression_key: expression }, confidence: 0.9 }
  - { match_any: ["^shout", "^yell"], tool: echo, params: { message_key: text }, confidence: 0.5 }
  - { match: "(", tool: echo }
`;
  const own = await served({ arrange: (home) => writeTool(home, "slow", SLOW) });
  const { home } = own.nanos.place;
  const at = { home, cwd: own.nanos.place.workspace, env: {} };
  const bring = async (name: string, text: string): Promise<readonly string[]> => {
    writeFileSync(join(home, name), text);
    const offer = await offerImport(at, { from: name, path: join(home, name) });
    if ("plugins" in offer) throw new Error("a list of plugins");
    await apply(at, offer);
    return offer.left.map(({ what }) => what);
  };
  try {
    expect(await bring("tool_policy.yaml", tools)).toEqual(["policy-4"]);
    expect(await bring("router_policy.yaml", router)).toEqual(["policy-3"]);
    expect(await bring("broken_policy.yaml", `rules: [{ match: "\\s", tool: x }]`)).toEqual([
      "broken_policy.yaml",
    ]);
    const again = await own.again({});
    const can = async (tool: string, args: Json) => {
      const { decision } = await again.nanos.can("oracle", tool, args);
      return [decision.verdict, decision.rule];
    };
    expect(await can("echo", { text: "short" })).toEqual(["allow", "policy-1-safe-echo"]);
    expect(await can("echo", { text: "longer" })).toEqual(["deny", "policy-1-safe-echo-longest"]);
    expect(readFileSync(join(home, "rules.yaml"), "utf8")).toContain("id: policy-3-too-slow");
    expect(await can("calculate", { expression: "1" })).toEqual([
      ...["deny", "policy-5-policy-default-deny"],
    ]);
    // What was chosen goes past the same gate, and a guess is asked about.
    expect(await says(again, "what is the sum of 2 + 2")).not.toBe("4");
    expect(await says(again, "yell at me")).toBe("waiting");
    await again.close();
  } finally {
    await own.close();
  }
});

test("a file of variables that is named is read, a .env that lies there is not, and a refusal ends with 2", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  writeFileSync(join(me.userHome, ".env"), "ORCH_REQUIRE_BEARER=0\n");
  writeFileSync(
    join(me.userHome, "mine.env"),
    'export ORCH_HOST="localhost" # here\nORCH_PORT=0\n\n# ORCH_REQUIRE_BEARER=0\n',
  );
  const server = me.begin(["serve", "--env-file", "mine.env"]);
  await server.until("listening on http://localhost:");
  expect(server.text()).not.toContain(":8088");
  server.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
  ["ORCH_HOST", "ORCH_PORT"].forEach((name) => SEEN.add(name));
  for (const [file, code] of [
    [".env", "config.alias"],
    ["none.env", "usage.env_file"],
    ["bad.env", "usage.env_file"],
  ] as const) {
    writeFileSync(join(me.userHome, "bad.env"), "what is this\n");
    const refused = await me.nanos("serve", "--env-file", file);
    expect([refused.code, refused.err.includes(`(${code})`), refused.out]).toEqual([2, true, ""]);
  }
});

test("nothing on the list is without an effect that was seen, or is one that only refuses", () => {
  const unseen = ALIASES.filter(({ name }) => !SEEN.has(name));
  expect(unseen.filter(({ meets }) => meets !== "apart").map(({ name }) => name)).toEqual([]);
});
