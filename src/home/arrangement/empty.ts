import type { Arrangement } from "../../contracts/arrangement.ts";

/** What a home without an arrangement has: nothing. Everything that needs none still works. */
export function emptyArrangement(workspace: string): Arrangement {
  return {
    manifest: { name: "empty", oracle: "oracle", models: {}, limits: {}, allow: [] },
    dir: workspace,
    workspace,
    hash: "",
    agents: new Map(),
    skills: new Map(),
    toolFiles: [],
    mcpServers: {},
    models: {},
    rules: [],
    routes: [],
    plans: {},
    warnings: [],
  };
}
