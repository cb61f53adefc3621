import type { Json } from "../std/json.ts";
import type { ActionKind, Decision, Rank } from "./action.ts";
import type { Rule } from "./rules.ts";
import type { Failure } from "./outcome.ts";
import type { Answer, Ask } from "./run.ts";
import type { Change } from "./skill.ts";

/** The operator's word, before it is signed into an `Answer`. */
export interface AskReply {
  readonly verdict: "allow" | "deny";
  readonly reach: "once" | "run";
  /** The action's name as the operator typed it: what a yes to rank S takes. */
  readonly typed?: string;
}

/** An open ask with all there is to know before answering it. */
export interface AskView extends Ask {
  /** The exact arguments; null, as the question is, where what was proposed was erased. */
  readonly action: Json;
  readonly question: Question | null;
  /** What writing would change, line by line; absent where nothing is to be written, or it is gone. */
  readonly changes?: readonly Change[];
  /** Present where OPERATOR_FUSION was on when its run began. */
  readonly earlier?: Earlier;
}

/** What the operator said to the same use before, and what else of its kind waits. */
export interface Earlier {
  readonly allowed: number;
  readonly denied: number;
  /** The newest of these answers, `at` in milliseconds since 1970; null where there is none. */
  readonly last: Pick<Answer, "verdict" | "at"> | null;
  /** Ids of the open asks of the same use, this one left out. */
  readonly alike: readonly string[];
  /** All of it as a sentence without its end. */
  readonly says: string;
}

/** One ask of a step, and what came of it. */
export interface AskedOnce {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Null while it is open. */
  readonly came: Answer["verdict"] | "expired" | null;
  /** Milliseconds until it was answered; null while open, or where the yes was there before. */
  readonly ms: number | null;
  readonly by: string | null;
}

/** A use the gate asks about, as a person reads it before a yes. */
export interface Question {
  readonly agent: string;
  readonly kind: ActionKind;
  readonly name: string;
  /** The exact arguments. */
  readonly args: Json;
  readonly rank: Rank;
  /** Where it would go, without kinds: `example.org:443`, `/srv/out.txt`, `git`. */
  readonly where: readonly string[];
  /** The end of the sentence "asked because …". */
  readonly why: string;
  /** What it could cost, in words: what leaves, what cannot be taken back, money. */
  readonly cost: string;
  /** What a yes for the rest of the run would cover, and how long; null where it covers nothing. */
  readonly covers: string | null;
  /** The rule that says never to this. It stands nowhere yet. */
  readonly never: Rule;
  /** Keys a yes has to name, and the hash of the arguments it is bound to. */
  readonly keys: readonly string[];
  readonly argsHash: string;
}

/** Yeses given before they are asked for. */
export interface Beforehand {
  /**
   * Their ids: this run may use each of them once. One it could never use is a NanosError
   * `approval.REFUSAL` at its start.
   */
  readonly approvals?: readonly string[];
}

/** How a yes is given beforehand. */
export interface Giving {
  /** Where the operator says it: the terminal, or `key:ID`. */
  readonly channel?: string;
  /** How long it holds, in milliseconds; no longer than any. */
  readonly ms?: number;
}

/** What a rehearsal showed. */
export interface Plan {
  /** The rehearsal's run. */
  readonly run: string;
  /** What would have been asked, in order. Not what depends on results that were withheld. */
  readonly asks: readonly Question[];
  /** Steps that would have been done without an ask, and were withheld. */
  readonly withheld: number;
}

/** What the gate would say to a call. */
export interface CanAnswer {
  readonly decision: Decision;
  /** The decision in sentences, with what would change it. */
  readonly explanation: readonly string[];
  /** What the operator would be asked; null when the gate would not ask. */
  readonly question: Question | null;
}

/** The operator's rules, as they can be questioned before they count. */
export interface Rules {
  /** Hash of all that is judged by as of now: rules, routes and the gate's version. */
  policy(): string;
  /** What the operator's own answers point to, the newest first. Nothing of it is applied. */
  suggest(): readonly Suggestion[];
  /**
   * The rule that says never to an ask, open or answered.
   * @throws NanosError `approval.unknown_approval`.
   */
  never(ask: string): Suggestion;
  /** A rules file against its own examples, and against a file of cases. */
  test(file: string, cases?: string): Promise<RulesTest>;
  /** A rules file, or its text, against all that was ever judged in this home. */
  simulate(file: string | { readonly text: string }): Promise<Simulation>;
}

/** A change the operator may want, as they have answered the same so often. */
export type Suggestion = {
  /** One sentence: which answers, and what would follow. */
  readonly says: string;
  /** The run of the newest of those answers. */
  readonly run: string;
} & (
  | {
      readonly kind: "rule";
      readonly rule: Rule;
      /** The rule as it stands; null when it would be new. */
      readonly was: Rule | null;
    }
  /** What no rule can loosen, a grant can: the command that gives it. */
  | { readonly kind: "grant"; readonly command: string }
);

export interface RulesTest {
  readonly ok: boolean;
  readonly rules: number;
  readonly cases: number;
  /** `id` is the rule's, or the case's by number. */
  readonly problems: readonly { readonly id: string; readonly sentence: string }[];
}

/** What other rules would have made of what was judged. */
export interface Simulation {
  /** Actions looked at. */
  readonly judged: number;
  /** Actions whose record was erased or is not known to this version. */
  readonly unknown: number;
  readonly denied: number;
  readonly asked: number;
  readonly allowed: number;
  /** The first of those that would have come out otherwise, oldest first. */
  readonly lines: readonly SimulatedLine[];
}

export interface SimulatedLine {
  readonly step: string;
  readonly agent: string;
  readonly name: string;
  readonly was: Decision["verdict"];
  readonly now: Decision["verdict"];
  /** The rule that makes the difference; null where one that is gone did. */
  readonly rule: string | null;
}

/** What waits for the operator, and their answers. */
export interface Approvals {
  list(): readonly Ask[];
  show(id: string): AskView;
  /**
   * `channel` is where the operator said it: the terminal, or `key:ID`.
   *
   * @throws NanosError `approval.unknown_approval`, `approval.already_consumed` or
   *   `approval.expired` when it is not open; `approval.needs_name` when a yes to rank S does not
   *   name the action.
   */
  answer(id: string, reply: AskReply, channel?: string): Promise<Answer>;
  /**
   * Takes back an answer that was not used yet; what waits for it is asked anew.
   * @throws NanosError `approval.unknown_approval`, `approval.already_consumed`, `approval.expired`.
   */
  revoke(id: string): Promise<void>;
  /** What a rehearsal would have asked, also in the runs it delegated to. */
  plan(run: string): Plan;
  /**
   * Says yes to each of these before it is asked, for one use with exactly these arguments, by a run
   * that is told of it.
   * @throws NanosError `approval.needs_name` for one of rank S, which is answered when it is asked.
   */
  give(questions: readonly Question[], how?: Giving): Promise<readonly Answer[]>;
  /** Answers that were not used yet and still hold, newest first. */
  given(): readonly Answer[];
  /** Why an approval is none for this call, as the failure to hand on; null when it is one. */
  refusal(id: string | undefined, agent: string, tool: string, args: Json): Failure | null;
}
