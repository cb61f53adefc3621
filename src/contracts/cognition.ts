import { z } from "zod";
import type { Forgotten } from "./memory.ts";
import type { Label } from "./label.ts";

/**
 * Thoughts: what the operator or an agent holds to be so, written down to be held against what came.
 * A thought's figures and its words are recorded apart, so that the words can be erased and every
 * score computed from the figures stays.
 */

/** A chance in whole percent: sums of such are exact, in whatever order they are added. */
const Percent = z.number().int().min(0).max(100);
/** The id of another thought. */
const Ref = z.string().max(128);
/** What a source or another short thing is called. */
const Name = z.string().min(1).max(64);

/** What came of something that was foretold; `void` where that cannot be told. */
export const CAME = ["yes", "no", "void"] as const;

const Prediction = z.strictObject({
  is: z.literal("prediction"),
  chance: Percent,
  /** Whose word it is, where it is not the word of who noted it. */
  source: Name.optional(),
  /** Milliseconds since 1970 from which on it can be told. */
  due: z.number().int().optional(),
  /** The mission it is about: whether that is proven settles it. */
  mission: z.string().max(128).optional(),
});

const Settlement = z.strictObject({
  is: z.literal("settlement"),
  of: Ref,
  came: z.enum(CAME),
  /** True where it takes back what was settled before. */
  corrects: z.literal(true).optional(),
});

const Belief = z.strictObject({
  is: z.literal("belief"),
  chance: Percent,
  /** Whose word it is, where it is not the word of who noted it. */
  source: Name.optional(),
  /** Beliefs it rests on. */
  on: z.array(Ref).max(32).optional(),
});

const Revision = z.strictObject({ is: z.literal("revision"), of: Ref, chance: Percent });

/** How one thought may lead to another. Within a kind no way leads back. */
export const LINKS = ["rests_on", "contradicts"] as const;
export type LinkKind = (typeof LINKS)[number];

const Between = z.strictObject({ from: Ref, how: z.enum(LINKS), to: Ref });
const Link = Between.extend({ is: z.literal("link") });
const Unlink = Between.extend({ is: z.literal("unlink") });

const Decision = z.strictObject({
  is: z.literal("decision"),
  /** The run or mission it was about. */
  run: Ref.optional(),
});

export const WORTHS = ["good", "bad"] as const;

/** How a decision was made, as far as could be known then. */
const Judged = z.strictObject({ is: z.literal("judged"), of: Ref, was: z.enum(WORTHS) });
/** How it came out. */
const Turned = z.strictObject({ is: z.literal("turned"), of: Ref, out: z.enum(WORTHS) });

export const BETTER = ["yes", "no", "unsure"] as const;

/** What might have been done instead of what was decided. */
const Instead = z.strictObject({
  is: z.literal("instead"),
  of: Ref,
  better: z.enum(BETTER),
  /** A fork of the run the decision was about, in which it was done. */
  fork: Ref.optional(),
});

/** Errors of judgement by name. */
export const ERRORS = [
  "anchoring",
  "attribution",
  "authority",
  "availability",
  "bandwagon",
  "base_rate",
  "confirmation",
  "framing",
  "hindsight",
  "overconfidence",
  "planning",
  "recency",
  "sunk_cost",
  "survivorship",
] as const;
export type ErrorKind = (typeof ERRORS)[number];

const Mistake = z.strictObject({
  is: z.literal("error"),
  error: z.enum(ERRORS),
  /** What it was made in. */
  of: Ref.optional(),
});

/** The figures of one thought. Kinds are only ever added. */
export const Thought = z.discriminatedUnion("is", [
  Prediction,
  Settlement,
  Belief,
  Revision,
  Link,
  Unlink,
  Decision,
  Judged,
  Turned,
  Instead,
  Mistake,
]);
export type Thought = z.infer<typeof Thought>;
export type ThoughtKind = Thought["is"];

/** The thoughts an agent may have: it foretells, and never says what came of it. */
export const AgentThought = z.discriminatedUnion("is", [
  Prediction.omit({ source: true, mission: true }),
  Belief.omit({ source: true }),
  Revision,
]);
export type AgentThought = z.infer<typeof AgentThought>;

/** The tools by which an agent whose manifest lists them notes thoughts and sees its own. */
export type ThoughtTool = "thought_predict" | "thought_believe" | "thought_revise" | "thought_list";

/** On the home chain: what the operator thinks, in words and in figures. */
export const THOUGHT_EVENTS = [
  z.strictObject({ kind: z.literal("thought.said"), id: z.string(), texts: z.array(z.string()) }),
  z.strictObject({ kind: z.literal("thought.noted"), id: z.string(), thought: Thought }),
] as const;

/** One thought with who noted it. */
export interface ThoughtLine {
  /** `t…` of the operator's, the step of an agent's. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `operator` or `agent:NAME`. */
  readonly by: string;
  /** Who may have had a hand in its words; null for the operator's own. */
  readonly label: Label | null;
  readonly thought: Thought;
  /** Its words; null where they were erased. */
  readonly texts: readonly string[] | null;
}

/** A thought with every one that is about it, oldest first. */
export interface ThoughtView extends ThoughtLine {
  readonly about: readonly ThoughtLine[];
}

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
  /** Records that do not verify or were erased whole: nothing of them counts. */
  readonly unread: number;
  /** Thoughts on record that contradict the rules of their kind, and so count for nothing. */
  readonly refused: number;
}

/** What the operator thinks, and what agents noted: recorded, settled, counted. */
export interface Cognition {
  status(): CognitionStatus;
  /** Newest first. */
  list(wish?: {
    readonly is?: ThoughtKind;
    readonly open?: boolean;
    readonly limit?: number;
  }): readonly ThoughtLine[];
  /** @throws NanosError `thought.unknown`. */
  show(id: string): ThoughtView;
  /** Notes what the operator thinks, with its words. @throws NanosError `thought.*`. */
  note(thought: Thought, texts: readonly string[]): Promise<ThoughtLine>;
  /** What would be held otherwise if a belief had this chance, itself first. Notes nothing. */
  cascade(id: string, chance: number): readonly BeliefChange[];
  /**
   * Erases a thought's words wherever they stand in the journal; its figures stay. With `rehearse`
   * it only says how much would go.
   */
  forget(id: string, rehearse?: boolean): Promise<Pick<Forgotten, "bodies">>;
}
