import { z } from "zod";
import { Mode, Rank } from "./action.ts";
import { JsonSchema } from "./json.ts";
import { Rule } from "./rules.ts";
import { Scope } from "./scope.ts";

const Name = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/u,
    "must be 1 to 64 of a-z, 0-9, - and _, and start with a letter or digit",
  );

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** How long: `90s`, `5m`, `2h`, `1d`, or milliseconds. Kept as milliseconds. */
export const Duration = z.union([
  z.number().int().positive(),
  z
    .string()
    .regex(/^[1-9][0-9]{0,8}(?:ms|s|m|h|d)$/u, "must be a number and ms, s, m, h or d: 90s")
    .transform((text) => {
      const [, count = "0", unit = "ms"] = /^(\d+)(\D+)$/u.exec(text) ?? [];
      return Number(count) * UNITS[unit as keyof typeof UNITS];
    }),
]);

/** One thing a plan is given when a mission begins. It has to be given where there is no default. */
export const PlanInput = z
  .strictObject({
    type: z.enum(["text", "number", "boolean", "choice"]).default("text"),
    description: z.string().max(1_024).optional(),
    /** What may be chosen, for the type choice. */
    choices: z.array(z.string()).min(1).optional(),
    default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  })
  .refine(({ type, choices }) => (type === "choice") === (choices !== undefined), {
    message: "has choices where its type is choice, and nowhere else",
  });
export type PlanInput = z.infer<typeof PlanInput>;

/** What a task may use. It is set aside before the task begins; what it left is there for the next. */
export const TaskBudget = z.strictObject({
  turns: z.number().int().positive().optional(),
  calls: z.number().int().positive().optional(),
  tokens: z.number().int().positive().optional(),
  /** US dollars. */
  cost: z.number().nonnegative().optional(),
  /** Wall time, waits for the operator not counted. */
  time: Duration.optional(),
});
export type TaskBudget = z.infer<typeof TaskBudget>;

export const PlanBudget = TaskBudget.extend({
  /** Depth of delegation inside a task. */
  depth: z.number().int().min(0).max(8).optional(),
  /** Tasks at the same time. */
  width: z.number().int().min(1).max(64).optional(),
});
export type PlanBudget = z.infer<typeof PlanBudget>;

const CHECK_FIELDS = [
  "contains",
  "lacks",
  "matches",
  "words",
  "schema",
  "that",
  "evidence",
] as const;

/** One thing the output of a task has to be. Exactly one of the fields after `observe` is given. */
export const Check = z
  .strictObject({
    id: Name.optional(),
    /** What it is for, in words. */
    says: z.string().max(400).optional(),
    /** True where what it finds is written down and nothing follows. */
    observe: z.boolean().optional(),
    /** Text the output holds. */
    contains: z.string().min(1).optional(),
    /** Text it does not hold. */
    lacks: z.string().min(1).optional(),
    /** A regular expression it matches somewhere. */
    matches: z.string().min(1).optional(),
    /** The most words. */
    words: z.number().int().positive().optional(),
    /** A JSON Schema it fits; text is read as JSON. */
    schema: JsonSchema.optional(),
    /** An expression that is true: `output.count > 3`. */
    that: z.string().min(1).optional(),
    /** What the agent's record has to show: steps that came to something, or changed files. */
    evidence: z.enum(["steps", "files"]).optional(),
  })
  .refine((check) => CHECK_FIELDS.filter((field) => check[field] !== undefined).length === 1, {
    message: `needs exactly one of ${CHECK_FIELDS.join(", ")}`,
  });
export type Check = z.infer<typeof Check>;

/** Codes of failures, the last part may be `*`: `model.*`. Every failure where there is none. */
const On = z.array(z.string().min(1)).min(1).optional();

/** What is done about a failure. Tried in the order of the list, each as often as it says. */
export const Recover = z
  .strictObject({
    /** The same again, after a wait that doubles each time. */
    retry: z
      .strictObject({
        times: z.number().int().min(1).max(10).default(1),
        wait: Duration.default(1_000),
        /** The longest wait. */
        most: Duration.default(60_000),
        on: On,
      })
      .optional(),
    /** Another model, another agent, or another task in its place, once. */
    fallback: z
      .strictObject({
        model: z.string().optional(),
        agent: z.string().optional(),
        task: Name.optional(),
        on: On,
      })
      .refine(({ model, agent, task }) => [model, agent, task].filter(Boolean).length === 1, {
        message: "needs exactly one of model, agent, task",
      })
      .optional(),
    /** Goes on without it, and says so. */
    degrade: z.strictObject({ says: z.string().min(1).max(1_024), on: On }).optional(),
    /** Begins nothing more. */
    stop: z.strictObject({ on: On }).optional(),
  })
  .refine((recover) => Object.keys(recover).length === 1, {
    message: "needs exactly one of retry, fallback, degrade, stop",
  });
