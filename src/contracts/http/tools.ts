import { z } from "zod";
import { JsonSchema } from "../json.ts";
import { LIMITS } from "../../std/limits.ts";
import { RunUsage } from "../usage.ts";

/** Calls of single tools, and Nanocode's one route, as the programs nanos grew out of had them. */

const text = z.string();

/** The body of `POST /v1/tools/execute`. */
export const ToolAsked = z.strictObject({
  name: text.min(1),
  args: JsonSchema.default({}),
  /** A yes the operator gave to exactly this call. */
  approval_id: text.optional(),
});
export type ToolAsked = z.infer<typeof ToolAsked>;

/** What came of it; the status is 200 whatever the gate said. */
export const ToolAnswer = z.strictObject({
  result: z.strictObject({
    status: z.enum(["ok", "error"]),
    tool: text,
    result: JsonSchema.optional(),
    /** `policy_denied:REASON`, `unknown_tool:NAME`, `approval_required`, or the code of a failure. */
    error: text.optional(),
    /** In words; for `approval_required` why there is none. */
    reason: text.optional(),
    /** The rule that denied it, or the layer of the gate. */
    policy_rule: text.nullable().optional(),
    /** Hash of the policy it was judged by. */
    policy: text.optional(),
    /** Asks that wait for the operator: the call goes on once they are answered. */
    approvals: z.array(text).optional(),
    run: text.optional(),
  }),
});
export type ToolAnswer = z.infer<typeof ToolAnswer>;

/** The body of `POST /v1/tools/approve`: a yes to one call with exactly these arguments. */
export const ToolApproving = z.strictObject({
  name: text.min(1),
  args: JsonSchema.default({}),
  /** Whose call it is to be; the operator's own where nothing is said. */
  agent: text.optional(),
  ttl_seconds: z
    .number()
    .int()
    .min(1)
    .max(LIMITS.approvalMs / 1000)
    .optional(),
});
export type ToolApproving = z.infer<typeof ToolApproving>;

export const ToolApproved = z.strictObject({
  approval_id: text,
  tool: text,
  agent: text,
  args_hash: text,
  /** Milliseconds since 1970. */
  expires: z.number().int(),
});

/** The body of `POST /nanocode`. */
export const NanocodeAsked = z.strictObject({
  input: text.min(1),
  /** In words, one each. */
  constraints: z.array(text.min(1).max(400)).max(32).default([]),
});
export type NanocodeAsked = z.infer<typeof NanocodeAsked>;

/** How an answer stands to one constraint; `uncertain` where nothing that can be looked at decides. */
export const Constraint = z.strictObject({
  constraint: text,
  status: z.enum(["pending", "met", "missed", "waived", "uncertain"]),
  /** What was looked at, and what was found. */
  check: text.nullable(),
  why: text.nullable(),
});
export type Constraint = z.infer<typeof Constraint>;

export const NanocodeAnswer = z.strictObject({
  input: text,
  output: text,
  metadata: z.strictObject({
    run: text,
    agent: text,
    model: text,
    outcome: text.nullable(),
    constraints: z.array(Constraint),
    usage: RunUsage.nullable(),
    /** What it waits for. */
    approvals: z.array(text),
  }),
});

export const Ping = z.strictObject({ status: z.literal("ok"), pong: z.literal(true) });
