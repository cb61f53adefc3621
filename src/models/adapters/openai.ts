import type { Adapter } from "../adapter.ts";
import { chatModel } from "../wire/chat.ts";
import { setUp } from "../wire/setup.ts";

/** OpenAI's own chat completions. URL and key variable have defaults. */
export const openOpenai: Adapter = async (name, config, deps) => {
  const defaults = { url: "https://api.openai.com/v1", keyEnv: "OPENAI_API_KEY" };
  const setup = await setUp(name, config, deps, defaults);
  return chatModel(name, config, setup, { maxTokens: "max_completion_tokens" }, deps);
};