export type Recover = z.infer<typeof Recover>;

/** What an artifact is. */
export const ArtifactType = z.enum([
  ...["text", "code", "data", "report", "analysis", "decision", "log"],
] as const);

/**
 * One task: a tool is called, or an agent is asked. Texts in `prompt`, `input` and `args` may hold
 * `{{ EXPRESSION }}` over `inputs.NAME`, `output.TASK` and `status.TASK` of what it needs.
 */
export const Task = z
  .strictObject({
    id: Name,
    description: z.string().max(1_024).optional(),
    agent: z.string().optional(),
    /** What the agent is asked. */
    prompt: z.string().min(1).max(40_000).optional(),
    /** What the agent is given beside it, where it takes something. */
    input: JsonSchema.optional(),
    tool: z.string().optional(),
    args: JsonSchema.optional(),
    /** Tasks that come before it. */
    needs: z.array(Name).default([]),
    /** It is skipped unless this expression is true. */
    when: z.string().min(1).optional(),
    /** The least rank of its start: A and S wait for the operator. */
    rank: Rank.optional(),
    /** Profiles of the plan that hold in this task; such a one holds in no other that does not name it. */
    profiles: z.array(Name).min(1).max(16).optional(),
    checks: z.array(Check).max(32).default([]),
    recover: z.array(Recover).max(8).default([]),
    budget: TaskBudget.optional(),
    output: z
      .strictObject({
        /** JSON Schema the agent's answer fits; it is then read as data. */
        schema: JsonSchema.optional(),
        /** The name it is kept under as an artifact of the mission. */
        title: z.string().min(1).max(200).optional(),
        type: ArtifactType.optional(),
      })
      .optional(),
  })
  .superRefine((task, context) => {
    const lacks = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if ((task.agent === undefined) === (task.tool === undefined)) {
      lacks("id", "needs exactly one of agent, tool");
    }
    if (task.agent !== undefined && task.prompt === undefined) {
      lacks("agent", "needs a prompt beside it");
    }
    for (const field of ["prompt", "input"] as const) {
      if (task.tool !== undefined && task[field] !== undefined) lacks(field, "is for an agent");
    }
    if (task.agent !== undefined && task.args !== undefined) lacks("args", "is for a tool");
  });
export type Task = z.infer<typeof Task>;

/** Rules that hold in one mission, or in those of its tasks that name them, under a name. */
export const Profile = z.strictObject({
  /** `observe`: what its rules would have stopped goes on, and is written down. */
  mode: Mode.default("enforce"),
  rules: z.array(Rule).min(1),
});

/** A mission that begins when this one ended proven, where the operator has AUTONOMOUS_CHAIN on. */
const Then = z.strictObject({
  /** A plan of the arrangement. */
  plan: Name,
  /** Its inputs; texts may hold `{{ EXPRESSION }}` over what this mission was given and came to. */
  inputs: z.record(Name, JsonSchema).default({}),
});

/** A plan, `plans/NAME.yaml`: what a mission does, and in which order. */
export const Plan = z.strictObject({
  name: Name,
  description: z.string().max(1_024),
  version: z.string().optional(),
  /** The agent whose tools and agents it uses; the oracle where nothing is said. */
  agent: z.string().optional(),
  inputs: z.record(Name, PlanInput).default({}),
  /** The least rank of the mission; what its tools may do can raise it. */
  rank: Rank.default("E"),
  /** The most the mission may reach, as scopes; whatever is declared where nothing is said. */
  within: z.array(Scope).optional(),
  budget: PlanBudget.default({}),
  /** How long after its beginning no further task begins, waits counted. */
  deadline: Duration.optional(),
  profiles: z.record(Name, Profile).default({}),
  tasks: z.array(Task).min(1).max(100),
  // What is not said is not part of it, so that plans from before have the hash they had.
  then: z.array(Then).min(1).max(4).optional(),
});
export type Plan = z.infer<typeof Plan>;
