import type { ThoughtKind } from "../../contracts/cognition.ts";
import type { CognitionStatus } from "../../contracts/cognition/reading.ts";
import type { usedSince } from "../../kernel/views/traces.ts";
import type { MissionEnd } from "../journal.ts";
import type { Held, Rule } from "./held.ts";

/** What instruments read: the record and nothing else. */
export interface Ground {
  readonly held: Held;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What a mission and each of its checks came to; null where nothing of it can be told yet. */
  mission(run: string): MissionEnd | null;
  /** What agents used since a time, and each ask of then with the time until it was answered. */
  attention(since: number): ReturnType<typeof usedSince>;
  /** How a run ended, null while it has not, and the run it was forked from; null for no run. */
  run(id: string): { readonly outcome: string | null; readonly from: string | null } | null;
}

/** The part of a status that instruments fill. */
export type Readings = Omit<CognitionStatus, "unread" | "refused">;

/**
 * Contract:
 * - Reads the ground and nothing else: the same record gives the same reading, in every process.
 * - Keeps nothing; what it says can be worked out again from the journal.
 * - Says nothing where there is too little: null and never a number that looks like knowledge.
 * - The rules of the kinds it brings look at thoughts before theirs alone.
 */
export interface Instrument<K extends keyof Readings> {
  /** One sentence: what is computed, of what. */
  readonly about: string;
  /** The kinds of thoughts it brings, each with its rule. */
  readonly kinds: Readonly<Partial<Record<ThoughtKind, Rule>>>;
  read(ground: Ground): Readings[K];
}
