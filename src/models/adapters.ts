import type { ModelConfig } from "../contracts/model.ts";
import type { Adapter } from "./adapter.ts";

/**
 * Every adapter, one file each in `adapters/`, loaded only when a model of its kind is opened.
 * Adding one is its file, its line here and its name in the config.
 */
export const ADAPTERS: Readonly<Record<ModelConfig["adapter"], () => Promise<Adapter>>> = {
  anthropic: async () => (await import("./adapters/anthropic.ts")).openAnthropic,
  gguf: async () => (await import("./adapters/gguf.ts")).openGguf,
  http: async () => (await import("./adapters/http.ts")).openHttp,
  ollama: async () => (await import("./adapters/ollama.ts")).openOllama,
  openai: async () => (await import("./adapters/openai.ts")).openOpenai,
  "openai-compatible": async () =>
    (await import("./adapters/openai-compatible.ts")).openOpenaiCompatible,
  rules: async () => (await import("./adapters/rules.ts")).openRules,
  script: async () => (await import("./adapters/script.ts")).openScript,
};
