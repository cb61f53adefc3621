import { z } from "zod";
import type { RunHandle, RunHooks } from "./nanos.ts";
import type { Failure } from "./outcome.ts";

/** When a schedule's time comes: again and again, or at one moment. `zone` is an IANA name. */
export const ScheduleWhen = z.union([
  z.strictObject({ cron: z.string().min(1).max(200), zone: z.string() }),
  /** Milliseconds since 1970. */
  z.strictObject({ at: z.number().int(), zone: z.string() }),
]);
export type ScheduleWhen = z.infer<typeof ScheduleWhen>;

/** What begins then: a mission of a plan with inputs as typed, or a request to an agent. */
export const ScheduleWhat = z.union([
  z.strictObject({ plan: z.string(), inputs: z.record(z.string(), z.string()) }),
  z.strictObject({ agent: z.string(), text: z.string().min(1).max(40_000) }),
]);
export type ScheduleWhat = z.infer<typeof ScheduleWhat>;

/** The most one firing may use, where it is to be less than what plan or agent say. */
export const ScheduleBudget = z.strictObject({
  calls: z.number().int().positive().optional(),
  tokens: z.number().int().positive().optional(),
  /** US dollars. */
  cost: z.number().nonnegative().optional(),
});
export type ScheduleBudget = z.infer<typeof ScheduleBudget>;

/** The most one firing could use; `cost` is null where a price is not known. */
export const ScheduleEstimate = z.strictObject({
  calls: z.number().int(),
  tokens: z.number().int(),
  cost: z.number().nullable(),
});
export type ScheduleEstimate = z.infer<typeof ScheduleEstimate>;

/** A schedule as it was saved. */
export const Schedule = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/u),
  /** The folder it was saved in, absolute: nowhere else it begins anything. */
  workspace: z.string(),
  when: ScheduleWhen,
  what: ScheduleWhat,
  /** What is done about times that passed while nothing was there: one run for all, or none. */
  missed: z.enum(["once", "skip"]),
  budget: ScheduleBudget,
  /** What it was saved under, a hash for each part. It begins under exactly this. */
  seal: z.record(z.string(), z.string()),
  estimate: ScheduleEstimate,
  /** Milliseconds since 1970; times before it do not count. */
  at: z.number().int(),
  /** Who saved it, where that was a program with a key, `key:ID`: it begins as that one's. */
  client: z.string().optional(),
});
export type Schedule = z.infer<typeof Schedule>;

/** What says in a run's beginning that a schedule began it. */
export const RunSchedule = z.strictObject({
  name: z.string(),
  /** The time it stands for, milliseconds since 1970. */
  due: z.number().int(),
});
export type RunSchedule = z.infer<typeof RunSchedule>;

const Why = z.strictObject({ code: z.string(), message: z.string(), next: z.string().optional() });

/** Events of schedules, on the home chain. */
export const SCHEDULE_EVENTS = [
  /** Saved, or saved again in place of what had the name. */
  z.strictObject({ kind: z.literal("schedule.saved"), schedule: Schedule }),
  z.strictObject({ kind: z.literal("schedule.removed"), name: z.string() }),
  /** The claim, before the run begins: whoever finds it without its run begins exactly that one. */
  z.strictObject({
    kind: z.literal("schedule.fired"),
    name: z.string(),
    due: z.number().int(),
    run: z.string(),
    /** Times up to here are dealt with. */
    until: z.number().int(),
    /** Times beside this one that had passed, at most `LIMITS.missedCounted`. */
    missed: z.number().int(),
  }),
  /** Times that passed and begin nothing. */
  z.strictObject({
    kind: z.literal("schedule.missed"),
    name: z.string(),
    until: z.number().int(),
    missed: z.number().int(),
    why: Why,
  }),
  /** Its time came and it may not begin; it waits for what `why` says. */
  z.strictObject({
    kind: z.literal("schedule.held"),
    name: z.string(),
    due: z.number().int(),
    why: Why,
  }),
] as const;

/** A schedule in a list. */
export interface ScheduleLine extends Schedule {
  /**
   * `armed`: its time comes. `running`, `waiting`: the run it began last goes on, or waits for an
   * answer; no other begins meanwhile. `held`: it may not begin, see `why`. `late`: its time has
   * passed and nothing was there to begin it. `over`: its time does not come again.
   */
  readonly state: "armed" | "running" | "waiting" | "held" | "late" | "over";
  /** When its time comes next, milliseconds since 1970; null where it does not. */
  readonly next: number | null;
  /** Times that passed and began nothing: now, or before its last run. */
  readonly passed: number;
  /** The run it began last. */
  readonly run: string | null;
  readonly why: Failure | null;
}

/** What is asked for; with nothing but a name, what has it is saved again as things are now. */
export interface ScheduleRequest {
  readonly name: string;
  readonly cron?: string;
  /** `2026-12-01T09:00`, in the zone. */
  readonly at?: string;
  /** IANA name; the machine's own where nothing is said. */
  readonly zone?: string;
  readonly what?: ScheduleWhat;
  readonly missed?: Schedule["missed"];
  readonly budget?: ScheduleBudget;
  /** Who asks for it, where that is not the operator: `key:ID`. */
  readonly client?: string;
}

/** What saving takes, worked out before anything is saved. */
export interface Preflight {
  readonly schedule: Schedule;
  /** The next times, milliseconds since 1970. */
  readonly times: readonly number[];
  /** What is not there yet; it can be saved where this is empty. */
  readonly problems: readonly { readonly says: string; readonly next: string }[];
  /** Parts that are others than when it was saved before. */
  readonly changed: readonly string[];
}

/** Schedules as a person and a surface hold them. They fire while `Nanos.watch` goes on. */
export interface Schedules {
  list(): Promise<readonly ScheduleLine[]>;
  /** @throws NanosError `schedule.*`, and as reading its plan does. */
  preflight(request: ScheduleRequest): Promise<Preflight>;
  /** @throws NanosError `schedule.preflight` for the first problem, and as `preflight` does. */
  add(request: ScheduleRequest): Promise<Preflight>;
  /** What it began goes on. @throws NanosError `schedule.unknown`. */
  rm(name: string): Promise<void>;
  /** Why it may not begin as things are now; null when it may. */
  refused(schedule: Schedule): Promise<Failure | null>;
  /** Begins what a schedule stands for as the run it was claimed for. @throws as `run` does. */
  begin(schedule: Schedule, claim: RunSchedule, run: string, hooks: RunHooks): Promise<RunHandle>;
}
