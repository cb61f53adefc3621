import { z } from "zod";
import { LIMITS } from "../../std/limits.ts";
import { RunOutcome } from "../run.ts";
import { RunUsage } from "../usage.ts";

/** Runs and approvals as they go over the network. */

const State = z.enum(["running", "waiting", "ended", "interrupted"]);

/** The body of `POST /v1/runs`. */
export const RunAsked = z.strictObject({
  text: z.string().min(1),
  /** The key's own where nothing is said; with the operator's key the oracle. */
  agent: z.string().optional(),
  /** Earlier runs of the conversation, oldest first: this key's own. */
  after: z.array(z.string()).max(LIMITS.earlierMessages).optional(),
  /** The model, by its name; the operator alone chooses one. */
  model: z.string().optional(),
  /** Reach no more than this; never more than the key may. */
  within: z.array(z.string()).optional(),
  budget: z
    .strictObject({
      cost: z.number().nonnegative().optional(),
      calls: z.number().int().positive().optional(),
    })
    .optional(),
});
export type RunAsked = z.infer<typeof RunAsked>;

export const RunBegun = z.strictObject({ run: z.string(), state: State });

export const RunList = z.strictObject({
  data: z.array(
    z.strictObject({
      run: z.string(),
      agent: z.string(),
      request: z.string(),
      /** Milliseconds since 1970. */
      at: z.number().int(),
      state: State,
      outcome: z.string().nullable(),
      steps: z.number().int(),
      tokens: z.number().int(),
      cost: z.number().nullable(),
    }),
  ),
});

/** An open question to the operator, without the arguments it is about. */
export const AskLine = z.strictObject({
  id: z.string(),
  run: z.string(),
  agent: z.string(),
  name: z.string(),
  /** One sentence: what would happen. */
  what: z.string(),
  reason: z.string(),
  expires: z.number().int(),
});
export type AskLine = z.infer<typeof AskLine>;

export const RunShown = z.strictObject({
  run: z.string(),
  agent: z.string(),
  request: z.string(),
  at: z.number().int(),
  state: State,
  outcome: RunOutcome.nullable(),
  text: z.string(),
  /** Code and sentence of why it did not succeed. */
  failure: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  usage: RunUsage.nullable(),
  asks: z.array(AskLine),
});

/** What one event of a run tells its client: what happened, and none of what was in it. */
export const RunTold = z.strictObject({
  seq: z.number().int(),
  at: z.number().int(),
  kind: z.string(),
  step: z.string().nullable(),
  /** The tool, agent or model. */
  name: z.string().optional(),
  /** The task of its plan. */
  task: z.string().optional(),
  verdict: z.string().optional(),
  reason: z.string().optional(),
  status: z.string().optional(),
  outcome: z.string().optional(),
  text: z.string().optional(),
  asks: z.array(AskLine).optional(),
});
export type RunTold = z.infer<typeof RunTold>;

/** What the model of a run says while it says it: from that character of the step's text on. */
export const RunSaid = z.strictObject({
  step: z.string(),
  from: z.number().int(),
  text: z.string(),
});
export type RunSaid = z.infer<typeof RunSaid>;

/** An event of `GET /v1/runs/{id}/events`. */
export const RunHeard = z.union([RunTold, RunSaid]);

export const AskList = z.strictObject({ data: z.array(AskLine) });

/** What is new in some files, line by line. */
export const Changes = z.array(
  z.strictObject({
    ...{ path: z.string(), state: z.enum(["new", "changed", "removed"]) },
    /** Lines that are not shown. */
    more: z.number().int(),
    lines: z.array(
      z.strictObject({ kind: z.enum(["same", "added", "removed"]), text: z.string() }),
    ),
    note: z.string().optional(),
  }),
);

/** One ask with all there is to know before answering it. */
export const AskShown = AskLine.extend({
  argsHash: z.string(),
  /** The exact arguments. */
  action: z.unknown(),
  rank: z.string().nullable(),
  where: z.array(z.string()),
  why: z.string().nullable(),
  cost: z.string().nullable(),
  /** What a yes for the rest of the run would cover; null where it covers nothing. */
  covers: z.string().nullable(),
  /** What writing would change, line by line; none where nothing is to be written. */
  changes: Changes,
  /** What was said to the same use before, with OPERATOR_FUSION on. */
  earlier: z
    .strictObject({
      allowed: z.number(),
      denied: z.number(),
      last: z.strictObject({ verdict: z.enum(["allow", "deny"]), at: z.number() }).nullable(),
      alike: z.array(z.string()),
      says: z.string(),
    })
    .optional(),
});

/** The body of `POST /v1/approvals/{id}/approve`. */
export const Approving = z.strictObject({
  reach: z.enum(["once", "run"]).default("once"),
  /** The hash of the arguments that were shown: a yes is to those and no others. */
  argsHash: z.string(),
  /** The action's name as it was typed, which a yes to rank S takes. */
  typed: z.string().optional(),
});
export type Approving = z.infer<typeof Approving>;

export const Answered = z.strictObject({
  id: z.string(),
  verdict: z.enum(["allow", "deny"]),
  by: z.string(),
  run: z.string(),
  /** True where this server goes on with the run. */
  resumed: z.boolean(),
});
