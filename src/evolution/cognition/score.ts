import type { Bucket, Score, Share } from "../../contracts/cognition/reading.ts";
import { LIMITS } from "../../std/limits.ts";

/** A chance that was given, in whole percent, and whether it came true. */
export interface Settled {
  readonly chance: number;
  readonly came: boolean;
}

/**
 * Brier's score. Squares of whole percents are added up, so the order cannot matter; of fewer than
 * `LIMITS.fewestSettled` nothing is said, as chance alone would say it.
 */
export function scoreOf(settled: readonly Settled[]): Score {
  const n = settled.length;
  if (n < LIMITS.fewestSettled) return { settled: n, brier: null, baseline: null };
  let [squares, hits] = [0, 0];
  for (const { chance, came } of settled) {
    squares += (chance - (came ? 100 : 0)) ** 2;
    hits += came ? 1 : 0;
  }
  return { settled: n, brier: squares / n / 10_000, baseline: (hits * (n - hits)) / n / n };
}

/** Wilson's interval for a share at 95%: it stays honest where there are few, and at 0 and 1. */
export function shareOf(hits: number, n: number, fewest: number = LIMITS.fewestShare): Share {
  if (n < Math.max(1, fewest)) return { n, hits, interval: null };
  const z = 1.96;
  const p = hits / n;
  const middle = p + (z * z) / (2 * n);
  const reach = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const all = 1 + (z * z) / n;
  const low = hits === 0 ? 0 : (middle - reach) / all;
  return { n, hits, interval: [low, hits === n ? 1 : (middle + reach) / all] };
}

/** Ten tenths of chances, each with how often what was said came. */
export function calibrationOf(settled: readonly Settled[]): readonly Bucket[] {
  return Array.from({ length: 10 }, (_, tenth) => {
    const inside = settled.filter(({ chance }) => Math.min(9, Math.floor(chance / 10)) === tenth);
    const n = inside.length;
    const sum = inside.reduce((all, { chance }) => all + chance, 0);
    const hits = inside.filter(({ came }) => came).length;
    const to = tenth === 9 ? 100 : tenth * 10 + 9;
    return { from: tenth * 10, to, said: n === 0 ? null : sum / n, came: shareOf(hits, n) };
  });
}

/**
 * Whether who says "80%" is right 80 times of a hundred, whichever side is said to be likely. What is
 * said to be as likely as not takes no side.
 */
export function readingOf(
  settled: readonly Settled[],
): "fits" | "overconfident" | "underconfident" | null {
  const { sided, right, confidence } = sidesOf(settled);
  const { interval } = shareOf(right, sided, LIMITS.fewestSettled);
  if (interval === null) return null;
  const said = confidence / sided / 100;
  if (said > interval[1]) return "overconfident";
  return said < interval[0] ? "underconfident" : "fits";
}

/** How often the likelier side came, and how sure it was said to be in all. */
export function sidesOf(settled: readonly Settled[]): {
  readonly sided: number;
  readonly right: number;
  readonly confidence: number;
} {
  let [sided, right, confidence] = [0, 0, 0];
  for (const { chance, came } of settled) {
    if (chance === 50) continue;
    sided += 1;
    right += chance > 50 === came ? 1 : 0;
    confidence += Math.max(chance, 100 - chance);
  }
  return { sided, right, confidence };
}
