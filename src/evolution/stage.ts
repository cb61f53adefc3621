import type { Rank } from "../contracts/action.ts";
import {
  type Came,
  type Evolution,
  type Missing,
  type StageName,
  type Threshold,
  UNCOUNTED,
  type Uncounted,
} from "../contracts/stage.ts";

/**
 * How far a home has come: a pure function of what its missions came to, oldest first.
 *
 * - A mission that is proven earns XP by its rank, and counts; one that earns nothing does not.
 * - A failed one lowers the rate, so a stage can be lost again.
 * - The same plan with the same inputs pays once: otherwise one trivial mission in a loop would be
 *   worth a stage, and would drown every failure in the rate. A repetition that fails still failed.
 * - What is degraded, cancelled or unproven neither helps nor harms: it says itself that it came to
 *   less, and a home without a model shall not fall for that.
 */
export function evolutionOf(missions: Iterable<Came>): Evolution {
  const uncounted = Object.fromEntries(UNCOUNTED.map((why) => [why, 0])) as Record<
    Uncounted,
    number
  >;
  const paid = new Set<string>();
  let [xp, failed, broken] = [0, 0, 0];
  for (const came of missions) {
    if (came.counts === "failed" || came.counts === "broken") failed += 1;
    if (came.counts === "broken") broken += 1;
    if (came.counts === "nothing") uncounted[came.why] += 1;
    if (came.counts !== "proven") continue;
    if (paid.has(came.key)) uncounted.repeated += 1;
    else {
      paid.add(came.key);
      xp += XP[came.rank];
    }
  }
  const proven = paid.size;
  const rate = proven === 0 ? 0 : proven / (proven + failed);
  const stage = stageAt(proven, rate);
  return {
    stage,
    xp,
    proven,
    failed,
    broken,
    rate,
    uncounted,
    next: nextOf(stage, proven, failed),
  };
}

/** What a proven mission earns. */
export const XP: Readonly<Record<Rank, number>> = { E: 10, D: 25, C: 50, B: 100, A: 200, S: 500 };

/** Every stage but the first, lowest first; each takes no less than the one before it. */
export const THRESHOLDS: readonly Threshold[] = [
  { stage: "AWAKENING", missions: 1, rate: 0 },
  { stage: "FORGING", missions: 10, rate: 0.3 },
  { stage: "SOVEREIGN", missions: 50, rate: 0.6 },
  { stage: "APEX", missions: 200, rate: 0.8 },
];

function stageAt(proven: number, rate: number): StageName {
  const reached = THRESHOLDS.findLast((one) => proven >= one.missions && rate >= one.rate);
  return reached?.stage ?? "DORMANT";
}

function nextOf(stage: StageName, proven: number, failed: number): Evolution["next"] {
  const at = THRESHOLDS.findIndex((one) => one.stage === stage) + 1;
  const next = THRESHOLDS[at];
  return next ? { ...next, missing: missingTo(next, proven, failed) } : null;
}

/** The fewest proven missions after which the stage is reached, if none fails. */
function missingTo({ missions, rate }: Threshold, proven: number, failed: number): Missing {
  const byNumber = Math.max(0, missions - proven);
  let more = byNumber;
  // The closed form may be off by one for the rounding of the rate, which decides.
  const guess = Math.floor((rate * failed) / (1 - rate) - proven) - 1;
  more = Math.max(more, guess);
  while ((proven + more) / Math.max(1, proven + more + failed) < rate) more += 1;
  return { missions: more, byRate: byNumber === 0 };
}
