import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RANKS } from "../contracts/ranks.ts";
import { type Came, type StageName, STAGES, UNCOUNTED } from "../contracts/stage.ts";
import { evolutionOf, THRESHOLDS, XP } from "./stage.ts";
import { traitsAt } from "./traits.ts";

const FAILED: Came = { counts: "failed" };

function proven(n: number, from = 0): readonly Came[] {
  return Array.from({ length: n }, (_, i) => ({
    ...{ counts: "proven", rank: "E", key: `k${from + i}` },
  }));
}

function failed(n: number): readonly Came[] {
  return Array.from({ length: n }, () => FAILED);
}

const came: fc.Arbitrary<Came> = fc.oneof(
  fc.record({
    counts: fc.constant("proven" as const),
    rank: fc.constantFrom(...RANKS),
    key: fc.nat(400).map(String),
  }),
  fc.constantFrom<Came>(FAILED, { counts: "broken" }),
  fc.constantFrom(...UNCOUNTED).map((why): Came => ({ counts: "nothing", why })),
);
// Long runs of one kind, as the thresholds lie far apart.
const history = fc
  .array(fc.tuple(came, fc.constantFrom(1, 1, 10, 60)), { maxLength: 12 })
  .map((parts) =>
    parts.flatMap(([one, times], part) =>
      Array.from({ length: times }, (_, i) =>
        one.counts === "proven" && i > 0 ? { ...one, key: `${part}-${i}` } : one,
      ),
    ),
  );

const level = (missions: readonly Came[]): number => STAGES.indexOf(evolutionOf(missions).stage);

describe("each threshold", () => {
  const cases: readonly (readonly [proven: number, failed: number, StageName])[] = [
    [0, 0, "DORMANT"],
    [0, 5, "DORMANT"],
    [1, 0, "AWAKENING"],
    [1, 99, "AWAKENING"],
    [9, 0, "AWAKENING"],
    [10, 0, "FORGING"],
    [12, 28, "FORGING"],
    [12, 29, "AWAKENING"],
    [49, 0, "FORGING"],
    [50, 0, "SOVEREIGN"],
    [60, 40, "SOVEREIGN"],
    [60, 41, "FORGING"],
    [199, 0, "SOVEREIGN"],
    [200, 0, "APEX"],
    [200, 50, "APEX"],
    [200, 51, "SOVEREIGN"],
    [200, 134, "FORGING"],
    [200, 467, "AWAKENING"],
  ];
  for (const [good, bad, stage] of cases) {
    test(`${good} proven and ${bad} failed is ${stage}`, () => {
      const seen = evolutionOf([...proven(good), ...failed(bad)]);
      expect([seen.stage, seen.xp]).toEqual([stage, good * 10]);
    });
  }
});

test("XP by rank, and the same plan with the same inputs pays once", () => {
  const each = RANKS.map((rank): Came => ({ counts: "proven", rank, key: rank }));
  expect(RANKS.map((rank) => XP[rank])).toEqual([10, 25, 50, 100, 200, 500]);
  const seen = evolutionOf([...each, ...each, FAILED, { counts: "broken" }]);
  expect(seen).toMatchObject({ xp: 885, proven: 6, failed: 2, broken: 1, rate: 0.75 });
  expect(seen.uncounted.repeated).toBe(6);
});

test("what came to less, or is none of its own, changes nothing but its own number", () => {
  for (const why of UNCOUNTED) {
    const { uncounted, ...rest } = evolutionOf([...proven(3), { counts: "nothing", why }]);
    const { uncounted: _, ...before } = evolutionOf(proven(3));
    expect(rest).toEqual(before);
    expect(uncounted[why]).toBe(1);
  }
});

test("a failed mission never raises anything, wherever it comes", () => {
  fc.assert(
    fc.property(
      history,
      fc.nat(),
      fc.constantFrom<Came>(FAILED, { counts: "broken" }),
      (all, at, one) => {
        const more = all.toSpliced(at % (all.length + 1), 0, one);
        expect(level(more)).toBeLessThanOrEqual(level(all));
        expect(evolutionOf(more).xp).toBe(evolutionOf(all).xp);
      },
    ),
    { numRuns: 300 },
  );
});

test("the order of missions that share no plan does not matter", () => {
  const apart = history.map((all) => {
    const seen = new Set<string>();
    return all.filter(
      (one) => one.counts !== "proven" || (!seen.has(one.key) && seen.add(one.key)),
    );
  });
  const given = apart.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(given, ([all, other]) => expect(evolutionOf(other)).toEqual(evolutionOf(all))),
    { numRuns: 200 },
  );
});

test("what is said to be missing is enough, and one less is not", () => {
  fc.assert(
    fc.property(history, (all) => {
      const { next } = evolutionOf(all);
      if (next === null) return;
      const after = (n: number): number => level([...all, ...proven(n, 1_000)]);
      const wanted = STAGES.indexOf(next.stage);
      expect(after(next.missing.missions)).toBeGreaterThanOrEqual(wanted);
      expect(after(next.missing.missions - 1)).toBeLessThan(wanted);
    }),
    { numRuns: 300 },
  );
});

test("every stage has what the one before it has, and the last has all", () => {
  const reached = (stage: StageName): readonly string[] =>
    traitsAt({ stage, proven: 0, rate: 0 }, []).flatMap((line) =>
      line.reached ? [line.trait] : [],
    );
  expect(STAGES.map((stage) => reached(stage).length)).toEqual([1, 3, 6, 9, 11]);
  expect(reached("AWAKENING")).toEqual(["OBSERVE", "RECALL", "COMPANION"]);
  expect(reached("FORGING").slice(3)).toEqual(["WORKER_SPAWN", "BELIEF_TRACK", "ANALYZE"]);
  expect(reached("SOVEREIGN").slice(6)).toEqual([
    ...["AUTONOMOUS_CHAIN", "OPERATOR_FUSION", "CLAIM_ANALYZE"],
  ]);
  expect(THRESHOLDS.map(({ stage }) => stage)).toEqual(STAGES.slice(1));
});
