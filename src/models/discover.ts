import type { ModelConfig } from "../contracts/model.ts";
import type { Clock } from "../std/clock.ts";
import { isObject, type Json } from "../std/json.ts";

/** A model that could be added, with a name proposed for it. */
export interface FoundModel {
  readonly name: string;
  readonly config: ModelConfig;
  /** What it was found by, for people: `Ollama at 127.0.0.1:11434`, `OPENAI_API_KEY`. */
  readonly source: string;
}

export interface Discovery {
  /** Looked at for the presence of keys; no value is ever taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Ports other than the usual ones; a port may be left out with null. */
  readonly ports?: Partial<Record<LocalServer, number | null>>;
}

export type LocalServer = "ollama" | "lmStudio" | "llamaCpp" | "vllm";

/**
 * Looks for models on this machine: local servers on their usual ports, asked in parallel what they
 * have, and keys in the environment. Only reads (GET), only 127.0.0.1, never a model call; what
 * does not answer within PROBE_MS is not there. Local ones come first.
 *
 * A key says nothing about model ids, so what is found by a key has none; `nanos model add` needs one.
 */
export async function discoverModels(discovery: Discovery): Promise<readonly FoundModel[]> {
  const probes = Object.entries(SERVERS).map(async ([kind, server]) => {
    const port = discovery.ports?.[kind as LocalServer];
    return port === null ? [] : probe(server, port ?? server.port, discovery);
  });
  const found = (await Promise.all(probes)).flat();
  return named([...found, ...keysIn(discovery.env)]);
}

interface Server {
  readonly title: string;
  readonly port: number;
  readonly path: string;
  /** Where the list lies in the answer, and the field of an id. */
  readonly list: string;
  readonly id: string;
  config(port: number, id: string): ModelConfig;
}

const compatible = (port: number, model: string): ModelConfig => ({
  adapter: "openai-compatible",
  url: `http://127.0.0.1:${port}/v1`,
  model,
});
const OPENAI_LIST = { path: "/v1/models", list: "data", id: "id", config: compatible };

const SERVERS: Readonly<Record<LocalServer, Server>> = {
  ollama: {
    title: "Ollama",
    port: 11_434,
    path: "/api/tags",
    list: "models",
    id: "name",
    config: (port, model) => ({ adapter: "ollama", url: `http://127.0.0.1:${port}`, model }),
  },
  lmStudio: { ...OPENAI_LIST, title: "LM Studio", port: 1_234 },
  // MLX's server has the same usual port and the same path.
  llamaCpp: { ...OPENAI_LIST, title: "llama.cpp or MLX", port: 8_080 },
  vllm: { ...OPENAI_LIST, title: "vLLM", port: 8_000 },
};

const KEYS: readonly (readonly [string, ModelConfig])[] = [
  ["openai", { adapter: "openai", keyEnv: "OPENAI_API_KEY" }],
  ["anthropic", { adapter: "anthropic", keyEnv: "ANTHROPIC_API_KEY" }],
  [
    "openrouter",
    {
      adapter: "openai-compatible",
      url: "https://openrouter.ai/api/v1",
      keyEnv: "OPENROUTER_API_KEY",
    },
  ],
];

const PROBE_MS = 500;
const PROBE_CHARS = 1024 * 1024;
const MODELS_PER_SERVER = 100;

async function probe(
  server: Server,
  port: number,
  { clock, signal }: Discovery,
): Promise<readonly FoundModel[]> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  void clock.sleep(PROBE_MS, stop.signal).then(abort);
  try {
    const body = await get(`http://127.0.0.1:${port}${server.path}`, stop.signal);
    return idsIn(body, server).map((id) => ({
      name: id,
      config: server.config(port, id),
      source: `${server.title} at 127.0.0.1:${port}`,
    }));
  } catch {
    // Nothing listens there, or it is something else.
    return [];
  } finally {
    signal?.removeEventListener("abort", abort);
    abort();
  }
}

async function get(url: string, signal: AbortSignal): Promise<Json> {
  const response = await fetch(url, { signal, redirect: "manual" });
  if (!response.ok || response.body === null) throw new Error("no list of models");
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > PROBE_CHARS) throw new Error("not a list of models");
  }
  return JSON.parse(text) as Json;
}

/** Anything may listen on these ports, so only what looks like an id of a chat model is taken. */
function idsIn(body: Json, { list, id }: Server): readonly string[] {
  const items = isObject(body) ? body[list] : undefined;
  if (!Array.isArray(items)) return [];
  const ids = (items as readonly Json[]).map((item) => (isObject(item) ? item[id] : undefined));
  return ids
    .filter((item): item is string => typeof item === "string" && MODEL_ID.test(item))
    .filter((item) => !/embed/iu.test(item))
    .slice(0, MODELS_PER_SERVER);
}

const MODEL_ID = /^[\w.:/@+ -]{1,200}$/u;

function keysIn(env: Discovery["env"]): readonly FoundModel[] {
  return KEYS.filter(([, { keyEnv }]) => keyEnv !== undefined && env[keyEnv]?.trim()).map(
    ([name, config]) => ({ name, config, source: config.keyEnv ?? "" }),
  );
}

/** Gives each a name that can be typed and that no other one has. */
function named(found: readonly FoundModel[]): readonly FoundModel[] {
  const taken = new Set<string>();
  return found.map((model) => {
    const base =
      model.name
        .split("/")
        .at(-1)
        ?.toLowerCase()
        .replace(/[^a-z0-9.]+/gu, "-")
        .replace(/^[-.]+|[-.]+$/gu, "") || "model";
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    return { ...model, name };
  });
}
