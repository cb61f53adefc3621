import { z } from "zod";
import { Action, Decision } from "./action.ts";
import { AgentManifest } from "./agent.ts";
import { ArrangementManifest } from "./arrangement.ts";
import { Config, GrantsFile, LockFile, PendingFile, TrustFile } from "./config.ts";
import { Event, EventBody } from "./event.ts";
import { KeysFile } from "./http/key.ts";
import { Label } from "./label.ts";
import { Message } from "./message.ts";
import { ModelConfig, ToolSpec } from "./model.ts";
import { Failure, FileChange, Outcome } from "./outcome.ts";
import { Plan } from "./plan.ts";
import { CasesFile, RoutesFile, RulesFile } from "./rules.ts";
import { Answer, Ask, RunEnd } from "./run.ts";
import { AgentCase, SkillCase } from "./script.ts";
import { SecretsFile } from "./secret.ts";
import { SkillHead, SkillManifest } from "./skill.ts";
import { McpFile, ToolFile, ToolManifest } from "./tool.ts";
import { Budget, Usage } from "./usage.ts";

/** One published shape: the name is its file in `schemas/` and never changes once released. */
export interface PublishedSchema {
  readonly name: string;
  /** What it describes, one line. */
  readonly title: string;
  readonly schema: z.ZodType;
}

/** Every shape that is stored, sent or written by hand, in the order of the alphabet. */
export const PUBLISHED: readonly PublishedSchema[] = [
  { name: "action", title: "Something wanted, before it is judged", schema: Action },
  { name: "agent", title: "Front matter of agents/NAME.md", schema: AgentManifest },
  { name: "agent-case", title: "evals/NAME.yaml of an arrangement", schema: AgentCase },
  { name: "answer", title: "The operator's signed answer to an ask", schema: Answer },
  { name: "arrangement", title: "arrangement.yaml", schema: ArrangementManifest },
  { name: "ask", title: "An open question to the operator", schema: Ask },
  { name: "budget", title: "What a run may use", schema: Budget },
  { name: "cases", title: "A file of cases for `nanos rules test`", schema: CasesFile },
  { name: "config", title: "config.yaml of the home", schema: Config },
  { name: "decision", title: "What the gate said", schema: Decision },
  { name: "event", title: "One journal entry", schema: Event },
  { name: "event-body", title: "What happened, by kind", schema: EventBody },
  { name: "failure", title: "A failure with its code and the next step", schema: Failure },
  { name: "file-change", title: "One file of a change set", schema: FileChange },
  { name: "grants", title: "grants.json of one workspace", schema: GrantsFile },
  { name: "keys", title: "keys.json of one workspace", schema: KeysFile },
  {
    name: "label",
    title: "Who may have influenced a value, what secret it may hold",
    schema: Label,
  },
  { name: "lock", title: "lock.json of one workspace", schema: LockFile },
  { name: "mcp", title: "mcp.json", schema: McpFile },
  { name: "message", title: "One message of a conversation", schema: Message },
  { name: "model", title: "One model of config.yaml or arrangement.yaml", schema: ModelConfig },
  { name: "outcome", title: "What an ended action came to", schema: Outcome },
  { name: "pending", title: "arrangement.change of the home", schema: PendingFile },
  { name: "plan", title: "plans/NAME.yaml", schema: Plan },
  { name: "routes", title: "routes.yaml", schema: RoutesFile },
  { name: "rules", title: "rules.yaml", schema: RulesFile },
  { name: "run-end", title: "What an ended run says of itself", schema: RunEnd },
  { name: "secrets", title: "secrets.json of the home", schema: SecretsFile },
  { name: "skill", title: "nanos.yaml beside SKILL.md", schema: SkillManifest },
  { name: "skill-case", title: "tests/NAME.yaml of a skill", schema: SkillCase },
  { name: "skill-head", title: "Front matter of SKILL.md", schema: SkillHead },
  { name: "tool", title: "A tool as its author declares it", schema: ToolManifest },
  { name: "tool-file", title: "tools/NAME.yaml", schema: ToolFile },
  { name: "tool-spec", title: "A tool as a model sees it", schema: ToolSpec },
  { name: "trust", title: "trust.json of the home", schema: TrustFile },
  { name: "usage", title: "Tokens of model calls", schema: Usage },
];

/** Every published schema as the text of its file `schemas/NAME.json`: name to JSON Schema 2020-12. */
export function renderSchemas(): ReadonlyMap<string, string> {
  return new Map(
    PUBLISHED.map(({ name, title, schema }) => {
      // What a person or program may write, before defaults are filled in.
      const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
      return [name, `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`];
    }),
  );
}
