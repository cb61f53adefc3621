import { z } from "zod";
import { Rank } from "./action.ts";
import { Scope } from "./scope.ts";

/** Front matter of an Agent Skills `SKILL.md`. Unknown keys are kept by others and ignored here. */
export const SkillHead = z.looseObject({
  name: z
    .string()
    .regex(
      /^(?!.*--)[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/u,
      "must be 1 to 64 of a-z, 0-9 and single hyphens, and start and end without one",
    ),
  description: z.string().min(1).max(1_024),
  license: z.string().optional(),
  compatibility: z.string().max(500).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** A request, never a grant: it narrows what the skill shows, and allows nothing. */
  "allowed-tools": z.union([z.string(), z.array(z.string())]).optional(),
});
export type SkillHead = z.infer<typeof SkillHead>;

/** `nanos.yaml` beside SKILL.md: what Agent Skills has no field for. */
export const SkillManifest = z.strictObject({
  version: z.string().optional(),
  /** The most its tools may reach; a tool's own scopes must lie within. */
  scopes: z.array(Scope).default([]),
  rank: Rank.optional(),
  /** Slash commands: name to the prompt it stands for; `$ARGS` is what was typed after it. */
  commands: z
    .record(z.string(), z.strictObject({ description: z.string(), prompt: z.string() }))
    .optional(),
  /** Link to third-party terms shown once on attach. */
  terms: z.string().optional(),
});
export type SkillManifest = z.infer<typeof SkillManifest>;

/** A skill as loaded. `dir` is absolute; `hash` is over every file in it. */
export interface Skill {
  readonly head: SkillHead;
  readonly manifest: SkillManifest;
  readonly instructions: string;
  readonly dir: string;
  readonly hash: string;
  /** Tool sources, absolute: `tools/*.ts`, `tools/*.yaml`. */
  readonly toolFiles: readonly string[];
  readonly mcpFile: string | null;
}
