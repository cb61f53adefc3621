import { expect, test } from "bun:test";
import fc from "fast-check";
import { Plan } from "../../contracts/plan.ts";
import { LIMITS } from "../../std/limits.ts";
import { missionLab } from "../testing/mission-lab.ts";
import { estimateOf } from "./begin.ts";
import { widthOf } from "./order.ts";

/** Needs of each task by its id; tasks are `a`, `b`, `c` … */
type Needs = Readonly<Record<string, string>>;

function planOf(needs: Needs, more: object = {}): Plan {
  const tasks = Object.entries(needs).map(([id, of]) => ({
    ...{ id, tool: "say", args: {}, needs: of.split("") },
    ...(id === "x" ? { recover: [{ fallback: { task: "y" } }] } : {}),
  }));
  return Plan.parse({ name: "demo", description: "A demo.", tasks, ...more });
}

const shapes: readonly (readonly [string, Needs, object, number])[] = [
  ["one", { a: "" }, {}, 1],
  ["a row", { a: "", b: "a", c: "b" }, {}, 1],
  ["no needs", { a: "", b: "", c: "" }, {}, 3],
  ["a diamond", { a: "", b: "a", c: "a", d: "bc" }, {}, 2],
  ["two rows side by side", { a: "", b: "", c: "a", d: "b" }, {}, 2],
  ["wide only across its depths", { a: "", b: "", c: "a", d: "a", e: "b", f: "e" }, {}, 3],
  ["a long way round counts as well", { a: "", b: "a", c: "b", d: "ac" }, {}, 1],
  ["in any order", { c: "b", b: "a", a: "", d: "a" }, {}, 2],
  ["no stand-in", { x: "", y: "" }, {}, 1],
  ["the plan's own limit", { a: "", b: "", c: "" }, { budget: { width: 2 } }, 2],
  [
    "the limit of all plans",
    Object.fromEntries("abcdefghijklmnopqrstuvw".split("").map((id) => [id, ""])),
    {},
    Math.min(23, LIMITS.missionWidth),
  ],
];
for (const [what, needs, more, width] of shapes) {
  test(`how many at once: ${what}`, () => {
    const { facts } = missionLab({});
    expect(estimateOf(facts, planOf(needs, more)).width).toBe(width);
  });
}

test("an estimate's numbers", () => {
  const { facts } = missionLab({ limits: { cost: 2 } });
  const tasks = [
    { id: "a", tool: "say", args: {} },
    { id: "b", agent: "writer", prompt: "go", needs: ["a"], budget: { turns: 3, calls: 4 } },
    { id: "c", agent: "writer", prompt: "go", needs: ["a"], budget: { turns: 2, calls: 5 } },
  ];
  const written = { name: "demo", description: "A demo.", tasks, budget: { cost: 3 } };
  expect(estimateOf(facts, Plan.parse(written))).toMatchObject({
    ...{ tasks: 3, width: 2 },
    budget: {
      turns: 5,
      calls: 10,
      cost: 2,
      tokens: Math.min(LIMITS.missionTokens, 2 * LIMITS.tokens),
    },
  });
});

test("it is the largest set of which none comes after another, whatever the plan", () => {
  const ids = "abcdefgh".split("");
  const someNeeds = fc
    .array(fc.nat(255), { minLength: 1, maxLength: ids.length })
    .map((rows) =>
      Object.fromEntries(
        rows.map((bits, at) => [
          ids[at] ?? "",
          ids.filter((_, n) => n < at && ((bits >> n) & 1) === 1).join(""),
        ]),
      ),
    );
  fc.assert(
    fc.property(someNeeds, (needs) => {
      const all = Object.keys(needs);
      const isAfter = (one: string, other: string): boolean =>
        (needs[one] ?? "").split("").some((need) => need === other || isAfter(need, other));
      let most = 0;
      for (let set = 1; set < 1 << all.length; set++) {
        const some = all.filter((_, n) => ((set >> n) & 1) === 1);
        if (some.length > most && !some.some((one) => some.some((other) => isAfter(one, other))))
          most = some.length;
      }
      expect(widthOf(planOf(needs).tasks)).toBe(most);
    }),
    { numRuns: 100 },
  );
});
