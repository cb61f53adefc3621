import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";
import { Decision, Rank, Verdict } from "../action.ts";
import { Deciding } from "../action.ts";
import { Held, Tier } from "../isolation.ts";
import { JsonSchema } from "../json.ts";
import { Label } from "../label.ts";
import { MISSION_EVENTS } from "../mission.ts";
import { Outcome } from "../outcome.ts";
import { Answer, Ask, RunEnd } from "../run.ts";
import type { ReplayReport, TraceDiff } from "../trace.ts";
import { Usage } from "../usage.ts";
import { RunTold } from "./runs.ts";
import type { Shape } from "./wire.ts";

/** What a run was, step by step, as the operator reads it over the network. */

const count = z.number().int();
const text = z.string();
const State = z.enum(["running", "waiting", "ended", "interrupted"]);
const Status = z.enum(["done", "failed", "denied", "cancelled", "open", "waiting"]);

const AskedOnce = z.strictObject({
  id: text,
  at: count,
  came: z.enum(["allow", "deny", "expired"]).nullable(),
  /** Milliseconds until it was answered. */
  ms: count.nullable(),
  by: text.nullable(),
});

/** A step in a list: what was wanted, what the gate said, what it took; not what was in it. */
const StepLine = z.strictObject({
  step: text,
  /** When it was proposed, in milliseconds since 1970. */
  at: count.nullable(),
  ...{ kind: text, name: text, agent: text },
  verdict: Verdict.nullable(),
  reason: text.nullable(),
  rank: Rank.nullable(),
  /** True where it ran and the operator should look at it. */
  review: z.boolean(),
  status: Status,
  failure: z.strictObject({ code: text, message: text }).nullable(),
  isolation: Tier.nullable(),
  /** Milliseconds of the effect; null while it goes on. */
  ms: z.number().nullable(),
  usage: Usage.nullable(),
  asked: z.array(AskedOnce),
  /** The run it delegated to, whose steps are under that name. */
  child: z
    .strictObject({ run: text, agent: text, state: State, outcome: text.nullable(), steps: count })
    .nullable(),
  /** The model that was asked in its place. */
  fallback: text.nullable(),
  /** On the first step of a task: what became of it. */
  task: z
    .strictObject({
      recovered: z.array(MISSION_EVENTS[2].omit({ kind: true })),
      ended: MISSION_EVENTS[4].nullable(),
    })
    .nullable(),
  /** The step of the task it belongs to, where it is another. */
  within: text.nullable(),
});
export type StepLine = z.infer<typeof StepLine>;

/** `GET /v1/runs/{id}/trace`: so many of its steps, from the one with that number on. */
export const TraceShown = z.strictObject({
  ...{ run: text, agent: text, request: text, model: text, at: count, state: State },
  /** Who asked, where that was not the operator. */
  client: text.nullable(),
  /** The runs of the same conversation before it, oldest first. */
  after: z.array(text),
  parent: text.nullable(),
  end: RunEnd.nullable(),
  rehearsal: z.boolean(),
  fork: z.strictObject({ run: text, step: text, hash: text }).nullable(),
  /** Hash of the newest entry of its chain, and how many there are. */
  head: text,
  events: count,
  /** Steps there are; those that were asked for. */
  all: count,
  from: count,
  steps: z.array(StepLine),
});

/** `GET /v1/steps/{id}`: one step with all that is on record of it. */
export const StepShown = StepLine.extend({
  args: JsonSchema,
  /** What it reaches, where it goes, and who stands behind what decides that; null where erased. */
  reach: z
    .strictObject({
      scopes: z.array(text),
      destinations: z.array(text),
      decides: z.array(Deciding),
      label: Label,
    })
    .nullable(),
  decision: Decision.nullable(),
  outcome: Outcome.nullable(),
  held: Held.nullable(),
  asks: z.array(Ask),
  answers: z.array(Answer),
  /** Why it was decided so, in sentences; and where the rule stands now. */
  explanation: z.array(text),
  line: text.nullable(),
});

/** The body of `POST /v1/runs/{id}/fork`. */
export const Forking = z.strictObject({
  /** The first step that is its own: `RUN.7`, or `7`. */
  at: text.min(1),
  agent: text.optional(),
  model: text.optional(),
  /** Rules that hold it beside those in force, as the text of a file of them. */
  rules: text.max(LIMITS.manifestBytes).optional(),
});
export type Forking = z.infer<typeof Forking>;

export const Replayed: Shape<ReplayReport> = z.strictObject({
  ...{ ok: z.boolean(), events: count, steps: count, differs: text.nullable() },
});

const Side = z
  .strictObject({
    ...{ step: text, kind: text, name: text, decided: text, reason: text.nullable() },
    ...{ status: Status, cost: z.number().nullable() },
  })
  .nullable();

export const DiffShown: Shape<TraceDiff> = z.strictObject({
  ...{ a: text, b: text, parts: text.nullable() },
  steps: z.array(
    z.strictObject({
      place: text,
      is: z.enum(["shared", "same", "changed", "only a", "only b"]),
      differs: z.array(z.enum(["action", "arguments", "decision", "outcome", "cost"])),
      ...{ a: Side, b: Side },
    }),
  ),
  outcome: z.tuple([text, text]),
});

/** One event of `GET /v1/events`: of any run, or of the home (`home`) where it is of none. */
export const HomeTold = RunTold.extend({ run: text });
