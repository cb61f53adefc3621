import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Thought } from "../../contracts/cognition.ts";
import { LIMITS } from "../../std/limits.ts";
import { depthOf, linkFault, openGraph, reached } from "./graph.ts";
import { type Held, holdAll, type One } from "./held.ts";
import { RULES } from "./instruments.ts";
import { cascadeOf, heldChances } from "./instruments/beliefs.ts";

const IDS = Array.from({ length: 9 }, (_, i) => `b${i}`);
const id = fc.constantFrom(...IDS);
const chance = fc.integer({ min: 0, max: 100 });

function one(thought: Thought, seq: number, name = `n${seq}`): One {
  return { id: name, seq, at: 0, by: "operator", label: null, texts: null, thought };
}

/** Nine beliefs with these chances, then these thoughts. */
function held(chances: readonly number[], more: readonly Thought[]): Held {
  const beliefs = IDS.map((name, i) => one({ is: "belief", chance: chances[i] ?? 50 }, i, name));
  return holdAll(RULES, [...beliefs, ...more.map((thought, i) => one(thought, IDS.length + i))]);
}

const link: fc.Arbitrary<Thought> = fc.record({
  is: fc.constantFrom("link" as const, "link" as const, "unlink" as const),
  how: fc.constantFrom("rests_on" as const, "contradicts" as const),
  from: id,
  to: id,
});
const revision: fc.Arbitrary<Thought> = fc.record({ is: fc.constant("revision"), of: id, chance });
const chances = fc.array(chance, { minLength: 9, maxLength: 9 });

test("however links are made, no way leads back, and what is refused changed nothing", () => {
  fc.assert(
    fc.property(chances, fc.array(fc.oneof(link, revision), { maxLength: 60 }), (given, more) => {
      const all = held(given, more);
      for (const name of IDS) {
        expect(reached(all.graph, "rests_on", name).has(name)).toBe(false);
        for (const to of all.graph.out("rests_on", name)) {
          expect(all.graph.into("rests_on", to).has(name)).toBe(true);
          expect(reached(all.graph, "rests_on", to).has(name)).toBe(false);
        }
      }
      const kept = all.all.map(({ thought }) => thought).filter((_, i) => i >= IDS.length);
      const again = held(given, kept);
      expect(again.refused).toEqual([]);
      expect(IDS.map(heldChances(again))).toEqual(IDS.map(heldChances(all)));
    }),
  );
});

test("how surely each is held does not hang on the order of links and revisions, and is a minimum", () => {
  // Links downwards alone, so that any order of them is allowed.
  const down = fc
    .tuple(fc.nat(8), fc.nat(8))
    .filter(([a, b]) => a !== b)
    .map(([a, b]): Thought => {
      const [from, to] = [IDS[Math.max(a, b)] ?? "", IDS[Math.min(a, b)] ?? ""];
      return { is: "link", from, how: "rests_on", to };
    });
  const links = fc.uniqueArray(down, { maxLength: 20, selector: (one) => JSON.stringify(one) });
  const orders = links.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(chances, orders, id, chance, (given, [links1, links2], of, next) => {
      const [a, b] = [held(given, links1), held(given, links2)];
      const seen = IDS.map(heldChances(a));
      expect(IDS.map(heldChances(b))).toEqual(seen);
      IDS.forEach((name, i) => {
        const below = [...reached(a.graph, "rests_on", name)].map(
          (one) => given[IDS.indexOf(one)] ?? 0,
        );
        expect(seen[i]).toBe(Math.min(given[i] ?? 0, ...below));
      });
      // What a cascade says beforehand is what holds afterwards, first or last.
      const revised: Thought = { is: "revision", of, chance: next };
      const after = held(given, [...links1, revised]);
      const first = held(given, [revised, ...links2]);
      expect(IDS.map(heldChances(first))).toEqual(IDS.map(heldChances(after)));
      const said = new Map(cascadeOf(a, of, next).map((change) => [change.id, change.after]));
      expect(IDS.map((name, i) => said.get(name) ?? seen[i])).toEqual(IDS.map(heldChances(after)));
    }),
  );
});

test("a graph has bounds, and says which one was reached", () => {
  const graph = openGraph();
  for (let i = 0; i < LIMITS.linkDepth; i++) graph.add("rests_on", `c${i}`, `c${i + 1}`);
  expect(depthOf(graph, "rests_on", "c0")).toBe(LIMITS.linkDepth);
  expect(linkFault(graph, "rests_on", "x", "c0")).toContain("links deep");
  expect(linkFault(graph, "rests_on", `c${LIMITS.linkDepth}`, "x")).toContain("links deep");
  expect(linkFault(graph, "rests_on", "x", "c1")).toBe(null);
  expect(linkFault(graph, "rests_on", "c9", "c9")).toContain("to itself");
  expect(linkFault(graph, "rests_on", "c9", "c2")).toContain("back to itself");
  expect(linkFault(graph, "rests_on", "c2", "c3")).toContain("already");
  for (let i = 0; i < LIMITS.linksEach; i++) graph.add("rests_on", "wide", `w${i}`);
  expect(linkFault(graph, "rests_on", "wide", "x")).toContain(`${LIMITS.linksEach} such links`);
  for (let i = graph.size("rests_on"); i < LIMITS.links; i++)
    graph.add("rests_on", `a${i}`, `z${i}`);
  expect(linkFault(graph, "rests_on", "x", "y")).toContain(`${LIMITS.links} such links`);
  // Of another kind there is none yet.
  expect(linkFault(graph, "contradicts", "x", "y")).toBe(null);
});
