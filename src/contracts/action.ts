import { z } from "zod";
import { Checked } from "./checked.ts";
import { JsonSchema } from "./json.ts";
import { Label } from "./label.ts";
import { Keeping } from "./memory.ts";
import { type Reason, REASON_NAMES } from "./reason.ts";
import { LAYERS, RANKS } from "./ranks.ts";
import { Scope } from "./scope.ts";

/** The five places where a decision is made. */
export const Gate = z.enum(["route", "call", "remember", "start", "accept"]);
export type Gate = z.infer<typeof Gate>;

/** E trivial to S critical. An action's rank is the highest over its scopes and what it declares. */
export const Rank = z.enum(RANKS);
export type Rank = z.infer<typeof Rank>;

/**
 * What an action is:
 * `model` a model call, `tool` a tool call, `agent` a delegation, `commit` the writing of staged
 * changes to the real files, `fetch` a request made for a tool, `secret` the use of a secret,
 * `note` a memory write, `run` the start of a run, `permit` leave for what an agent that is a
 * program is about to do in its sandbox,
 * `task` that a task of a plan begins, or that what it came to is accepted,
 * `artifact` the keeping of a result for review,
 * `tree` the copy of a repository a run works in: that it is made, and the patch that comes of it.
 */
export const ActionKind = z.enum([
  "model",
  "tool",
  "agent",
  "commit",
  "fetch",
  "secret",
  "note",
  "run",
  "permit",
  "tree",
  "artifact",
  "task",
]);
export type ActionKind = z.infer<typeof ActionKind>;

/**
 * A value of a call's arguments that decides where it goes, what is done there or how much, and
 * where the run has it from.
 */
export const Deciding = z.strictObject({
  /** Path of the argument: `to`, `to.0`. */
  arg: z.string(),
  /** `undeclared` where the tool's author gave the argument no role: it may decide anything. */
  role: z.enum(["destination", "control", "undeclared"]),
  /** As text, cut where it is long. */
  value: z.string(),
  /**
   * Who stands behind it: `said` the operator's own words, `directory` the operator's own data,
   * `returned` the same skill, which gave it out before, `untrusted` somebody else's text, `none`
   * nobody: nothing the run was told holds it.
   */
  origin: z.enum(["said", "directory", "returned", "untrusted", "none"]),
  /** Where it was read: a tool's name with its sources, and the step. */
  from: z.string().optional(),
  step: z.string().optional(),
});
export type Deciding = z.infer<typeof Deciding>;

/** Something wanted. It has no effect before the gate has judged it and the journal holds it. */
export const Action = z.strictObject({
  gate: Gate,
  kind: ActionKind,
  /** The tool, agent, model or skill it is about, e.g. `notes_append`. */
  name: z.string(),
  /** Who wants it: an agent's name, or `operator`. */
  agent: z.string(),
  /** The skill the tool belongs to: the unit of grant. */
  skill: z.string().optional(),
  /** The exact arguments, as they will be used. */
  args: JsonSchema,
  /** The reach this call needs, resolved: absolute paths, host:port. */
  scopes: z.array(Scope),
  /**
   * Where it goes: the values that decide the destination, as scopes. Hosts named here hold the call
   * to them, where its scopes say `net:*`; whoever carries it out opens no others unasked.
   */
  destinations: z.array(Scope),
  /** Values of arguments with the role `control`, as text: what is done, how much, to whom. */
  controls: z.array(z.string()).optional(),
  /** Values that decide where it goes or what it does; absent in runs before labels were judged. */
  decides: z.array(Deciding).optional(),
  /** True when it changes nothing anywhere. */
  reads: z.boolean().optional(),
  /** What it declares itself; it can only raise the rank. */
  rank: Rank.optional(),
  /** True when no sandbox holds it. Raises the rank to A and shows everywhere. */
  unconfined: z.boolean().optional(),
  /** True when the effect leaves this machine and cannot be taken back. */
  irreversible: z.boolean().optional(),
  /** For an output that is to be accepted: how it stands to each check. */
  checks: z.array(Checked).optional(),
  /** For a memory write: what it is judged by. */
  keeping: Keeping.optional(),
  /** Join of everything that influenced it. */
  label: Label,
});
export type Action = z.infer<typeof Action>;

export const Verdict = z.enum(["allow", "ask", "deny"]);
export type Verdict = z.infer<typeof Verdict>;

export const Mode = z.enum(["observe", "enforce"]);
export type Mode = z.infer<typeof Mode>;

/** A layer of the gate. */
export const Layer = z.enum(LAYERS);
export type Layer = z.infer<typeof Layer>;

export const ReasonName = z.enum(REASON_NAMES) as z.ZodType<Reason>;

/** A rule that matched, with what it would have done. */
export const RuleMatch = z.strictObject({
  rule: z.string(),
  verdict: Verdict,
  mode: Mode,
});
export type RuleMatch = z.infer<typeof RuleMatch>;

/** One answer of one layer, as it was given. A layer that was silent has none. */
export const LayerSaid = z.strictObject({
  layer: Layer,
  verdict: Verdict,
  reason: ReasonName,
  /** For an ask: the key an answer has to name. */
  key: z.string().optional(),
  /** For the layer `rule`: the rule that spoke. */
  rule: z.string().optional(),
});
export type LayerSaid = z.infer<typeof LayerSaid>;

/** What the gate said, once: trace, response, store and screen show this object. */
export const Decision = z.strictObject({
  verdict: Verdict,
  reason: ReasonName,
  /** The layer that decided; null when all were silent, or a person or the kernel decided. */
  layer: Layer.nullable(),
  /** The rule that decided, by id; null when no rule did. */
  rule: z.string().nullable(),
  /** `observe` when a rule in observe mode would have stopped it. */
  mode: Mode,
  rank: Rank,
  /** Whose manifest raised the rank: `agent oracle`, `skill mail`; absent where none did. */
  raised: z.string().optional(),
  /** True when it ran, and the operator should look at it afterwards (ranks C and B). */
  review: z.boolean(),
  /** Keys of the asks still open (verdict ask) or discharged (verdict allow by answer). */
  keys: z.array(z.string()),
  /** Every rule that matched, in file order. */
  rules: z.array(RuleMatch),
  /** What every layer answered, in the order of LAYERS: what explains the decision. */
  layers: z.array(LayerSaid),
  /** For a denial about reach: the scope that is missing. */
  missing: Scope.optional(),
  /** Hash of the policy (rules file, layers' version). */
  policy: z.string(),
  /** Hash of everything the judgement looked at. */
  inputs: z.string(),
});
export type Decision = z.infer<typeof Decision>;
