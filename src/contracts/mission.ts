import { z } from "zod";
import { Rank } from "./action.ts";
import { JsonSchema } from "./json.ts";
import { Evidence, Failure } from "./outcome.ts";
import { ArtifactType, Plan } from "./plan.ts";
import { Budget, RunUsage } from "./usage.ts";

/** How the output of a task stands to one check. */
export const CheckStatus = z.enum(["met", "missed", "waived", "unknown"]);
export type CheckStatus = z.infer<typeof CheckStatus>;

export const Checked = z.strictObject({
  id: z.string(),
  status: CheckStatus,
  /** True where nothing follows from it. */
  observe: z.boolean().optional(),
  /** What was found, where it was not met. */
  why: z.string().optional(),
});
export type Checked = z.infer<typeof Checked>;

export const TaskStatus = z.enum(["succeeded", "degraded", "failed", "skipped"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

export const Recovery = z.enum(["retry", "fallback", "degrade", "stop"]);
export type Recovery = z.infer<typeof Recovery>;

/** What a mission begins with, as part of `run.started`: a mission is the run that follows a plan. */
export const MissionStart = z.strictObject({
  plan: Plan,
  /** SHA-256 of the canonical plan. */
  hash: z.string(),
  inputs: z.record(z.string(), JsonSchema),
  /** Who wrote the plan: `operator`, or `agent:NAME`, whose words it then is. */
  by: z.string(),
  /** The least rank its tools give it. */
  rank: Rank,
  /** What gives it that rank: `plan`, `tool NAME`. */
  raised: z.string(),
  /** The mission it repeats. */
  again: z.string().optional(),
  /** Checks the operator let go beforehand, `TASK.CHECK`. */
  waived: z.array(z.string()).optional(),
});
export type MissionStart = z.infer<typeof MissionStart>;

/** Events of a mission, on the chain of its run. */
export const MISSION_EVENTS = [
  /** Its start passed the gate. */
  z.strictObject({
    kind: z.literal("mission.started"),
    /** Hash of the plan, which is whole in `run.started`. */
    plan: z.string(),
    name: z.string(),
    rank: Rank,
    /** True where the operator should look at what it did afterwards (ranks C and B). */
    review: z.boolean(),
    inputs: z.record(z.string(), JsonSchema),
    tasks: z.number().int(),
  }),
  /** A task begins; `budget` is what was set aside for it. */
  z.strictObject({
    kind: z.literal("task.started"),
    task: z.string(),
    /** `tool NAME` or `agent NAME`. */
    does: z.string(),
    rank: Rank,
    review: z.boolean(),
    budget: Budget,
  }),
  /** What is done about a task that failed, and why. */
  z.strictObject({
    kind: z.literal("task.recovered"),
    task: z.string(),
    how: Recovery,
    /** The attempt that failed, from 1. */
    attempt: z.number().int(),
    why: Failure,
    /** Milliseconds before the next attempt. */
    wait: z.number().int().optional(),
    /** What takes its place: `model NAME`, `agent NAME`, `task NAME`; for degrade, what is said. */
    to: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal("task.ended"),
    task: z.string(),
    status: TaskStatus,
    /** The step whose outcome is its output; null where there is none. */
    from: z.string().nullable(),
    /** SHA-256 of the canonical output; null where there is none. */
    output: z.string().nullable(),
    checks: z.array(Checked),
    /** What was tried about failures, in order. */
    recovery: z.array(Recovery),
    /** What its agent's record shows; absent for a tool. */
    evidence: Evidence.optional(),
    /** Why it is less than was asked for; for one that was skipped, why. */
    failure: Failure.optional(),
    usage: RunUsage,
    artifact: z.strictObject({ title: z.string(), type: ArtifactType }).optional(),
  }),
] as const;
