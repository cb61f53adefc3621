import { z } from "zod";
import type { Agent } from "./agent.ts";
import type { ModelConfig } from "./model.ts";
import { ModelConfig as ModelConfigSchema } from "./model.ts";
import { MemoryConfig } from "./memory.ts";
import type { Plan } from "./plan.ts";
import type { Route, Rule } from "./rules.ts";
import type { Skill } from "./skill.ts";
import { Scope } from "./scope.ts";
import type { McpServer } from "./tool.ts";
import { DayLimit } from "./usage.ts";

const Depth = z.number().int().min(0).max(8);

/** `arrangement.yaml`. */
export const ArrangementManifest = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_-]{0,63}$/u,
      "must be 1 to 64 of a-z, 0-9, - and _, and start with a letter or digit",
    ),
  description: z.string().max(1_024).optional(),
  version: z.string().optional(),
  /** The agent the operator talks to. */
  oracle: z.string().default("oracle"),
  /** Models it brings (scripts, rules, local endpoints); keys are named, never held. */
  models: z.record(z.string(), ModelConfigSchema).default({}),
  /** The model used where an agent says `inherit` and the operator chose none. */
  model: z.string().optional(),
  limits: z
    .strictObject({
      turns: z.number().int().positive().optional(),
      calls: z.number().int().positive().optional(),
      tokens: z.number().int().positive().optional(),
      ms: z.number().int().positive().optional(),
      cost: z.number().nonnegative().optional(),
      /** Messages of the conversation before a request that are given with it. */
      messages: z.number().int().min(0).optional(),
      /** What all runs of the home together may use in a day. */
      day: DayLimit.optional(),
      /** Depth of delegation, 1 is flat: the most, or from where on it is remarked on and the most. */
      depth: z.union([Depth, z.strictObject({ warn: Depth, cap: Depth })]).optional(),
    })
    .default({}),
  /** Whether anything is remembered; off where nothing is said. */
  memory: MemoryConfig.optional(),
  /**
   * True where the oracle may look for skills and agents and propose changes of agents' files, each
   * of which the operator is asked about.
   */
  grows: z.boolean().optional(),
  /** True where the oracle may hand in plans; a mission then follows each by the rules of its rank. */
  proposes: z.boolean().optional(),
  /** Scopes said yes to beforehand for tools of no skill. */
  allow: z.array(Scope).default([]),
});
export type ArrangementManifest = z.infer<typeof ArrangementManifest>;

/** An arrangement as loaded from its folder. Plain data; `hash` is over all files it was read from. */
export interface Arrangement {
  readonly manifest: ArrangementManifest;
  /** The folder that holds the files below, absolute. */
  readonly dir: string;
  /** The folder relative scopes resolve against, absolute. */
  readonly workspace: string;
  readonly hash: string;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly skills: ReadonlyMap<string, Skill>;
  /** Bare tool sources, absolute. */
  readonly toolFiles: readonly string[];
  readonly mcpServers: Readonly<Record<string, McpServer>>;
  readonly models: Readonly<Record<string, ModelConfig>>;
  readonly rules: readonly Rule[];
  readonly routes: readonly Route[];
  /** Plans of missions, by name. */
  readonly plans: Readonly<Record<string, Plan>>;
  /** AGENTS.md of a trusted project: words of the project's authors, not of the operator. */
  readonly instructions?: string;
  /** Things worth saying that did not stop it from loading. */
  readonly warnings: readonly string[];
}
