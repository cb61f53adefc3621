import type { BETTER, ErrorKind } from "../cognition.ts";

/** What instruments read off thoughts. */

/** How good chances were: only what was settled with yes or no counts. */
export interface Score {
  readonly settled: number;
  /** Mean of squared differences, 0 best to 1 worst; null where there are too few to say. */
  readonly brier: number | null;
  /** What always giving the same chance as often as it came true would have had. */
  readonly baseline: number | null;
}

/** A share with the interval it lies in with 95% of confidence (Wilson), all 0 to 1. */
export interface Share {
  readonly n: number;
  readonly hits: number;
  /** Null where there are too few to say. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Predictions whose chance lies in one tenth; the last one holds 90 to 100. */
export interface Bucket {
  readonly from: number;
  readonly to: number;
  /** Mean of the chances that were given, in percent; null where there are none. */
  readonly said: number | null;
  /** How many came true. */
  readonly came: Share;
}

export interface PredictionsView extends Score {
  readonly noted: number;
  /** Not settled; and of those, the ones whose day has come. */
  readonly open: number;
  readonly due: number;
  readonly void: number;
  readonly corrected: number;
  /** Settled by what became of a mission. */
  readonly byMission: number;
  readonly calibration: readonly Bucket[];
  /** Whether what was said to be likely is, as often as it was said; null: too few to say. */
  readonly reads: "fits" | "overconfident" | "underconfident" | null;
}

/** So many, and the first of them. */
export interface Some<T> {
  readonly n: number;
  readonly first: readonly T[];
}

export interface BeliefsView {
  readonly noted: number;
  readonly links: number;
  readonly revised: number;
  /** Held less surely than by themselves, for what they rest on; in percent. */
  readonly lowered: Some<{ readonly id: string; readonly own: number; readonly held: number }>;
  /** Contradict each other, and are held with more than 100 percent together. */
  readonly conflicts: Some<{ readonly a: string; readonly b: string; readonly together: number }>;
}

/** How surely a belief is held, in percent, before and after another one is revised. */
export interface BeliefChange {
  readonly id: string;
  readonly before: number;
  readonly after: number;
  readonly texts: readonly string[] | null;
}

/** Made well and came out well, badly, or the other way round. */
export type AutopsyClass = "correct" | "bad_luck" | "lucky" | "deserved";

export interface AutopsiesView {
  readonly decisions: number;
  /** Not judged, or not known how they came out. */
  readonly open: number;
  readonly classes: Readonly<Record<AutopsyClass, number>>;
  /** Judged when the outcome was known. */
  readonly hindsight: number;
  readonly goodCameWell: Share;
  readonly badCameWell: Share;
}

export interface DiaryView {
  readonly noted: number;
  readonly better: Readonly<Record<(typeof BETTER)[number], number>>;
  /** Where both ways were gone: what each came to; null while it has not. */
  readonly gone: readonly {
    readonly decision: string;
    readonly was: string | null;
    readonly instead: string | null;
  }[];
}

export interface ErrorsView {
  readonly noted: number;
  /** The most frequent first. */
  readonly by: readonly { readonly error: ErrorKind; readonly n: number }[];
  /** Null where there are too few, or several are as frequent. */
  readonly dominant: ErrorKind | null;
  /** Shown by the record itself. */
  readonly shown: readonly ErrorKind[];
}

export interface LadderView {
  readonly rungs: number;
  /** Those that have cases. */
  readonly general: number;
  /** Rungs of the longest way from a case up. */
  readonly height: number;
  /** General ones with one single case beneath. */
  readonly fromOne: Some<string>;
}

export interface PrerequisitesView {
  readonly things: number;
  readonly had: number;
  /** Neither had nor ready. */
  readonly waiting: number;
  /** Not had, and all they need is. */
  readonly ready: Some<string>;
}

export interface CausesView {
  readonly things: number;
  readonly links: number;
  /** Those that nothing causes. */
  readonly roots: Some<string>;
}

/** How one thing stands to another in what was drawn, by id. */
export interface CauseView {
  /** Whether the first leads to the second. */
  readonly leads: boolean;
  /** What lies on the way. */
  readonly through: readonly string[];
  /** Causes of both, which mislead unless they are held still. */
  readonly common: readonly string[];
  /** Effects of both, which mislead where they are held still. */
  readonly effects: readonly string[];
}

export interface RetellingsView {
  readonly told: number;
  /** Mean of the words in common, in percent; null where there are too few to say. */
  readonly overlap: number | null;
}

/** What an argument hangs on; lines are counted from 1. */
export interface Compiled {
  /** Premises the claim follows from. */
  readonly premises: readonly number[];
  /** Lines the claim does without. */
  readonly unused: readonly number[];
  /** Premises that are no belief, so that nothing says how sure they are. */
  readonly unbacked: readonly number[];
  /** How sure the least sure premise is, in percent; null where one is not backed. */
  readonly atMost: number | null;
  /** Challenged: with an objection nobody answered. Conceded: with one that was conceded. */
  readonly state: "unchallenged" | "challenged" | "conceded";
}

export interface ArgumentsView {
  readonly noted: number;
  readonly unchallenged: number;
  readonly challenged: number;
  readonly conceded: number;
  /** Arguments with a premise that is no belief. */
  readonly unbacked: number;
  /** Arguments with a line they do without. */
  readonly unused: number;
}

/** Objections by what the operator answered. */
export interface CountersView {
  readonly noted: number;
  readonly open: number;
  readonly met: number;
  readonly conceded: number;
}

/** What one agent used; what it delegated is the other agent's. */
export interface AttentionLine {
  readonly agent: string;
  readonly runs: number;
  readonly tokens: number;
  /** Tool calls. */
  readonly calls: number;
  readonly modelMs: number;
  readonly toolMs: number;
}

export interface AttentionView {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly runs: number;
  readonly tokens: number;
  readonly by: Some<AttentionLine>;
  readonly asks: {
    readonly asked: number;
    readonly answered: number;
    /** Null where none was answered. */
    readonly middleMs: number | null;
  };
}

/** One source: how often the likelier side of what it said came. */
export interface SourceLine extends Score {
  readonly source: string;
  readonly right: Share;
}

export interface SourcesView {
  readonly tracked: number;
  /** The surest first. */
  readonly first: readonly SourceLine[];
}

/** Every instrument with what it reads off the thoughts on record. */
export interface CognitionStatus {
  readonly predictions: PredictionsView;
  readonly beliefs: BeliefsView;
  readonly sources: SourcesView;
  readonly autopsies: AutopsiesView;
  readonly diary: DiaryView;
  readonly errors: ErrorsView;
  readonly arguments: ArgumentsView;
  readonly counters: CountersView;
  readonly ladder: LadderView;
  readonly prerequisites: PrerequisitesView;
  readonly causes: CausesView;
  readonly retellings: RetellingsView;
  readonly attention: AttentionView;
  /** Records that do not verify or were erased whole: nothing of them counts. */
  readonly unread: number;
  /** Thoughts on record that contradict the rules of their kind, and so count for nothing. */
  readonly refused: number;
}
