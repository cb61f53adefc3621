import { z } from "zod";
import { ActionKind } from "./action.ts";
import { CallPart } from "./message.ts";
import { Failure, PatchLine, Touched } from "./outcome.ts";
import { RunUsage } from "./usage.ts";

/** How a run ended. `waiting` is a state, not an end. */
export const RunOutcome = z.enum(["succeeded", "degraded", "failed", "cancelled"]);
export type RunOutcome = z.infer<typeof RunOutcome>;

/** The states of a run, each with what exists in that state and nothing else. */
export type RunState =
  | { readonly state: "running"; readonly run: string }
  | { readonly state: "waiting"; readonly run: string; readonly asks: readonly Ask[] }
  | { readonly state: "ended"; readonly run: string; readonly ended: RunEnd };

/** An open question to the operator: exactly what would happen, where to, and why it is asked. */
export const Ask = z.strictObject({
  /** Approval id, short enough to type. */
  id: z.string(),
  run: z.string(),
  step: z.string(),
  agent: z.string(),
  /** The tool, program or destination asked about. */
  name: z.string(),
  /** One sentence: what would happen. */
  what: z.string(),
  reason: z.string(),
  keys: z.array(z.string()),
  /** SHA-256 of the canonical exact arguments; the answer is bound to it. */
  argsHash: z.string(),
  /** Milliseconds since 1970; void from then on. */
  expires: z.number().int(),
});
export type Ask = z.infer<typeof Ask>;

/** How far a yes reaches: this use, or this destination for the rest of the run. */
export const Reach = z.enum(["once", "run"]);

/** The operator's answer to one ask. */
export const Answer = z.strictObject({
  /** The ask's id. */
  id: z.string(),
  verdict: z.enum(["allow", "deny"]),
  reach: Reach,
  argsHash: z.string(),
  /** Who answered and where: `operator@terminal`. */
  by: z.string(),
  at: z.number().int(),
  /** For a yes given before it was asked for: the one use it is good for. */
  for: z
    .strictObject({
      agent: z.string(),
      kind: ActionKind,
      name: z.string(),
      keys: z.array(z.string()),
    })
    .optional(),
  expires: z.number().int(),
  /** Ed25519 signature of the operator's key over the canonical answer without this field. */
  signature: z.string(),
});
export type Answer = z.infer<typeof Answer>;

/** How a rule took part in a run: merely loaded, asked, or matched in observe mode and not obeyed. */
export const RuleStatus = z.strictObject({
  rule: z.string(),
  status: z.enum(["configured", "evaluated", "bypassed"]),
});
export type RuleStatus = z.infer<typeof RuleStatus>;

/** What an ended run says of itself; the last line of `run --json` and the body of `run.ended`. */
/** The conversation an agent that is a program keeps itself, for the request after this one. */
export const AgentSession = z.strictObject({
  /** As the agent named it. */
  id: z.string(),
  /** Of the agent as it was: another has other sessions. */
  hash: z.string(),
});
export type AgentSession = z.infer<typeof AgentSession>;

export const RunEnd = z.strictObject({
  run: z.string(),
  outcome: RunOutcome,
  /** The agent's answer to the operator; empty when there is none. */
  text: z.string(),
  /** Why it did not succeed, or what was left out; `run.denied` when the gate stopped it. */
  failure: Failure.optional(),
  usage: RunUsage,
  /** How often the operator was asked. */
  asks: z.number().int(),
  /** Hosts contacted, `host:port`, children included. */
  hosts: z.array(z.string()),
  /** Files changed, absolute paths with what happened, children included. */
  files: z.array(Touched),
  /** Tools that ran held by no sandbox, children's included; absent where none did. */
  unconfined: z.array(z.string()).optional(),
  /** Patches it ended with, its own first; absent where there is none. */
  patches: z.array(PatchLine).optional(),
  rules: z.array(RuleStatus),
  /** Calls of tools its client carries out, each named by its step; absent where there is none. */
  calls: z.array(CallPart).optional(),
  /** Where its agent can go on by itself; absent where it cannot. */
  session: AgentSession.optional(),
});
export type RunEnd = z.infer<typeof RunEnd>;
