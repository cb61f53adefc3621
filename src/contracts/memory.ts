import { z } from "zod";
import { Label } from "./label.ts";
import type { RunHandle, RunHooks } from "./nanos.ts";

/** Whether anything may be kept: nothing, what the operator says to keep, or all of it for review. */
export const MemoryPolicy = z.enum(["off", "strict", "capture_only"]);
export type MemoryPolicy = z.infer<typeof MemoryPolicy>;

/** `memory:` of `arrangement.yaml` and `config.yaml`; what the config says counts. */
export const MemoryConfig = z.strictObject({
  /** Agents may look into memory. */
  enabled: z.boolean().optional(),
  /** Something may be kept at all. */
  capture: z.boolean().optional(),
  policy: MemoryPolicy.optional(),
  /** Minutes a candidate waits for the operator before it is dropped. */
  ttl: z
    .number()
    .int()
    .positive()
    .max(365 * 24 * 60)
    .optional(),
});
export type MemoryConfig = z.infer<typeof MemoryConfig>;

/** The settings in force. */
export interface MemorySettings {
  readonly enabled: boolean;
  readonly capture: boolean;
  readonly policy: MemoryPolicy;
  readonly ttl: number;
}

/** What holds where nobody said anything: memory is off. */
export const MEMORY_OFF: MemorySettings = {
  enabled: false,
  capture: true,
  policy: "off",
  ttl: 180,
};

/** What a memory write is judged by, as it was found when it was proposed. */
export const Keeping = z.strictObject({
  /** The operator said in this request that something is to be remembered. */
  intent: z.boolean(),
  /** Characters of what would be kept, without personal data. */
  chars: z.number().int(),
  /** What was found in the text as it came, each kind once; `stored` is a secret of the vault. */
  found: z.array(z.strictObject({ kind: z.string(), class: z.enum(["secret", "personal"]) })),
  /** It would go into the agent's own memory. */
  own: z.boolean(),
  /** What holds the same text already. */
  seen: z.enum(["note", "candidate"]).nullable(),
  /** Why it could not be found out, or why no more fits. */
  fault: z.string().nullable(),
});
export type Keeping = z.infer<typeof Keeping>;

/** What came of a memory write: a note, or a candidate that waits for the operator. */
export const Kept = z.strictObject({
  as: z.enum(["note", "candidate"]),
  /** Short enough to type; a note's file is named after it. */
  id: z.string(),
  /** `shared`, `conversation`, or an agent's name. */
  memory: z.string(),
  text: z.string(),
  /** SHA-256 of the note's file, or of the text of a candidate. */
  hash: z.string(),
  label: Label,
  /** True when it was there already and was only confirmed. */
  again: z.boolean(),
  /** For a candidate: minutes it waits, from now on. */
  ttl: z.number().int().optional(),
  /** The candidate it was made from. */
  from: z.string().optional(),
});
export type Kept = z.infer<typeof Kept>;

/** The operator's yes to a candidate: what is kept, where, and who had a hand in it. */
export const Accepted = z.strictObject({
  id: z.string(),
  memory: z.string(),
  text: z.string(),
  label: Label,
});
export type Accepted = z.infer<typeof Accepted>;

/** What is remembered, what waits to be, and the operator's word on it. */
export interface Memories {
  /** The settings in force, and every note there is. */
  list(): Promise<MemoryView>;
  /** A note or a candidate by its id. @throws NanosError `memory.unknown`. */
  show(id: string): Promise<NoteLine | Candidate>;
  /** Notes that hold the words, best first. */
  search(words: string): Promise<readonly NoteLine[]>;
  /** Candidates that wait for the operator, oldest first. */
  inbox(): readonly Candidate[];
  /** Makes a note of a candidate, past the same gate as any other; its own run. */
  accept(id: string, hooks?: RunHooks): Promise<RunHandle>;
  /**
   * The operator stands behind a note written by hand: it is no longer untrusted, until it changes.
   * `hash` is that of the note as it was shown.
   *
   * @throws NanosError `memory.unknown`, `memory.not_by_hand`, `memory.changed`.
   */
  vouch(id: string, hash: string): Promise<NoteLine>;
  /** Drops a candidate. @throws NanosError `memory.unknown`. */
  reject(id: string): Promise<void>;
  /**
   * Takes back what is kept under this name: the file, every other note of the same words, the
   * candidate, and every body of the journal that holds them; what stays says only that something
   * was forgotten. With `rehearse` it only says what would go.
   */
  forget(id: string, rehearse?: boolean): Promise<Forgotten>;
}

/** What went, or would go. */
export interface Forgotten {
  /** How many bodies of the journal held the words. */
  readonly bodies: number;
  /** Notes of exactly these words, by name, in whatever memory they lay. */
  readonly notes: readonly string[];
  /** Notes that say more than these words, and stay. */
  readonly left: readonly string[];
}

export interface MemoryView {
  readonly settings: MemorySettings;
  /** The folder the notes lie in, absolute. */
  readonly dir: string;
  readonly notes: readonly NoteLine[];
  /** Files that lie there and are not read, one sentence each. */
  readonly skipped: readonly string[];
}

/** One note, with who had a hand in it. */
export interface NoteLine {
  readonly id: string;
  /** `shared`, `conversation` or `agents/NAME`. */
  readonly memory: string;
  readonly text: string;
  /** SHA-256 of the file's content. */
  readonly hash: string;
  readonly file: string;
  /** Untrusted where nobody recorded how it came there. */
  readonly label: Label;
  /** True when it was written or changed by hand. */
  readonly byHand: boolean;
}

/** Something that is not remembered before the operator says so. */
export interface Candidate {
  readonly id: string;
  readonly memory: string;
  readonly text: string;
  /** Who wanted it kept: `agent:NAME`. */
  readonly source: string;
  /** The run it comes from. */
  readonly conversation: string;
  /** Milliseconds since 1970: first and last time it was wanted, and when it is dropped. */
  readonly at: number;
  readonly seen: number;
  readonly expires: number;
  /** How often it was wanted. */
  readonly passes: number;
}
