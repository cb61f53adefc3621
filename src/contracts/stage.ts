import type { Rank } from "./action.ts";
import type { PredictionsView } from "./cognition/reading.ts";
import type { DayLimit, DayUse } from "./usage.ts";

/** How far a home has come, lowest first. */
export const STAGES = ["DORMANT", "AWAKENING", "FORGING", "SOVEREIGN", "APEX"] as const;
export type StageName = (typeof STAGES)[number];

/** What a stage makes available, for the operator to switch on. */
export const TRAITS = [
  "OBSERVE",
  "RECALL",
  "COMPANION",
  "WORKER_SPAWN",
  "BELIEF_TRACK",
  "ANALYZE",
  "AUTONOMOUS_CHAIN",
  "OPERATOR_FUSION",
  "CLAIM_ANALYZE",
  "SELF_MODIFY",
  "MULTI_DOMAIN",
] as const;
export type TraitName = (typeof TRAITS)[number];

/** Why a mission that began counts for nothing, neither for a stage nor against it. */
export const UNCOUNTED = [
  /** It has not ended. */
  "open",
  "degraded",
  "cancelled",
  /** It succeeded, and neither a check nor the operator stands behind what it came to. */
  "unproven",
  /** It succeeded, as one before it did with the same plan and inputs. */
  "repeated",
  "rehearsal",
  "fork",
] as const;
export type Uncounted = (typeof UNCOUNTED)[number];

/** What one mission that began came to, as far as a stage goes. */
export type Came =
  /** `key` is the same for missions with the same plan and inputs. */
  | { readonly counts: "proven"; readonly rank: Rank; readonly key: string }
  /** It failed; or its end was erased, so that nothing shows that it did not. */
  | { readonly counts: "failed" }
  /** Its record does not verify: it earns nothing, and lowers the rate as one that failed. */
  | { readonly counts: "broken" }
  | { readonly counts: "nothing"; readonly why: Uncounted };

/** What a stage takes: so many proven missions, and such a part of those that count. */
export interface Threshold {
  readonly stage: StageName;
  readonly missions: number;
  /** Proven of all that were proven or failed, 0 to 1. */
  readonly rate: number;
}

/** How far a home has come, worked out from its missions and from nothing else. */
export interface Evolution {
  readonly stage: StageName;
  /** Sum over proven missions, each by its rank. */
  readonly xp: number;
  readonly proven: number;
  /** Failed ones, and those whose record does not verify. */
  readonly failed: number;
  /** Those of the failed whose record does not verify. */
  readonly broken: number;
  /** Proven of all that count, 0 to 1; 0 where none does. */
  readonly rate: number;
  readonly uncounted: Readonly<Record<Uncounted, number>>;
  /** The next stage with what is missing; null at the last one. */
  readonly next: (Threshold & { readonly missing: Missing }) | null;
}

/** What is missing to a stage, if nothing fails meanwhile. */
export interface Missing {
  /** Proven missions, for number and rate alike. */
  readonly missions: number;
  /** True where the number is reached and only the rate is too low. */
  readonly byRate: boolean;
}

/** What a trait is, whatever the stage. */
export interface TraitAbout {
  /** What there is with it, in one sentence. */
  readonly does: string;
  /** Where it is met: a command, a tool of agents, a field of a plan. */
  readonly where: string;
  /** `switched`: by the operator. `always`: there without being switched on. */
  readonly use: "switched" | "always";
}

/** How a trait stands. */
export interface TraitLine extends TraitAbout {
  readonly trait: TraitName;
  /** The first stage that has it. */
  readonly from: StageName;
  /** True where the stage has it. */
  readonly reached: boolean;
  /** True where it is reached and the operator switched it on, or it is always there. */
  readonly on: boolean;
  /** What is missing to it, in words; null where it is reached. */
  readonly needs: string | null;
}

/** What the operator switches on and off; nobody else can. */
export interface Traits {
  list(): Promise<readonly TraitLine[]>;
  /** @throws NanosError `trait.unknown`, `trait.not_reached`, `trait.fixed`. */
  set(name: string, on: boolean): Promise<TraitLine>;
  /** What missions came to, as far as a stage goes; null for one that has not ended, or is none. */
  came(missions: readonly string[]): readonly (Came | null)[];
  /** A mission in numbers. @throws NanosError `mission.unknown`; `trait.*` without ANALYZE. */
  numbers(mission: string): Promise<MissionNumbers>;
}

/** A mission in numbers, by its record alone; delegated runs are counted in. */
export interface MissionNumbers {
  readonly run: string;
  /** Null while it has not ended, as what was used is then. */
  readonly outcome: string | null;
  readonly steps: { readonly all: number; readonly kinds: Tally };
  /** Of the gate. */
  readonly verdicts: Tally;
  /** Steps that came to nothing, by the code of the failure. */
  readonly failures: Tally;
  readonly asked: { readonly all: number; readonly about: Tally; readonly answers: Tally };
  readonly tasks: Tally;
  readonly checks: Tally;
  readonly recoveries: Tally;
  /** Milliseconds; of effects by kind of action. */
  readonly ms: { readonly worked: number | null; readonly effects: Tally };
  readonly tokens: number | null;
  /** US dollars; null where a price was not known. */
  readonly cost: number | null;
}

type Tally = Readonly<Record<string, number>>;

/** How the operator works here, from the journal alone. */
export interface OperatorContext {
  /** Requests and calls that were begun; what they began in turn is not counted. */
  readonly interactions: number;
  /** Missions by the name of their plan, the most used first. */
  readonly missions: Tally;
  /** The newest missions; `at` in milliseconds since 1970, `came` the outcome or the state. */
  readonly recent: readonly { readonly plan: string; readonly at: number; readonly came: string }[];
  /** Asks that are open. */
  readonly waits: number;
  /** Of the newest answers. */
  readonly answers: { readonly allowed: number; readonly denied: number };
}

/** How a home stands, from its journal and its files. */
export interface Status {
  readonly evolution: Evolution;
  readonly traits: readonly TraitLine[];
  readonly missions: {
    readonly waiting: number;
    /** Running, or cut off and to be carried on. */
    readonly open: number;
    readonly outcomes: Readonly<Record<string, number>>;
  };
  readonly operator: OperatorContext;
  readonly agents: readonly string[];
  readonly memory: {
    readonly enabled: boolean;
    readonly notes: number;
    readonly candidates: number;
  };
  /** The model in use; null where there is none. */
  readonly model: string | null;
  /** The sandbox for programs; null where there is none. */
  readonly sandbox: string | null;
  readonly spend: Spend;
  /** Null where it has no limit for a day. */
  readonly day: DayStatus | null;
  /** What was foretold, and how it stands; null where nothing was. */
  readonly foretold: Pick<PredictionsView, "noted" | "open" | "due" | "brier"> | null;
  /** Schedules by their state, and the times of them that passed and began nothing. */
  readonly schedules: {
    readonly states: Readonly<Record<string, number>>;
    readonly passed: number;
  };
}

/** What a home may use in a day, and what it used of that, with what is set aside. */
export interface DayStatus {
  readonly limit: DayLimit;
  readonly used: DayUse;
}

/** What all runs of the home used. */
export interface Spend {
  readonly runs: number;
  readonly tokens: number;
  /** US dollars, of the runs whose price is known. */
  readonly cost: number;
  /** Runs whose price is not known. */
  readonly unpriced: number;
}
