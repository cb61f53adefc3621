import { z } from "zod";
import type { BeliefChange, CauseView, CognitionStatus, Compiled } from "./cognition/reading.ts";
import type { Forgotten } from "./memory.ts";
import type { Label } from "./label.ts";
import type { RunHandle, RunHooks } from "./nanos.ts";

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
  /** One check of that mission, `TASK.CHECK`: then met is yes and missed is no. */
  check: z.string().max(128).optional(),
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
export const LINKS = ["rests_on", "contradicts", "case_of", "needs", "causes"] as const;
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

/** Something that is said, for what it is a case of, needs or causes. */
const Statement = z.strictObject({ is: z.literal("statement") });
/** Whether something that is needed is had. */
const Known = z.strictObject({ is: z.literal("known"), of: Ref, known: z.boolean() });

/** Something told again from memory; nobody gives the overlap, it is worked out. */
const Retelling = z.strictObject({
  is: z.literal("retelling"),
  of: Ref,
  /** Words both have, of all words in either, in percent. */
  overlap: Percent,
});

/** A claim, in its last line, with the lines it follows from; the words are as many texts. */
const Argument = z.strictObject({
  is: z.literal("argument"),
  lines: z
    .array(
      z.strictObject({
        /** Earlier lines it follows from, counted from 1; none for a premise. */
        from: z.array(z.number().int().min(1)).max(64),
        /** The belief a premise is. */
        belief: Ref.optional(),
      }),
    )
    .min(2)
    .max(64),
});

/** An objection to an argument, or to one line of it. */
const Counter = z.strictObject({
  is: z.literal("counter"),
  of: Ref,
  line: z.number().int().min(1).optional(),
});

export const ANSWERS = ["met", "conceded"] as const;
const Reply = z.strictObject({ is: z.literal("answer"), of: Ref, how: z.enum(ANSWERS) });

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
  Statement,
  Known,
  Retelling,
  Argument,
  Counter,
  Reply,
]);
export type Thought = z.infer<typeof Thought>;
export type ThoughtKind = Thought["is"];

/** The thoughts an agent may have: it foretells, and never says what came of it. */
export const AgentThought = z.discriminatedUnion("is", [
  Prediction.omit({ source: true, mission: true }),
  Belief.omit({ source: true }),
  Revision,
  Argument,
  Counter,
]);
export type AgentThought = z.infer<typeof AgentThought>;

/** The tools by which an agent whose manifest lists them notes thoughts and sees its own. */
export type ThoughtTool =
  | "thought_predict"
  | "thought_believe"
  | "thought_revise"
  | "thought_argue"
  | "thought_counter"
  | "thought_show"
  | "thought_list";

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
  /** Of an argument: what it hangs on. */
  readonly compiled?: Compiled;
}

/** What an agent is to write. */
export type WriteWish = { readonly agent: string } & (
  | { readonly claim: string }
  | { readonly against: string }
);

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
  /** What is still to be had before this, itself last, in an order it can be had in. */
  order(id: string): readonly ThoughtLine[];
  /** How one thing stands to another in the causes that were drawn. */
  cause(from: string, to: string): CauseView;
  /** Tells again what was noted under this id, from memory. */
  retell(id: string, text: string): Promise<ThoughtLine>;
  /**
   * Has an agent write an argument for a claim, or an objection to an argument: a run like any other.
   *
   * @throws NanosError `thought.no_model`, `thought.no_writer`, `agent.unknown`.
   */
  write(wish: WriteWish, hooks?: RunHooks): Promise<RunHandle>;
  /**
   * Erases a thought's words wherever they stand in the journal; its figures stay. With `rehearse`
   * it only says how much would go.
   */
  forget(id: string, rehearse?: boolean): Promise<Pick<Forgotten, "bodies">>;
}
