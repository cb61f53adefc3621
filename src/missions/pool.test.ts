import { expect, test } from "bun:test";
import fc from "fast-check";
import { Task } from "../contracts/plan.ts";
import type { Budget, Spent } from "../contracts/usage.ts";
import type { Facts } from "../kernel/world.ts";
import { newPool } from "./pool.ts";

/**
 * Whatever begins and ends in whatever order, and however much each task uses of its part: together
 * they never have more than the mission, and what was not used comes back.
 */

const counts = fc.record({
  turns: fc.integer({ min: 1, max: 40 }),
  calls: fc.integer({ min: 1, max: 60 }),
  tokens: fc.integer({ min: 1, max: 9_000 }),
  cost: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
});
const wish = fc.record(
  { turns: fc.integer({ min: 1, max: 50 }), calls: fc.integer({ min: 1, max: 50 }) },
  { requiredKeys: [] },
);
const move = fc.record({ wish, ends: fc.nat(5), uses: fc.double({ min: 0, max: 1, noNaN: true }) });

test("tasks together never have more than the mission", () => {
  fc.assert(
    fc.property(counts, fc.array(move, { minLength: 1, maxLength: 12 }), (all, moves) => {
      const { cost, ...most } = all;
      const budget: Budget = {
        ...most,
        ms: 1_000,
        depth: 1,
        ...(cost === undefined ? {} : { cost }),
      };
      const pool = newPool({ budget, facts: { limits: {} } as Facts });
      const open: Budget[] = [];
      let used = 0;
      for (const [i, { wish: wanted, ends, uses }] of moves.entries()) {
        const task = Task.parse({ id: "a", tool: "x", budget: wanted });
        const part = pool.part(task, moves.length - i);
        pool.reserve(part);
        open.push(part);
        expect(part.turns).toBeLessThanOrEqual(wanted.turns ?? Number.POSITIVE_INFINITY);
        const spent = pool.spent();
        for (const key of ["turns", "calls", "tokens"] as const) {
          expect(part[key]).toBeGreaterThanOrEqual(0);
          expect(spent[key]).toBeLessThanOrEqual(budget[key]);
        }
        if (budget.cost !== undefined) expect(spent.cost).toBeLessThanOrEqual(budget.cost + 1e-9);
        const [ended] = open.splice(ends % open.length, ends < open.length ? 1 : 0);
        if (!ended) continue;
        const turns = Math.floor(ended.turns * uses);
        const really: Spent = { turns, calls: 0, tokens: 0, ms: 5, cost: 0, unpriced: false };
        pool.settle(ended, really);
        used += turns;
      }
      for (const ended of open) {
        pool.settle(ended, { turns: 0, calls: 0, tokens: 0, ms: 0, cost: 0, unpriced: false });
      }
      // All came back but what was really used.
      expect(pool.spent()).toMatchObject({ turns: used, calls: 0, tokens: 0, ms: 0 });
    }),
    { numRuns: Number(process.env["NANOS_POOL_RUNS"] ?? 300) },
  );
});
