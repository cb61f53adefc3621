import type { PredictionsView } from "../../../contracts/cognition.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import { type Held, ofKind, type One, type Wanted } from "../held.ts";
import type { Ground, Instrument } from "../instrument.ts";
import { calibrationOf, readingOf, scoreOf, type Settled } from "../score.ts";

/**
 * Predictions: what was foretold with a chance, and what came of it. The operator says what came; a
 * prediction about a mission is settled by what that came to, past its checks. Who foretold cannot
 * settle, and nobody can give a score: it is worked out here.
 */
export const instrument: Instrument<"predictions"> = {
  about:
    "What was foretold with a chance in percent, held against what came: Brier's score, and for each " +
    "tenth of chances how often it came, with Wilson's interval. The operator settles, or the mission " +
    "a prediction is about: proven is yes, failed is no.",
  kinds: { prediction: () => null, settlement: settles },
  read,
};

function settles(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "settlement") return null;
  const found = ofKind(held, thought.of, "prediction");
  if ("code" in found) return found;
  const isSettled = settlementOf(held, found) !== null;
  if (isSettled === (thought.corrects === true)) return null;
  return isSettled
    ? {
        code: "thought.settled",
        message: `What came of ${thought.of} is settled.`,
        next: "Where that was wrong: add --correct",
      }
    : {
        code: "thought.not_settled",
        message: `What came of ${thought.of} was not settled yet.`,
        next: "Leave --correct out.",
      };
}

/** The newest word of the operator on a prediction. */
function settlementOf(held: Held, { id }: One): "yes" | "no" | "void" | null {
  for (const { thought } of held.about(id).toReversed()) {
    if (thought.is === "settlement") return thought.came;
  }
  return null;
}

/** What came of a prediction, and who says so; null where nobody does. */
export function cameOf(
  { held, mission }: Pick<Ground, "held" | "mission">,
  one: One,
): { readonly came: "yes" | "no" | "void"; readonly by: "operator" | "mission" } | null {
  const said = settlementOf(held, one);
  if (said !== null) return { came: said, by: "operator" };
  if (one.thought.is !== "prediction" || one.thought.mission === undefined) return null;
  const ended = mission(one.thought.mission);
  // What had ended before it was foretold was no prediction.
  if (ended === null || ended.seq <= one.seq) return null;
  if (ended.came.counts === "proven") return { came: "yes", by: "mission" };
  return ended.came.counts === "failed" ? { came: "no", by: "mission" } : null;
}

/** Every prediction that came to yes or no, with who foretold it. */
export function settledIn(ground: Ground): readonly (Settled & { readonly one: One })[] {
  return predictionsIn(ground.held).flatMap((one) => {
    const came = cameOf(ground, one)?.came;
    if (one.thought.is !== "prediction" || came === undefined || came === "void") return [];
    return [{ one, chance: one.thought.chance, came: came === "yes" }];
  });
}

function predictionsIn(held: Held): readonly One[] {
  return held.all.filter(({ thought }) => thought.is === "prediction");
}

function read(ground: Ground): PredictionsView {
  const { held, now } = ground;
  const all = predictionsIn(held);
  const came = all.map((one) => cameOf(ground, one));
  const open = all.filter((_, i) => came[i] === null);
  const settled = settledIn(ground);
  const corrects = held.all.filter(
    ({ thought }) => thought.is === "settlement" && thought.corrects === true,
  );
  return {
    noted: all.length,
    open: open.length,
    due: open.filter(({ thought }) => isDue(thought, now)).length,
    void: came.filter((one) => one?.came === "void").length,
    corrected: corrects.length,
    byMission: came.filter((one) => one?.by === "mission").length,
    ...scoreOf(settled),
    calibration: calibrationOf(settled),
    reads: readingOf(settled),
  };
}

function isDue(thought: One["thought"], now: number): boolean {
  return thought.is === "prediction" && thought.due !== undefined && thought.due <= now;
}
