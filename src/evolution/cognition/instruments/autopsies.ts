import type { AutopsiesView, AutopsyClass } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { type Held, ofKind, type One, type Wanted } from "../held.ts";
import type { Ground, Instrument } from "../instrument.ts";
import { shareOf } from "../score.ts";

/**
 * Autopsies: a decision is good or bad as it was made, its outcome good or bad as it came, and luck is
 * the difference. Who judges a decision knowing how it came out is no judge of it: that is said.
 */
export const instrument: Instrument<"autopsies"> = {
  about:
    "Decisions by how they were made and how they came out: both good, both bad, or luck either way. " +
    "Counts those judged only after the outcome was known, and says how often good and bad decisions " +
    "came out well, with Wilson's interval. The outcome is the operator's word, or what became of the " +
    "mission the decision was about.",
  kinds: { decision: () => null, judged: ofDecision, turned: ofDecision },
  read,
};

function ofDecision(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "judged" && thought.is !== "turned") return null;
  const found = ofKind(held, thought.of, "decision");
  return "code" in found ? found : null;
}

/** One decision with what is known of it. */
export interface Autopsy {
  readonly made: "good" | "bad" | null;
  readonly out: "good" | "bad" | null;
  /** Judged for the last time when its outcome was known. */
  readonly hindsight: boolean;
}

export function autopsyOf({ held, mission }: Pick<Ground, "held" | "mission">, one: One): Autopsy {
  const about = held.about(one.id);
  const judged = about.findLast(({ thought }) => thought.is === "judged");
  const turned = about.filter(({ thought }) => thought.is === "turned");
  const run = one.thought.is === "decision" ? one.thought.run : undefined;
  const ended = run === undefined ? null : mission(run);
  const counts = ended?.came && ended.seq > one.seq ? ended.came.counts : null;
  const said = turned.at(-1)?.thought;
  const byMission = counts === "proven" ? "good" : counts === "failed" ? "bad" : null;
  const known = Math.min(
    turned[0]?.seq ?? Infinity,
    byMission === null ? Infinity : (ended?.seq ?? Infinity),
  );
  return {
    made: judged?.thought.is === "judged" ? judged.thought.was : null,
    out: said?.is === "turned" ? said.out : byMission,
    hindsight: judged !== undefined && judged.seq > known,
  };
}

/** Every decision with its autopsy. */
export function autopsiesIn(ground: Pick<Ground, "held" | "mission">): readonly Autopsy[] {
  const decisions = ground.held.all.filter(({ thought }) => thought.is === "decision");
  return decisions.map((one) => autopsyOf(ground, one));
}

function read(ground: Ground): AutopsiesView {
  const all = autopsiesIn(ground);
  const classes: Record<AutopsyClass, number> = { correct: 0, bad_luck: 0, lucky: 0, deserved: 0 };
  for (const { made, out } of all) if (made && out) classes[CLASSES[made][out]] += 1;
  const { correct, bad_luck: unlucky, lucky, deserved } = classes;
  return {
    decisions: all.length,
    open: all.filter(({ made, out }) => made === null || out === null).length,
    classes,
    hindsight: all.filter(({ hindsight }) => hindsight).length,
    goodCameWell: shareOf(correct, correct + unlucky),
    badCameWell: shareOf(lucky, lucky + deserved),
  };
}

const CLASSES = {
  good: { good: "correct", bad: "bad_luck" },
  bad: { good: "lucky", bad: "deserved" },
} as const;
