import type { DiaryView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { type Held, ofKind, type Wanted } from "../held.ts";
import type { Ground, Instrument } from "../instrument.ts";

/**
 * What might have been. Nobody can compute it, but for one kind: where the decision was about a run,
 * and that run was forked to go the other way, the fork shows what the other way came to.
 */
export const instrument: Instrument<"diary"> = {
  about:
    "What might have been done instead of a decision, and whether the operator thinks it better. That " +
    "is kept and counted, and no more: nobody can compute it. Only where the other way was really " +
    "gone, in a fork of the run the decision was about, both outcomes are set side by side.",
  kinds: { instead: ofDecision },
  read,
};

function ofDecision(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "instead") return null;
  const found = ofKind(held, thought.of, "decision");
  return "code" in found ? found : null;
}

function read({ held, run }: Ground): DiaryView {
  const all = held.all.flatMap(({ thought }) => (thought.is === "instead" ? [thought] : []));
  const better = { yes: 0, no: 0, unsure: 0 };
  for (const one of all) better[one.better] += 1;
  const gone = all.flatMap(({ of, fork }) => {
    const decision = held.find(of)?.thought;
    if (fork === undefined || decision?.is !== "decision" || decision.run === undefined) return [];
    const [was, other] = [run(decision.run), run(fork)];
    // A run that has nothing to do with it shows nothing.
    if (was === null || other?.from !== decision.run) return [];
    return [{ decision: of, was: was.outcome, instead: other.outcome }];
  });
  return { noted: all.length, better, gone };
}
