import type { z } from "zod";
import { type ArrangementChecks, loadRoutes, loadRules, loadServers } from "../arrangement/load.ts";
import { readAgent } from "../arrangement/agents.ts";
import { loadPlan } from "../arrangement/plans.ts";
import type { Loading } from "../arrangement/loading.ts";
import { checkJournal } from "./journal.ts";

/** One kind of file a person or program writes by one of our contracts. */
export interface FileKind {
  /** What it is called in a report; the schema of that name describes it. */
  readonly kind: string;
  /** Its usual names, as the end of a path. */
  readonly named: RegExp;
  /** A YAML file of any other name is this where it has such a field at the top. */
  readonly field?: string;
  /** Reads the one file of the loading; what is wrong is reported there. */
  readonly check: (loading: Loading, path: string, checks?: ArrangementChecks) => Promise<unknown>;
}

/** Every kind that can be checked alone. The first whose name fits is meant. */
export const FILE_KINDS: readonly FileKind[] = [
  {
    kind: "arrangement",
    named: /(?:^|\/)arrangement\.yaml$/u,
    check: by(async () => (await import("../../contracts/arrangement.ts")).ArrangementManifest),
  },
  {
    kind: "rules",
    named: /(?:^|\/)rules\.yaml$/u,
    field: "rules",
    check: (loading, path, checks) => loadRules(loading, checks, path),
  },
  {
    kind: "routes",
    named: /(?:^|\/)routes\.yaml$/u,
    field: "routes",
    check: (loading, path, checks) => loadRoutes(loading, checks, path),
  },
  {
    kind: "plan",
    named: /(?:^|\/)plans\/[^/]+\.yaml$/u,
    field: "tasks",
    check: (loading, path, checks) => loadPlan(loading, path, checks?.plans),
  },
  {
    kind: "cases",
    named: /(?:^|\/)cases\.yaml$/u,
    field: "cases",
    check: by(async () => (await import("../../contracts/rules.ts")).CasesFile),
  },
  {
    kind: "skill",
    named: /(?:^|\/)nanos\.yaml$/u,
    check: by(async () => (await import("../../contracts/skill.ts")).SkillManifest),
  },
  {
    kind: "mcp",
    named: /(?:^|\/)\.?mcp\.json$/u,
    field: "mcpServers",
    check: (loading, path) => loadServers(loading, [path]),
  },
  {
    kind: "skill-case",
    named: /(?:^|\/)skills\/[^/]+\/tests\/[^/]+\.yaml$/u,
    check: by(async () => (await import("../../contracts/script.ts")).SkillCase),
  },
  {
    kind: "agent-case",
    named: /(?:^|\/)evals\/[^/]+\.yaml$/u,
    check: by(async () => (await import("../../contracts/script.ts")).AgentCase),
  },
  {
    kind: "tool-file",
    named: /(?:^|\/)tools\/[^/]+\.yaml$/u,
    check: by(async () => (await import("../../contracts/tool.ts")).ToolFile),
  },
  {
    kind: "config",
    named: /(?:^|\/)config\.yaml$/u,
    check: by(async () => (await import("../../contracts/config.ts")).Config),
  },
  {
    kind: "grants",
    named: /(?:^|\/)grants\.json$/u,
    field: "grants",
    check: by(async () => (await import("../../contracts/config.ts")).GrantsFile),
  },
  {
    kind: "lock",
    named: /(?:^|\/)(?:lock\.json|nanos\.lock)$/u,
    check: by(async () => (await import("../../contracts/config.ts")).LockFile),
  },
  {
    kind: "trust",
    named: /(?:^|\/)trust\.json$/u,
    field: "trusted",
    check: by(async () => (await import("../../contracts/config.ts")).TrustFile),
  },
  { kind: "event", named: /\.jsonl$/u, check: checkJournal },
  { kind: "agent", named: /\.md$/u, check: readAgent },
];

function by(schema: () => Promise<z.ZodType>): FileKind["check"] {
  return async (loading, path) => loading.read(path, await schema(), "yaml");
}
