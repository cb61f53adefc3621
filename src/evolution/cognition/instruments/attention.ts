import type { AttentionView } from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";
import type { Ground, Instrument } from "../instrument.ts";

/** Where attention went: what agents used, and how long they waited for the operator. */
export const instrument: Instrument<"attention"> = {
  about:
    "Of the last thirty days, from the record of runs alone: by agent its runs, calls, tokens and the " +
    "time models and tools took, the most tokens first; and how many asks there were, how many were " +
    "answered, and the middle of how long that took.",
  kinds: {},
  read,
};

function read({ attention, now }: Ground): AttentionView {
  const since = now - LIMITS.attentionMs;
  const { by, asks } = attention(since);
  const sum = (of: "runs" | "tokens"): number => by.reduce((total, one) => total + one[of], 0);
  const waits = asks.flatMap(({ ms }) => ms ?? []).toSorted((a, b) => a - b);
  // Of what was erased only that it was is known, and that is no use of anything.
  const used = by.filter(({ runs, tokens, calls }) => runs + tokens + calls > 0);
  const lines = used.toSorted((a, b) => b.tokens - a.tokens || (a.agent < b.agent ? -1 : 1));
  return {
    since,
    ...{ runs: sum("runs"), tokens: sum("tokens") },
    by: { n: lines.length, first: lines.slice(0, LIMITS.thoughtsShown) },
    asks: {
      asked: asks.length,
      answered: waits.length,
      // Of two in the middle the shorter: a time that was really waited.
      middleMs: waits[Math.floor((waits.length - 1) / 2)] ?? null,
    },
  };
}
