import { COCKPIT } from "./cockpit/list.ts";
import { OAUTH } from "./oauth/routes.ts";
import type { Route } from "./route.ts";
import { AGENTS } from "./routes/agents.ts";
import { APPROVALS } from "./routes/approvals.ts";
import { CHAT } from "./routes/chat.ts";
import { HOME } from "./routes/home.ts";

import { MCP } from "./routes/mcp.ts";
import { MISSIONS } from "./routes/missions.ts";
import { MODELS } from "./routes/models.ts";
import { NANOCODE } from "./routes/nanocode.ts";
import { OLLAMA } from "./routes/ollama.ts";
import { OPEN } from "./routes/open.ts";
import { RESPONSES } from "./routes/responses.ts";
import { RUNS } from "./routes/runs.ts";
import { TOOLS } from "./routes/tools.ts";
import { VAULT } from "./routes/vault.ts";

/** Every route, by group. Adding a group is adding its file in `routes/` and its line here. */
export const ROUTES: readonly Route[] = [
  ...OPEN,
  ...MODELS,
  ...CHAT,
  ...RESPONSES,
  ...OLLAMA,
  ...RUNS,
  ...APPROVALS,
  ...AGENTS,
  ...MISSIONS,
  ...TOOLS,
  ...NANOCODE,
  ...VAULT,
  ...MCP,
  ...OAUTH,
  ...HOME,
  ...COCKPIT,
];
