import { claudePlugin } from "./claude-plugin.ts";
import type { Converter } from "./converter.ts";
import { nanocoder } from "./nanocoder.ts";
import { nexusmon } from "./nexusmon.ts";
import { orchestrators } from "./orchestrators.ts";
import { orchestratorsAgents } from "./orchestrators-agents.ts";

/** Every format that can be brought in; the first that knows the source reads it. */
export const CONVERTERS: readonly Converter[] = [
  nexusmon,
  orchestrators,
  claudePlugin,
  nanocoder,
  orchestratorsAgents,
];
