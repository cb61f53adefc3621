import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LIMITS } from "../../std/limits.ts";
import { calibrationOf, readingOf, scoreOf, type Settled, shareOf } from "./score.ts";

const settled: fc.Arbitrary<Settled> = fc.record({
  chance: fc.integer({ min: 0, max: 100 }),
  came: fc.boolean(),
});
const many = fc.array(settled, { maxLength: 60 });
const shuffled = many.chain((all) =>
  fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
);

function times(n: number, chance: number, hits: number): readonly Settled[] {
  return Array.from({ length: n }, (_, i) => ({ chance, came: i < hits }));
}

test("Brier's score is what working it out plainly gives, whatever the order", () => {
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      const { brier, baseline, settled: n } = scoreOf(all);
      expect(scoreOf(other)).toEqual(scoreOf(all));
      expect(n).toBe(all.length);
      expect(brier === null).toBe(all.length < LIMITS.fewestSettled);
      if (brier === null || baseline === null) return;
      const mean = (numbers: readonly number[]): number =>
        numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
      const naive = mean(all.map(({ chance, came }) => (chance / 100 - Number(came)) ** 2));
      expect(brier).toBeCloseTo(naive, 10);
      const rate = mean(all.map(({ came }) => Number(came)));
      expect(baseline).toBeCloseTo(mean(all.map(({ came }) => (rate - Number(came)) ** 2)), 10);
    }),
  );
});

test("calibration holds every prediction once, in the tenth its chance lies in", () => {
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      const buckets = calibrationOf(all);
      expect(calibrationOf(other)).toEqual(buckets);
      expect(buckets.reduce((n, { came }) => n + came.n, 0)).toBe(all.length);
      expect(buckets.reduce((n, { came }) => n + came.hits, 0)).toBe(
        all.filter(({ came }) => came).length,
      );
      for (const { from, to, said, came } of buckets) {
        const inside = all.filter(({ chance }) => chance >= from && chance <= to);
        expect(came.n).toBe(inside.length);
        if (said !== null) expect(said >= from && said <= to).toBe(true);
      }
    }),
  );
});

test("an interval holds the share, lies between 0 and 1, and narrows with more of the same", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, p) => {
        const hits = Math.round(n * p);
        const { interval } = shareOf(hits, n, 1);
        const wider = shareOf(hits * 4, n * 4, 1).interval;
        if (interval === null || wider === null) throw new Error("an interval is missing");
        expect(interval[0]).toBeGreaterThanOrEqual(0);
        expect(interval[1]).toBeLessThanOrEqual(1);
        expect(interval[0] <= hits / n && hits / n <= interval[1]).toBe(true);
        expect(wider[1] - wider[0]).toBeLessThan(interval[1] - interval[0]);
      },
    ),
  );
  // As the textbook has it.
  expect(shareOf(8, 10)?.interval?.map((x) => x.toFixed(3))).toEqual(["0.490", "0.943"]);
  expect(shareOf(0, 0)).toEqual({ n: 0, hits: 0, interval: null });
});

describe("how chances read", () => {
  const cases: readonly (readonly [string, readonly Settled[], string | null])[] = [
    ["nothing", [], null],
    ["one too few", times(9, 90, 1), null],
    ["just as often as said", times(20, 80, 16), "fits"],
    ["far less often", times(20, 90, 10), "overconfident"],
    ["far more often", times(40, 60, 40), "underconfident"],
    ["the unlikely that came", times(20, 10, 10), "overconfident"],
    ["the unlikely that did not", times(40, 40, 0), "underconfident"],
    ["as likely as not takes no side", times(50, 50, 50), null],
  ];
  for (const [name, all, reads] of cases)
    test(name, () => expect(readingOf(all)).toBe(reads as never));
});
