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

/** The figures of one thought. Kinds are only ever added. */
export const Thought = z.discriminatedUnion("is", [Prediction, Settlement]);
export type Thought = z.infer<typeof Thought>;
export type ThoughtKind = Thought["is"];

/** The thoughts an agent may have: it foretells, and never says what came of it. */
export const AgentThought = z.discriminatedUnion("is", [
  Prediction.omit({ source: true, mission: true }),
]);
export type AgentThought = z.infer<typeof AgentThought>;

/** The tools by which an agent whose manifest lists them notes thoughts and sees its own. */
export type ThoughtTool = "thought_predict" | "thought_list";

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

/** Every instrument with what it reads off the thoughts on record. */
export interface CognitionStatus {
  readonly predictions: PredictionsView;
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
  /**
   * Erases a thought's words wherever they stand in the journal; its figures stay. With `rehearse`
   * it only says how much would go.
   */
  forget(id: string, rehearse?: boolean): Promise<Pick<Forgotten, "bodies">>;
}
