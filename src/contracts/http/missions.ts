import { z } from "zod";
import { Rank } from "../action.ts";
import type { MissionLine, MissionView } from "../mission.ts";
import { MISSION_EVENTS } from "../mission.ts";
import { JsonSchema } from "../json.ts";
import { Failure } from "../outcome.ts";
import { Plan } from "../plan.ts";
import { Ask, RunOutcome } from "../run.ts";
import {
  type Preflight,
  Schedule,
  ScheduleBudget,
  type ScheduleLine,
  ScheduleWhat,
} from "../schedule.ts";
import { Budget } from "../usage.ts";
import type { Shape } from "./wire.ts";

/** Missions and plans as they go over the network. */

const count = z.number().int();
const text = z.string();
const State = z.enum(["running", "waiting", "ended", "interrupted"]);

/** The body of `POST /v1/engine/missions`. */
export const MissionAsked = z.strictObject({
  /** The name of a plan of the arrangement, or the step that handed one in. */
  plan: text.min(1),
  /** As typed; read by the type of each. */
  inputs: z.record(text, text).optional(),
  /** Checks that are let go beforehand, `TASK.CHECK`. */
  waived: z.array(text).optional(),
});
export type MissionAsked = z.infer<typeof MissionAsked>;

const line = {
  ...{ run: text, at: count, state: State, cost: z.number().nullable(), plan: text, hash: text },
  ...{ rank: Rank.nullable(), review: z.boolean(), outcome: RunOutcome.nullable() },
  ...{ tasks: z.strictObject({ all: count, ended: count }), by: text },
};
const Line: Shape<MissionLine> = z.strictObject(line);
export const MissionList = z.strictObject({ data: z.array(Line) });

export const MissionShown: Shape<MissionView> = z.strictObject({
  ...line,
  inputs: z.record(text, JsonSchema),
  text,
  failure: Failure.nullable(),
  steps: z.array(
    z.strictObject({
      ...{ id: text, does: text, needs: z.array(text) },
      state: z.enum(["waiting", "running", "ended"]),
      ended: MISSION_EVENTS[4].nullable(),
    }),
  ),
  asks: z.array(Ask),
  notFollowed: z.array(z.strictObject({ plan: text, why: Failure })),
});

/** The body of `POST /v1/engine/missions/{id}/approve`: an answer to the one thing it waits for. */
export const MissionAnswer = z.strictObject({
  verdict: z.enum(["allow", "deny"]).default("allow"),
  reach: z.enum(["once", "run"]).default("once"),
  /** The hash of the arguments that were shown: a yes is to those and no others. */
  argsHash: text.optional(),
  /** The action's name as it was typed, which a yes to rank S takes. */
  typed: text.optional(),
});
export type MissionAnswer = z.infer<typeof MissionAnswer>;

/** The body of `POST /v1/engine/missions/{id}/waive`. */
export const Waiving = z.strictObject({ check: text, because: text.min(1) });
export type Waiving = z.infer<typeof Waiving>;

/** `GET /v1/engine/missions/stats`. */
export const MissionStats = z.strictObject({
  /** Of those that have not ended: such that wait, and the rest. */
  ...{ waiting: count, open: count },
  outcomes: z.record(text, count),
  ...{ proven: count, failed: count, xp: z.number() },
});

export const PlanList = z.strictObject({ data: z.array(text) });

/** A plan as it would be followed here. */
export const PlanShown = z.strictObject({
  ...{ plan: Plan, hash: text, by: text, rank: Rank, raised: text },
  /** What it could use at most. */
  estimate: z.strictObject({ tasks: count, width: count, budget: Budget }),
});

/** The body of `POST /v1/schedules`; with a name alone, what has it is saved again. */
export const ScheduleAsked = z.strictObject({
  name: text,
  /** `0 8 * * 1-5`; or one moment as `at`, `2026-12-01T09:00`, in the zone. */
  cron: text.optional(),
  at: text.optional(),
  /** IANA name; the server's own where nothing is said. */
  zone: text.optional(),
  /** A plan of the arrangement with its inputs as typed, or what an agent is asked. */
  what: ScheduleWhat.optional(),
  missed: z.enum(["once", "skip"]).optional(),
  budget: ScheduleBudget.optional(),
});
export type ScheduleAsked = z.infer<typeof ScheduleAsked>;

const ScheduleShown: Shape<ScheduleLine> = Schedule.extend({
  state: z.enum(["armed", "running", "waiting", "held", "late", "over"]),
  ...{ next: count.nullable(), passed: count, run: text.nullable(), why: Failure.nullable() },
});
export const ScheduleList = z.strictObject({ data: z.array(ScheduleShown) });

/** What saving it takes: it can be saved where there are no problems. */
export const PreflightShown: Shape<Preflight> = z.strictObject({
  ...{ schedule: Schedule, times: z.array(count), changed: z.array(text) },
  problems: z.array(z.strictObject({ says: text, next: text })),
});
