import type { Adapter } from "../adapter.ts";
import { chatModel } from "../wire/chat.ts";
import { setUp } from "../wire/setup.ts";

/**
 * Any server with `POST {url}/chat/completions`: Ollama's /v1, LM Studio, llama.cpp, MLX, vLLM,
 * OpenRouter. `url` is the part before `/chat/completions` and usually ends in `/v1`. A key is
 * sent as a bearer header when `keyEnv` or `keySecret` names one.
 */
export const openOpenaiCompatible: Adapter = async (name, config, deps) =>
  chatModel(name, config, await setUp(name, config, deps), { maxTokens: "max_tokens" }, deps);
