import { z } from "zod";
import { ActionKind, Mode, Rank } from "./action.ts";
import { JsonSchema } from "./json.ts";

const ruleId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_.-]{0,63}$/u,
    "must be 1 to 64 of a-z, 0-9, dot, - and _, and start with a letter or digit",
  );

/** What a rule looks at. Every field given must match; a list matches when one item does. */
export const RuleMatcher = z.strictObject({
  kind: z.union([ActionKind, z.array(ActionKind)]).optional(),
  /** Tool, agent or model names; `*` stands for any run of characters. */
  name: z.union([z.string(), z.array(z.string())]).optional(),
  /** A regular expression the name must match, and one it must not. */
  match: z.string().optional(),
  unless: z.string().optional(),
  agent: z.union([z.string(), z.array(z.string())]).optional(),
  skill: z.union([z.string(), z.array(z.string())]).optional(),
  /** A scope the action needs, with `*`: `net:*.example.org:443`. */
  scope: z.union([z.string(), z.array(z.string())]).optional(),
  /** Least rank. */
  rank: Rank.optional(),
  /** Argument name to a regular expression its text must match. */
  args: z.record(z.string(), z.string()).optional(),
});
export type RuleMatcher = z.infer<typeof RuleMatcher>;

/** A made-up action for an example: what is not given is empty. */
export const RuleCase = z.strictObject({
  kind: ActionKind.default("tool"),
  name: z.string().default(""),
  agent: z.string().default("oracle"),
  skill: z.string().optional(),
  scopes: z.array(z.string()).default([]),
  args: JsonSchema.default({}),
});

/** One line of `rules.yaml`. All that match count; deny over ask over allow. */
export const Rule = z.strictObject({
  id: ruleId,
  description: z.string().optional(),
  when: RuleMatcher,
  then: z.enum(["allow", "ask", "deny"]),
  mode: Mode.default("enforce"),
  /** Checked at load: it must match. */
  example: RuleCase,
  /** Checked at load: it must not match. */
  counter: RuleCase,
});
export type Rule = z.infer<typeof Rule>;
export const RulesFile = z.strictObject({ rules: z.array(Rule) });
export type RulesFile = z.infer<typeof RulesFile>;

/** A file of cases for `nanos rules test`: what the rules that match say together. */
export const CasesFile = z.strictObject({
  cases: z.array(
    RuleCase.extend({
      /** `none` where no rule may match. Rules in mode observe count as saying nothing. */
      expect: z.enum(["allow", "ask", "deny", "none"]),
      /** The rule that has to be the one that decides. */
      rule: z.string().optional(),
    }),
  ),
});
export type CasesFile = z.infer<typeof CasesFile>;

/** What is wrong with one rule or route, found by trying its examples. */
export interface RuleProblem {
  /** The rule's id; empty when it is about the whole file. */
  readonly id: string;
  readonly sentence: string;
}

/**
 * One line of `routes.yaml`: what a request means without any model. First match wins.
 * Texts may use `{0}` (whole match), `{1}`… or `{name}` (groups), `{today}`, `{conversation}` (what
 * was said before) and `{decisions}` (what the gate decided in the run before).
 */
export const Route = z
  .strictObject({
    id: ruleId,
    /** A regular expression, ignoring case. */
    match: z.string(),
    /** A tool to call, with its arguments. */
    tool: z.string().optional(),
    args: JsonSchema.optional(),
    /** An agent to hand the request to. */
    agent: z.string().optional(),
    /**
     * How sure it is that a request that matches is meant so, 0 to 1; certain where nothing is said.
     * Of several that match and are not certain the surest counts. Little confidence, or another
     * about as sure, is asked about and never guessed.
     */
    confidence: z.number().min(0).max(1).optional(),
    /** What to say: at once, or after the tool with `{result}` or `{result.field}` filled in. */
    say: z.string().optional(),
    example: z.string(),
    counter: z.string(),
  })
  .refine((route) => route.tool || route.agent || route.say, {
    message: "a route needs one of tool, agent, say",
  });
export type Route = z.infer<typeof Route>;
export const RoutesFile = z.strictObject({ routes: z.array(Route) });
export type RoutesFile = z.infer<typeof RoutesFile>;
