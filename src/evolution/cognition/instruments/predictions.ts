import type { PredictionsView } from "../../../contracts/cognition/reading.ts";
import type { Failure } from "../../../contracts/outcome.ts";
import type { Held, One, Wanted } from "../held.ts";
import type { Ground, Instrument } from "../instrument.ts";
import { calibrationOf, readingOf, scoreOf } from "../score.ts";
import { cameOf, settledIn, settles } from "../settling.ts";

/**
 * Predictions: what was foretold with a chance, and what came of it. The operator says what came; a
 * prediction about a mission is settled by what that came to, past its checks, and one about a single
 * check by what was found of that. Who foretold cannot
 * settle, and nobody can give a score: it is worked out here.
 */
export const instrument: Instrument<"predictions"> = {
  about:
    "What was foretold with a chance in percent, held against what came: Brier's score, and for each " +
    "tenth of chances how often it came, with Wilson's interval. The operator settles, or the mission " +
    "a prediction is about: proven is yes, failed is no; of a single check, met is yes, missed is no.",
  kinds: { prediction: ofMission, settlement: settles },
  read,
};

function ofMission(_: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "prediction" || thought.check === undefined || thought.mission !== undefined)
    return null;
  // thought.no_mission -> Name the mission with --mission RUN, or leave --check out.
  return { code: "thought.no_mission", message: "A check is one of a mission, and none is named." };
}

function predictionsIn(held: Held): readonly One[] {
  return held.all.filter(({ thought }) => thought.is === "prediction");
}

function read(ground: Ground): PredictionsView {
  const { held, now } = ground;
  const all = predictionsIn(held);
  const came = all.map((one) => cameOf(ground, one));
  const open = all.filter((_, i) => came[i] === null);
  const settled = settledIn(ground, "prediction");
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
