import { acpKind } from "./acp.ts";
import { commandKind } from "./command.ts";
import { containerKind } from "./container.ts";
import { httpKind } from "./http.ts";
import type { Kind, Parts } from "./kind.ts";
import { mcpKind } from "./mcp.ts";
import { moduleKind } from "./module.ts";
import { scriptKind } from "./script.ts";

/** Every way a tool can be made; the first that knows a source loads it. */
export const KINDS: readonly ((parts: Parts) => Kind)[] = [
  moduleKind,
  mcpKind,
  acpKind,
  commandKind,
  scriptKind,
  httpKind,
  containerKind,
];
