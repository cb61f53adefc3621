import { LIMITS } from "../../std/limits.ts";
import type { Json } from "../../std/json.ts";
import { type Alias, NAMED, type Row } from "./alias.ts";
import { POLICIES } from "./policies.ts";
import * as read from "./reads.ts";

const MEGABYTE = 1024 * 1024;

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  "Who is answered": [
    [
      "ORCH_ENABLE_API",
      "server.enabled",
      "0: probes are answered and nothing else; `/ready` says `disabled`.",
      "both",
      read.onOff(null, read.not),
    ],
    [
      "ORCH_HOST",
      "server.host",
      "Where `nanos serve` listens. What is not loopback takes a key and TLS as ever.",
      "fill",
      read.as,
    ],
    [
      "ORCH_PORT",
      "server.port",
      "The port `nanos serve` listens at.",
      "fill",
      read.number({ most: 65_535, least: 0 }),
    ],
    [
      "ORCH_REQUIRE_BEARER",
      "always on",
      "1: as it always is. 0 is refused: nobody is answered without a key.",
      "apart",
      read.always("1", `${NAMED} would let everybody in.`, "Take it out: a key is always needed."),
    ],
    [
      "ORCH_BEARER_TOKEN",
      "server.keys",
      "A key of this home: no other is let in. What is none is refused.",
      "fill",
      read.onlyKey,
    ],
    [
      "OPERATOR_KEY",
      "server.keys",
      "The same, for a key made with `--operator`.",
      "fill",
      read.onlyKey,
    ],
    [
      "SWARMZ_JWT_SECRET",
      "none",
      "Refused: nothing is signed with a shared secret.",
      "apart",
      read.never(
        `${NAMED} has nothing to sign here.`,
        "Take it out: nanos key new makes what clients show.",
      ),
    ],
  ],
  Models: [
    [
      "ORCH_LLM_ENABLED",
      "allow.models",
      "0: no model is called but the built-in rules.",
      "both",
      read.onOff(null, read.not),
    ],
    [
      "ORCH_LLM_PROVIDER",
      "models",
      "ollama, openai, anthropic or custom: whose model `ORCH_MODEL_CHAT` names.",
      "model",
      read.oneOf({
        ollama: { ollama: {} },
        openai: { openai: {} },
        anthropic: { anthropic: {} },
        custom: { custom: {} },
      }),
    ],
    [
      "ORCH_OLLAMA_URL",
      "models.ollama.url",
      "Where Ollama is.",
      "model",
      read.part("url", "ollama"),
    ],
    [
      "ORCH_MODEL_CHAT",
      "models, model",
      "The model in use, of that provider.",
      "model",
      read.part("model"),
    ],
    [
      "GPU_SUPPORT",
      "scripts/deploy.sh --gpu",
      "auto, nvidia, amd, intel or none: what a container of models is given where `--gpu` is not.",
      "apart",
      read.oneOf({ auto: null, nvidia: null, amd: null, intel: null, none: null }),
    ],
    [
      "ORCH_LLM_TIMEOUT_SEC",
      "most.modelMs",
      "Seconds a model may be silent.",
      "least",
      read.number({ times: 1_000, most: LIMITS.modelFirstMs }),
    ],
    [
      "ORCH_LLM_HEALTH_TIMEOUT_SEC",
      "most.readyMs",
      "Seconds `/ready` waits for the model.",
      "least",
      read.number({ times: 1_000, most: LIMITS.modelDialMs }),
    ],
    ["OLLAMA_URL", "models.ollama.url", "Where Ollama is.", "model", read.part("url", "ollama")],
    [
      "OLLAMA_MODEL",
      "models, model",
      "The model in use, of Ollama.",
      "model",
      read.part("model", "ollama"),
    ],
    [
      "OPENAI_API_KEY",
      "models.openai.keyEnv",
      "The key of the model `OPENAI_MODEL` names; by itself it chooses none.",
      "model",
      read.keyOf("openai", "OPENAI_API_KEY"),
    ],
    [
      "OPENAI_MODEL",
      "models, model",
      "The model in use, of OpenAI.",
      "model",
      read.part("model", "openai"),
    ],
    [
      "ANTHROPIC_API_KEY",
      "models.anthropic.keyEnv",
      "The key of the model `ANTHROPIC_MODEL` names; by itself it chooses none.",
      "model",
      read.keyOf("anthropic", "ANTHROPIC_API_KEY"),
    ],
    [
      "ANTHROPIC_MODEL",
      "models, model",
      "The model in use, of Anthropic.",
      "model",
      read.part("model", "anthropic"),
    ],
    [
      "CUSTOM_MODEL_BASE_URL",
      "models.custom.url",
      "Where a provider is that speaks the wire of OpenAI.",
      "model",
      read.part("url", "custom"),
    ],
    [
      "CUSTOM_MODEL_API_KEY",
      "models.custom.keyEnv",
      "Its key.",
      "model",
      read.keyOf("custom", "CUSTOM_MODEL_API_KEY"),
    ],
    [
      "CUSTOM_MODEL_NAME",
      "models, model",
      "The model in use, of that provider. Refused without its address.",
      "model",
      read.part("model", "custom"),
    ],
  ],
  Safety: [
    [
      "ORCH_MAX_REQUEST_BYTES",
      "server.bodyBytes",
      "Bytes a request's body may have at most.",
      "least",
      read.number({ most: LIMITS.httpBodyBytes }),
    ],
    [
      "ORCH_RATE_LIMIT_ENABLED",
      "always on",
      "1: as it always is. 0 is refused.",
      "apart",
      read.always(
        "1",
        `${NAMED} would take the rates of all keys away.`,
        "Take it out: how often a key may ask is said by nanos key new --rate.",
      ),
    ],
    [
      "ORCH_RATE_LIMIT",
      "server.rate",
      "Requests a minute of any key, however many it has itself.",
      "least",
      read.rate,
    ],
    [
      "ORCH_RATE_LIMIT_STORAGE_URL",
      "server.rates",
      "`memory://`: counted in this process; `redis://`: in that Redis, and nobody is let in while it is gone.",
      "fill",
      read.rates,
    ],
    [
      "ORCH_LOG_JSON",
      "always on",
      "1: as it always is. 0 is refused: programs read the lines.",
      "apart",
      read.always(
        "1",
        `${NAMED} would make lines that no program reads.`,
        "Take it out: a request is one line of JSON.",
      ),
    ],
    [
      "ORCH_LOG_LEVEL",
      "server.log",
      "info: a line for each request; warning: for each that was refused or failed; error: for each that broke.",
      "fill",
      read.level,
    ],
    [
      "RUST_LOG",
      "server.log",
      "The same, where it names a level for everything.",
      "fill",
      read.rustLog,
    ],
    [
      "ORCH_METRICS_ENABLED",
      "server.metrics",
      "0: `/metrics` is not answered.",
      "both",
      read.onOff(null, read.not),
    ],
  ],
  Store: [
    [
      "ORCH_DATABASE_URL",
      "the home",
      "Refused, but for the file that is the home's own.",
      "apart",
      read.ownFile("journal"),
    ],
    [
      "ORCH_DB_POOL_RECYCLE",
      "none",
      "Refused: there is no pool of connections.",
      "apart",
      read.never(`${NAMED} is about connections there are none of.`, "Take it out."),
    ],
    [
      "ORCH_TRACE_DB_PATH",
      "the home",
      "Refused, but for the file that is the home's own.",
      "apart",
      read.ownFile("journal"),
    ],
    [
      "ORCH_MEMORY_DB_PATH",
      "the arrangement",
      "Refused, but for the folder that is the arrangement's own.",
      "apart",
      read.ownFile("memory"),
    ],
  ],
  Sandbox: [
    [
      "ORCH_TOOL_SANDBOX_ENABLED",
      "allow.tools",
      "0: no tool is used, as none is without a sandbox.",
      "both",
      read.onOff(null, read.not),
    ],
    [
      "ORCH_TOOL_SANDBOX_REQUIRED",
      "allow.unconfined",
      "1: what was marked to run unconfined is not run. 0 is refused.",
      "both",
      read.onOff(read.not, {
        no: `${NAMED} would let tools out of the sandbox.`,
        next: "Take it out. One skill at a time: nanos grant add SKILL --unconfined.",
      }),
    ],
    [
      "ORCH_SANDBOX_IMAGE",
      "none",
      "Refused: a tool that is a container names its own image.",
      "apart",
      read.never(
        `${NAMED} names one image for all tools.`,
        "Take it out: container.image of the tool's file names it.",
      ),
    ],
    [
      "ORCH_SANDBOX_TIMEOUT_SEC",
      "most.toolMs",
      "Seconds a call of a tool may take.",
      "least",
      read.number({ times: 1_000, most: LIMITS.toolMs }),
    ],
    [
      "ORCH_SANDBOX_MEMORY_MB",
      "most.toolMemoryBytes",
      "Megabytes of memory a call of a tool may have.",
      "least",
      read.number({ times: MEGABYTE, most: LIMITS.toolMemoryBytes }),
    ],
    [
      "ORCH_SANDBOX_CPU",
      "most.toolCpuSeconds",
      "Processors: a call has so many seconds of their time for each second it may take.",
      "least",
      read.number({ times: LIMITS.toolMs / 1_000, most: LIMITS.toolCpuSeconds }),
    ],
    [
      "ORCH_SANDBOX_TOOL_DIR",
      "none",
      "Refused: tools lie in the arrangement, where they are trusted by their hash.",
      "apart",
      read.never(
        `${NAMED} names a folder nobody said yes to.`,
        "Take it out, and put the tools in tools/ of the arrangement.",
      ),
    ],
  ],
  Memory: [
    [
      "ORCH_MEMORY_ENABLED",
      "memory.enabled",
      "Whether agents may look into memory.",
      "under",
      read.onOff(read.as(true), read.not),
    ],
    [
      "ORCH_MEMORY_CAPTURE_ENABLED",
      "memory.capture",
      "Whether anything may be kept.",
      "under",
      read.onOff(read.as(true), read.not),
    ],
    [
      "ORCH_MEMORY_WRITE_POLICY",
      "memory.policy",
      "off, strict or capture_only.",
      "under",
      read.oneOf({ off: "off", strict: "strict", capture_only: "capture_only" }),
    ],
    [
      "ORCH_MEMORY_CAPTURE_TTL_MINUTES",
      "memory.ttl",
      "Minutes a candidate waits.",
      "under",
      read.number({ most: 365 * 24 * 60 }),
    ],
  ],
};

/** Every variable there is, in the order in which they count. */
export const ALIASES: readonly Alias[] = Object.entries({ ...TABLE, ...POLICIES }).flatMap(
  ([group, rows]) =>
    rows.map(([name, key, effect, meets, read]) => ({ name, group, key, effect, meets, read })),
);

/** What is known of a model by the program or provider it is of. */
export const KNOWN: Readonly<Record<string, { readonly [field: string]: Json }>> = {
  ollama: { adapter: "ollama", url: "http://localhost:11434" },
  openai: { adapter: "openai" },
  anthropic: { adapter: "anthropic" },
  custom: { adapter: "openai-compatible" },
};
