import { type ErrorKind, ERRORS } from "../../../contracts/cognition.ts";
import type { ErrorsView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { LIMITS } from "../../../std/limits.ts";
import { type Held, unknown, type Wanted } from "../held.ts";
import type { Ground, Instrument } from "../instrument.ts";
import { readingOf } from "../score.ts";
import { settledIn } from "../settling.ts";
import { autopsiesIn } from "./autopsies.ts";

/** Errors of judgement by name: those the operator found, and those the record shows by itself. */
export const instrument: Instrument<"errors"> = {
  about:
    "Fourteen named errors of judgement, as the operator finds them in decisions and predictions: how " +
    "often each, and which is the most frequent where one is. Two show in the record by themselves: " +
    "chances that are too sure, and decisions judged only after their outcome was known.",
  kinds: { error: about },
  read,
};

function about(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "error" || thought.of === undefined) return null;
  return held.find(thought.of) ? null : unknown(thought.of);
}

function read(ground: Ground): ErrorsView {
  const counts = new Map<ErrorKind, number>();
  for (const { thought } of ground.held.all) {
    if (thought.is === "error") counts.set(thought.error, (counts.get(thought.error) ?? 0) + 1);
  }
  // By number, and of equals by name, so that there is one order.
  const by = ERRORS.flatMap((error) => {
    const n = counts.get(error) ?? 0;
    return n === 0 ? [] : [{ error, n }];
  }).toSorted((a, b) => b.n - a.n);
  const noted = by.reduce((sum, { n }) => sum + n, 0);
  const [first, second] = by;
  const isClear = first !== undefined && noted >= LIMITS.fewestShare && first.n > (second?.n ?? 0);
  return { noted, by, dominant: isClear ? first.error : null, shown: shownIn(ground) };
}

/** What the record itself shows, without anybody having named it. */
function shownIn(ground: Ground): readonly ErrorKind[] {
  const isSure = readingOf(settledIn(ground, "prediction")) === "overconfident";
  const hindsight = autopsiesIn(ground).filter((one) => one.hindsight).length;
  return [
    ...(hindsight >= LIMITS.fewestShare ? (["hindsight"] as const) : []),
    ...(isSure ? (["overconfidence"] as const) : []),
  ];
}
