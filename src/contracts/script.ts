import { z } from "zod";
import { LIMITS } from "../std/limits.ts";
import { JsonSchema } from "./json.ts";
import { Finish } from "./model.ts";
import { Usage } from "./usage.ts";

/** A call in a recorded answer. `broken` stands for arguments that are no JSON, as they came. */
export const ScriptCall = z.strictObject({
  name: z.string(),
  args: JsonSchema.default({}),
  broken: z.string().optional(),
});

/** One recorded answer; the documentation of the script adapter says when it is given. */
export const ScriptTurn = z.strictObject({
  /** A regular expression the whole name of the asking agent must match; a plain name is one. */
  agent: z.string().optional(),
  /** Regular expressions that must all match, ignoring case; `^` and `$` match at lines. */
  when: z
    .strictObject({
      /** The newest text of operator or tool. */
      last: z.string().optional(),
      /** The system text. */
      system: z.string().optional(),
      /** Anything in the request: system, texts, calls and results. */
      text: z.string().optional(),
    })
    .optional(),
  /** Answers once per conversation; true unless `when` is given. */
  once: z.boolean().optional(),
  think: z.string().optional(),
  say: z.string().optional(),
  calls: z.array(ScriptCall).optional(),
  finish: Finish.optional(),
  /** Fails with this code of `models/failures.ts`, after what it says. */
  fail: z.string().optional(),
  usage: Usage.omit({ cost: true }).optional(),
  /** Milliseconds before every delta. */
  delayMs: z.number().int().min(0).max(60_000).optional(),
  /** Characters of one delta; the whole text in one when absent. */
  chunk: z.number().int().positive().optional(),
});
export type ScriptTurn = z.infer<typeof ScriptTurn>;

/** A file of the `script` adapter: answers recorded for tests, demonstrations and teaching. */
export const Script = z.strictObject({
  turns: z.array(ScriptTurn),
  /** Makes vectors of so many numbers, of a text's words; none where it is left out. */
  vectors: z.number().int().positive().max(LIMITS.embeddingDimensions).optional(),
});
export type Script = z.infer<typeof Script>;
/** A script as a person writes it, defaults left out. */
export type ScriptInput = z.input<typeof Script>;

/** What a case expects in any event. */
const Expected = {
  outcome: z.enum(["succeeded", "degraded", "failed", "cancelled"]).default("succeeded"),
  /** A regular expression the answer has to match. */
  text: z.string().optional(),
  /** Tools that are called, in this order; the reading of skills too. */
  calls: z.array(z.string()).optional(),
  /** Files after it: what each holds, as a regular expression; null for one that is not there. */
  files: z.record(z.string(), z.string().nullable()).default({}),
  /** How often the operator is asked. */
  asks: z.number().int().min(0).optional(),
};

/** What the operator says to every ask. */
const Asks = z.enum(["allow", "deny"]).default("deny");

/** `tests/NAME.yaml` in a skill: one request with recorded answers, and what has to come of it. */
export const SkillCase = z.strictObject({
  /** What is asked; a command of the skill as it is typed. */
  request: z.string().min(1),
  /** What the model answers; none where no model is asked. */
  model: Script.default({ turns: [] }),
  /** Files of the workspace before it, by path. */
  files: z.record(z.string(), z.string()).default({}),
  asks: Asks,
  expect: z.strictObject(Expected),
});
export type SkillCase = z.infer<typeof SkillCase>;

/** `evals/NAME.yaml` of an arrangement: a task for an agent on a small repository. */
export const AgentCase = z.strictObject({
  /** The agent that is tried. */
  agent: z.string(),
  /** What the case is about, for the report. */
  about: z.string().default(""),
  tags: z.array(z.string()).default([]),
  /** The task. */
  request: z.string().min(1),
  /** Answers that are played where no model is named. */
  model: Script.optional(),
  /** The files of the repository, all committed, by path. */
  files: z.record(z.string(), z.string()),
  asks: Asks,
  /** A model that gives its opinion of what came of it, which no check hangs on. */
  judge: z
    .strictObject({
      /** Asked where the case itself is answered by a model. */
      model: z.string().optional(),
      /** What it is to look for. */
      rubric: z.string().min(1).max(LIMITS.judgeChars),
      /** Its answers, where no model is asked. */
      answers: Script.optional(),
    })
    .optional(),
  /** Of the repository with the patch applied. */
  expect: z.strictObject({
    ...Expected,
    /** The files the patch changes, makes and takes away, and no others. */
    changed: z.array(z.string()).optional(),
    /** Tools called on the result: a build, the tests. What each says, as a regular expression. */
    checks: z
      .array(z.strictObject({ tool: z.string(), args: JsonSchema, says: z.string().default("") }))
      .max(LIMITS.evalChecks)
      .default([]),
  }),
});
export type AgentCase = z.infer<typeof AgentCase>;
