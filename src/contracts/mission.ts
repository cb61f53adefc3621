import { z } from "zod";
import { Rank } from "./action.ts";
import type { RunHandle, RunHooks } from "./nanos.ts";
import type { CheckReport } from "./portable.ts";
import type { AskReply } from "./question.ts";
import type { Ask, RunOutcome } from "./run.ts";
import type { TraceLine } from "./trace.ts";
import { Checked } from "./checked.ts";
import { JsonSchema } from "./json.ts";
import { Label } from "./label.ts";
import { Evidence, Failure } from "./outcome.ts";
import { ArtifactType, Plan } from "./plan.ts";
import { STAGES, TRAITS } from "./stage.ts";
import { Budget, RunUsage } from "./usage.ts";

export const TaskStatus = z.enum(["succeeded", "degraded", "failed", "skipped"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

export const Recovery = z.enum(["retry", "fallback", "degrade", "stop"]);
export type Recovery = z.infer<typeof Recovery>;

/** The most a mission may use whose plan an agent makes; the limits of missions where nothing is said. */
export const PlanMost = z.strictObject({
  calls: z.number().int().positive().optional(),
  /** US dollars. */
  cost: z.number().nonnegative().optional(),
  tokens: z.number().int().positive().optional(),
  /** Milliseconds. */
  time: z.number().int().positive().optional(),
  /** Tasks side by side. */
  width: z.number().int().positive().optional(),
});
export type PlanMost = z.infer<typeof PlanMost>;

/** What a mission begins with, as part of `run.started`: a mission is the run that follows a plan. */
export const MissionStart = z.strictObject({
  plan: Plan,
  /** SHA-256 of the canonical plan. */
  hash: z.string(),
  inputs: z.record(z.string(), JsonSchema),
  /** Who wrote the plan: `operator`, or `agent:NAME`, whose words it then is. */
  by: z.string(),
  /** The step that handed the plan in, where an agent wrote it. */
  from: z.string().optional(),
  /** The least rank its tools give it. */
  rank: Rank,
  /** What gives it that rank: `plan`, `tool NAME`. */
  raised: z.string(),
  /** The mission it repeats. */
  again: z.string().optional(),
  /** The mission it follows on from, and the how manieth of such a chain it is. */
  follows: z
    .strictObject({
      run: z.string(),
      place: z.number().int(),
      /** Of what that mission came to: its inputs are made of that, and are nobody's word. */
      label: Label,
    })
    .optional(),
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
  /** The operator lets a check go: on the home chain when they say so, on the run's when it counts. */
  z.strictObject({
    kind: z.literal("check.waived"),
    run: z.string(),
    task: z.string(),
    check: z.string(),
    because: z.string(),
    by: z.string(),
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
export type CheckWaived = z.infer<(typeof MISSION_EVENTS)[3]>;
export type TaskEnded = z.infer<(typeof MISSION_EVENTS)[4]>;
/**
 * Events of the home chain: what was noticed of the stage, and what the operator switched. No stage
 * and no trait is read from these.
 */
export const STAGE_EVENTS = [
  /** The missions on record came to another stage than the one noted before. */
  z.strictObject({
    kind: z.literal("stage.changed"),
    from: z.enum(STAGES),
    to: z.enum(STAGES),
    proven: z.number().int(),
    failed: z.number().int(),
    xp: z.number().int(),
  }),
  /** The new stage has a trait that the one before had not. */
  z.strictObject({
    kind: z.literal("trait.unlocked"),
    trait: z.enum(TRAITS),
    stage: z.enum(STAGES),
  }),
  /** A plan names one that follows, and it did not begin. */
  z.strictObject({
    kind: z.literal("mission.not_followed"),
    mission: z.string(),
    /** The plan that was to follow. */
    plan: z.string(),
    why: Failure,
  }),
  z.strictObject({
    kind: z.literal("trait.switched"),
    trait: z.enum(TRAITS),
    on: z.boolean(),
    /**
     * Set where it was noticed: the stage fell below the one that has it, or config.yaml was changed
     * by hand.
     */
    why: z.enum(["stage", "config"]).optional(),
  }),
] as const;

/** One mission in a list. */
export interface MissionLine extends Pick<TraceLine, "run" | "at" | "state" | "cost"> {
  readonly plan: string;
  /** Hash of the plan. */
  readonly hash: string;
  /** Of its start; null while that waits. */
  readonly rank: Rank | null;
  /** True where it ran and the operator should look at it. */
  readonly review: boolean;
  readonly outcome: RunOutcome | null;
  readonly tasks: { readonly all: number; readonly ended: number };
  readonly by: string;
}

/** A task as a person asks about it. */
export interface TaskView {
  readonly id: string;
  readonly does: string;
  readonly needs: readonly string[];
  readonly state: "waiting" | "running" | "ended";
  readonly ended: TaskEnded | null;
}

export interface MissionView extends MissionLine {
  readonly inputs: MissionStart["inputs"];
  readonly text: string;
  readonly failure: Failure | null;
  /** Its tasks, each after what it needs. */
  readonly steps: readonly TaskView[];
  /** What it waits for. */
  readonly asks: readonly Ask[];
  /** What was to follow it and did not begin: a plan's name, or the step that handed one in. */
  readonly notFollowed: readonly { readonly plan: string; readonly why: Failure }[];
}

/** What a mission could use at most, before it begins. */
export interface Estimate {
  readonly tasks: number;
  /** Tasks that may run at the same time. */
  readonly width: number;
  readonly budget: Budget;
}

/** A plan as it would be followed here. */
export interface PlanView {
  readonly plan: Plan;
  readonly hash: string;
  /** `operator`, or `agent:NAME` who handed it in. */
  readonly by: string;
  readonly rank: Rank;
  readonly raised: string;
  readonly estimate: Estimate;
}

/** A goal an agent is asked to make a plan for. */
export interface PlanWish extends RunHooks {
  readonly agent: string;
  readonly goal: string;
  readonly model?: string;
  /** The most the mission may use. */
  readonly most?: PlanMost;
}

export interface MissionRequest {
  /**
   * A name of `plans/NAME.yaml`, the path of a file, or the step that handed a plan in; or the plan
   * itself, which is then whoever's who begins it.
   */
  readonly plan: string | Plan;
  /** As typed; read by the type of each. */
  readonly inputs?: Readonly<Record<string, string>>;
  readonly waived?: readonly string[];
  /** Who begins it, where that is not the operator; its inputs are that client's words. */
  readonly client?: string;
}

/** Missions as a person and a surface hold them. */
export interface Missions {
  /** Plans of the arrangement, by name. */
  plans(): Promise<readonly string[]>;
  /** What is wrong with a plan, with what it names. @throws NanosError `plan.missing`. */
  check(plan: string): Promise<CheckReport>;
  /**
   * A plan, and where it is told with what a mission of it would begin, whether it could.
   *
   * @throws NanosError `plan.missing`, `manifest.invalid`, `mission.input`, `mission.waive`.
   */
  plan(plan: MissionRequest["plan"], given?: Omit<MissionRequest, "plan">): Promise<PlanView>;
  /**
   * Begins a mission.
   *
   * @throws NanosError `plan.*`, `manifest.invalid`, `mission.input`, `mission.waive`, `agent.unknown`, `model.*`.
   */
  begin(request: MissionRequest, hooks?: RunHooks): Promise<RunHandle>;
  /**
   * Asks an agent for a plan: a run of its own, with the tool that hands one in.
   *
   * @throws NanosError as `run` does.
   */
  wish(wish: PlanWish): Promise<RunHandle>;
  /** Steps of a run that handed in a plan which no mission has followed yet, oldest first. */
  handedIn(run: string): readonly string[];
  /** Newest first; of those older than `before`, and whose plan or id holds the words. */
  list(
    limit?: number,
    wish?: { readonly before?: string; readonly words?: string },
  ): readonly MissionLine[];
  /** @throws NanosError `mission.unknown`, `mission.erased`. */
  show(mission: string): MissionView;
  /**
   * A mission now and whenever something came of it, in whatever process, until it no longer runs.
   *
   * @throws NanosError `mission.unknown`, `mission.erased`.
   */
  follow(mission: string, signal: AbortSignal): AsyncIterable<MissionView>;
  /**
   * Answers the one thing a mission waits for.
   *
   * @throws NanosError `mission.unknown`, `mission.no_ask`, `mission.many_asks`, `approval.*`.
   */
  approve(mission: string, reply: AskReply): Promise<readonly string[]>;
  /**
   * Lets a check go while its task has not come to its end. It is waived then, and never met.
   *
   * @throws NanosError `mission.unknown`, `mission.erased`, `mission.waive`.
   */
  waive(mission: string, check: string, because: string): Promise<void>;
  /** Goes on with one that waits or was cut off. @throws NanosError `mission.unknown`, as `resume`. */
  run(mission: string, hooks?: RunHooks): Promise<RunHandle>;
  /** Begins another with the same plan and inputs. @throws NanosError `mission.erased`, as `begin`. */
  rerun(mission: string, hooks?: RunHooks): Promise<RunHandle>;
  /** @throws NanosError `mission.unknown`, `run.ended`. */
  cancel(mission: string): Promise<void>;
}
