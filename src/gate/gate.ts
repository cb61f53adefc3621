import type { Action, Decision } from "../contracts/action.ts";
import type { Grant } from "../contracts/config.ts";
import type { Rule } from "../contracts/rules.ts";
import type { Answer } from "../contracts/run.ts";
import type { Scope } from "../contracts/scope.ts";
import type { Budget, Spent } from "../contracts/usage.ts";

/**
 * Everything a judgement looks at beside the action. Plain data, gathered by the kernel; the gate
 * reads no clock and no disk.
 */
export interface Standing {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Hash of the rules file and the gate's own version. */
  readonly policy: string;
  /** Absolute. */
  readonly workspace: string;
  /** Absolute; nothing a scope names may contain it. */
  readonly home: string;
  /** What the tool declared (resolved); null for actions that are not tools. */
  readonly declared: readonly Scope[] | null;
  /** The skill is attached to this agent, or the tool is on its list. */
  readonly attached: boolean;
  /** The grant of the action's skill, when there is one. */
  readonly grant: Grant | null;
  /** Hash of the skill as it is now; null when there is no skill. */
  readonly skillHash: string | null;
  /** True when the skill was installed through the lock. */
  readonly locked: boolean;
  readonly rules: readonly Rule[];
  /** The operator's own words in this run. */
  readonly said: string;
  /** Answers usable now: not expired, not used up, arguments already matched. Ask key to answer. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly budget: Budget;
  readonly spent: Spent;
  /** Depth of the agent that acts: 0 for the oracle. */
  readonly depth: number;
  readonly localOnly: boolean;
  /** True when the model's price is known or it is free. */
  readonly priced: boolean;
  /** Set when the action was begun before a crash and its outcome is unknown. */
  readonly inDoubt: boolean;
}

/**
 * What one layer says: allow, an ask with the key that discharges it, a denial, or silence.
 * The most restrictive layer wins; a layer can never loosen another's answer.
 */
export type LayerAnswer =
  | { readonly verdict: "allow"; readonly reason: Decision["reason"] }
  | { readonly verdict: "ask"; readonly reason: Decision["reason"]; readonly key: string }
  | {
      readonly verdict: "deny";
      readonly reason: Decision["reason"];
      readonly missing?: Scope;
    }
  | null;

/** The one function every layer is. Pure: same inputs, same answer. */
export type LayerFunction = (action: Action, standing: Standing) => LayerAnswer;
