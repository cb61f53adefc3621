import type { Action, Rank, RuleMatch } from "../contracts/action.ts";
import type { Grant } from "../contracts/config.ts";
import type { Reason } from "../contracts/reason.ts";
import type { MemorySettings } from "../contracts/memory.ts";
import type { Rule } from "../contracts/rules.ts";
import type { Answer } from "../contracts/run.ts";
import type { Scope } from "../contracts/scope.ts";
import type { Budget, Day, Spent } from "../contracts/usage.ts";
import type { Parsed } from "./scopes.ts";

/**
 * Everything a judgement looks at beside the action. Plain data, gathered by the kernel; the gate
 * reads no clock and no disk.
 */
export interface Standing {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Hash of the rules file and the gate's own version, from `policyHash`. */
  readonly policy: string;
  /** Absolute. */
  readonly workspace: string;
  /** The workspace is a copy made for the run: nobody else reads it, and it is thrown away. */
  readonly scratch?: boolean;
  /** The folder of machine state, absolute; nothing a scope names may touch it. */
  readonly home: string;
  /** What the tool declared (resolved); null for actions that are not tools. */
  readonly declared: readonly Scope[] | null;
  /** The skill is attached to this agent, or the tool is on its list. */
  readonly attached: boolean;
  /** False when the agent's manifest names tools or agents, and this is not one of them. */
  readonly listed: boolean;
  /** The run that was started by the operator: what a grant for one run is bound to. */
  readonly run: string;
  /** The grant of the action's skill, when there is one. */
  readonly grant: Grant | null;
  /** Hash of the skill as it is now; null when there is no skill. */
  readonly skillHash: string | null;
  /** True when the skill was installed through the lock. */
  readonly locked: boolean;
  readonly rules: readonly Rule[];
  /** The operator's own words in this run, and nothing else: they endorse what they name. */
  readonly said: string;
  /** Answers usable now: not expired, not used up, arguments already matched. Ask key to answer. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly budget: Budget;
  /** What the run has used, and what is set aside for runs it delegated to that still go on. */
  readonly spent: Spent;
  /** How the day stands; absent where the home has no limit for one. */
  readonly day?: Day;
  /** Depth of the agent that acts: 0 for the oracle. */
  readonly depth: number;
  readonly localOnly: boolean;
  /** True when the model's price is known or it is free. */
  readonly priced: boolean;
  /** True for a model that failed too often just now, where another can stand in for it. */
  readonly resting?: boolean;
  /** Least this action will cost, US dollars; absent where that cannot be told. */
  readonly leastCost?: number;
  /** For a model: the operator added or chose it, or it is built in and reaches nothing. */
  readonly chosen: boolean;
  /** False when no sandbox tier on this machine can hold the process it needs. */
  readonly held: boolean;
  /** Whether anything may be remembered. */
  readonly memory: MemorySettings;
  /** Set when the action was begun before a crash and its outcome is unknown. */
  readonly inDoubt: boolean;
  /** The least rank of what the agent does itself; absent where no manifest names one. */
  readonly floor?: Floor;
  /** How the run came to this call; absent for runs begun before labels were judged. */
  readonly flow?: Flow;
}

/** A rank that a manifest names: nothing the agent does, or the skill does for it, is below it. */
export interface Floor {
  readonly rank: Rank;
  /** Whose manifest: `agent oracle`, `skill mail`. */
  readonly by: string;
}

/** What a run did before a call, as far as it bears on whose idea the call is. */
export interface Flow {
  /** The tool was used or named before the run first read what others can write. */
  readonly planned: boolean;
  /** How often this run was let use the tool for the same destination before. */
  readonly uses: number;
}

export type AllowReason = Extract<Reason, `allow:${string}`>;
export type AskReason = Extract<Reason, `ask:${string}`>;
export type DenyReason = Extract<Reason, `deny:${string}`>;

/** One thing a layer says: allow, an ask with the key that discharges it, or a denial. */
export type LayerAnswer =
  | { readonly verdict: "allow"; readonly reason: AllowReason; readonly rule?: string }
  | {
      readonly verdict: "ask";
      readonly reason: AskReason;
      readonly key: string;
      readonly rule?: string;
    }
  | {
      readonly verdict: "deny";
      readonly reason: DenyReason;
      readonly rule?: string;
      readonly missing?: Scope;
    };

/** What several layers need to know of one action, worked out once per judgement. */
export interface Facts {
  /** Every reach the action names, scopes and destinations, each once. */
  readonly reach: readonly Parsed[];
  readonly rank: Rank;
  /** Whose manifest raised the rank to what it is; undefined where it is the action's own. */
  readonly raised: string | undefined;
  /** Every rule that matches, in file order, whatever its mode. */
  readonly rules: readonly RuleMatch[];
  /** SHA-256 over the canonical arguments; computed when first asked for. */
  argsHash(): string;
}

/**
 * The one function every layer is. Pure: same inputs, same answers; an empty list is silence.
 * Over all layers the most restrictive answer wins, so no layer can loosen another's.
 */
export type LayerFunction = (
  action: Action,
  standing: Standing,
  facts: Facts,
) => readonly LayerAnswer[];

/** Something wrong with a rules or routes file, found at load. */
export interface Problem {
  /** Stable and dotted: `rules.bad_pattern`. */
  readonly code: string;
  /** The rule or route. */
  readonly id: string;
  /** Says what is wrong and what to write instead. */
  readonly sentence: string;
}
