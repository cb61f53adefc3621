import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Budget, Spent } from "../contracts/usage.ts";
import { carveBudget } from "./budget.ts";

const count = fc.integer({ min: 1, max: 1_000 });
const budget: fc.Arbitrary<Budget> = fc.record(
  { turns: count, calls: count, tokens: count, ms: count, cost: fc.nat(50), depth: fc.nat(4) },
  { requiredKeys: ["turns", "calls", "tokens", "ms", "depth"] },
);
const spent: fc.Arbitrary<Spent> = fc.record({
  turns: fc.nat(1_200),
  calls: fc.nat(1_200),
  tokens: fc.nat(1_200),
  ms: fc.nat(1_200),
  cost: fc.nat(60),
  unpriced: fc.boolean(),
});

test("a child has what it wants of what its parent has left", () => {
  const parent: Budget = { turns: 50, calls: 20, tokens: 1_000, ms: 60_000, cost: 2, depth: 2 };
  const used: Spent = { turns: 10, calls: 20, tokens: 400, ms: 1, cost: 0.5, unpriced: false };
  expect(carveBudget(parent, used, { turns: 5, tokens: 9_999, cost: 9, depth: 1 })).toEqual({
    turns: 5,
    calls: 0,
    tokens: 600,
    ms: 59_999,
    cost: 1.5,
    depth: 1,
  });
  const { cost: _cost, ...unlimited } = parent;
  expect(carveBudget(unlimited, used, {}).cost).toBeUndefined();
  expect(carveBudget(unlimited, used, { cost: 3 }).cost).toBe(3);
});

test("whatever a child wants, it never has more than is left", () => {
  fc.assert(
    fc.property(budget, spent, budget, (parent, used, wanted) => {
      const child = carveBudget(parent, used, wanted);
      for (const key of ["turns", "calls", "tokens", "ms"] as const) {
        expect(child[key]).toBeGreaterThanOrEqual(0);
        expect(child[key]).toBeLessThanOrEqual(Math.max(0, parent[key] - used[key]));
        expect(child[key]).toBeLessThanOrEqual(wanted[key]);
      }
      expect(child.depth).toBeLessThanOrEqual(Math.min(parent.depth, wanted.depth));
      if (parent.cost !== undefined) {
        expect(child.cost).toBeLessThanOrEqual(Math.max(0, parent.cost - used.cost));
      }
    }),
  );
});
