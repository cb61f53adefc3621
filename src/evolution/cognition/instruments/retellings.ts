import type { RetellingsView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { LIMITS } from "../../../std/limits.ts";
import { type Held, ofKind, type Wanted } from "../held.ts";
import type { Instrument } from "../instrument.ts";

/**
 * How memory bends: what was noted once is told again from memory, and the words of both are compared
 * when it is noted. The figure stays where the words are erased.
 */
export const instrument: Instrument<"retellings"> = {
  about:
    "What the operator tells again from memory, against what was noted then: the share of words, of " +
    "all that stand in either, that stand in both. Compares words and understands none; the same thing " +
    "well put otherwise counts as bent.",
  kinds: { retelling: retells },
  read: ({ held }) => read(held),
};

function retells(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "retelling") return null;
  const found = ofKind(held, thought.of, ...TOLD);
  return "code" in found ? found : null;
}

const TOLD = ["prediction", "belief", "decision", "statement", "argument"] as const;

/** The share of different words that two texts have in common, in whole percent. */
export function overlapOf(a: string, b: string): number {
  const [one, other] = [wordsIn(a), wordsIn(b)];
  const all = new Set([...one, ...other]).size;
  if (all === 0) return 100;
  return Math.round((100 * [...one].filter((word) => other.has(word)).length) / all);
}

function wordsIn(text: string): ReadonlySet<string> {
  return new Set(
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu),
  );
}

function read({ all }: Held): RetellingsView {
  const told = all.flatMap(({ thought }) => (thought.is === "retelling" ? [thought.overlap] : []));
  const sum = told.reduce((total, one) => total + one, 0);
  const isEnough = told.length >= LIMITS.fewestShare;
  return { told: told.length, overlap: isEnough ? sum / told.length : null };
}
