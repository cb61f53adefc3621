import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LinkKind, Thought } from "../../contracts/cognition.ts";
import { overlapOf } from "./instruments/retellings.ts";
import {
  codeOf,
  deskOf,
  idOf,
  noting,
  runIn,
  thinking,
  type Thinking,
} from "./testing/thinking.ts";

const said: Thought = { is: "statement" };

/** Statements by name, linked as `a>b`. */
async function drawn(
  made: Thinking,
  how: LinkKind,
  ...links: readonly string[]
): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {};
  for (const name of new Set(links.join("").replaceAll(">", ""))) {
    ids[name] = await idOf(made, said, name);
  }
  for (const link of links) {
    const [from = "", to = ""] = link.split(">").map((name) => ids[name] ?? "");
    expect(await idOf(made, { is: "link", from, how, to })).toStartWith("t");
  }
  return ids;
}

const named = (ids: Readonly<Record<string, string>>, all: readonly string[]): string =>
  all.map((id) => Object.keys(ids).find((name) => ids[name] === id)).join("");

test("the ladder: how high it is, and what stands on one case", async () => {
  const made = thinking();
  const ids = await drawn(made, "case_of", "a>m", "b>m", "m>t", "c>u");
  const { ladder } = made.desk.status();
  expect(ladder).toMatchObject({ rungs: 6, general: 3, height: 2, fromOne: { n: 1 } });
  expect(named(ids, ladder.fromOne.first)).toBe("u");
});

test("what is needed: what is ready, and an order in which the rest can be had", async () => {
  const made = thinking();
  const ids = await drawn(made, "needs", "d>b", "d>c", "b>a", "c>a", "x>y");
  const order = (name: string): string =>
    named(
      ids,
      made.desk.order(ids[name] ?? "").map(({ id }) => id),
    );
  expect(order("d")).toBe("abcd");
  const seen = (): unknown => {
    const { had, waiting, ready } = made.desk.status().prerequisites;
    return [had, waiting, named(ids, ready.first)];
  };
  expect(seen()).toEqual([0, 4, "ay"]);
  const have = (name: string, known: boolean): Thought => ({
    is: "known",
    of: ids[name] ?? "",
    known,
  });
  await idOf(made, have("a", true));
  expect(order("d")).toBe("bcd");
  expect(seen()).toEqual([1, 2, "bcy"]);
  await idOf(made, have("a", false));
  expect(order("d")).toBe("abcd");
  for (const name of "abcd") await idOf(made, have(name, true));
  expect(order("d")).toBe("");
  expect(() => made.desk.order("t0")).toThrow("Nothing is noted");
});

describe("causes, as they are drawn", () => {
  const CASES: readonly (readonly [string, readonly string[], string, unknown])[] = [
    ["one leads to the other", ["a>b"], "ab", [true, "", "", ""]],
    ["through a third", ["a>m", "m>b"], "ab", [true, "m", "", ""]],
    ["a cause of both misleads", ["c>a", "c>b"], "ab", [false, "", "c", ""]],
    ["and behind it", ["r>c", "c>a", "c>b", "a>b"], "ab", [true, "", "rc", ""]],
    ["what passes through the first alone does not", ["c>a", "a>b"], "ab", [true, "", "", ""]],
    ["an effect of both", ["a>e", "b>e"], "ab", [false, "", "", "e"]],
    ["the other way round", ["b>a"], "ab", [false, "", "", ""]],
  ];
  for (const [name, links, [from = "", to = ""], expected] of CASES) {
    test(name, async () => {
      const made = thinking();
      const ids = await drawn(made, "causes", ...links);
      const { leads, through, common, effects } = made.desk.cause(ids[from] ?? "", ids[to] ?? "");
      const sorted = (all: readonly string[]): string =>
        named(
          ids,
          all.toSorted((a, b) => Object.values(ids).indexOf(a) - Object.values(ids).indexOf(b)),
        );
      expect([leads, ...[through, common, effects].map(sorted)] as unknown).toEqual(expected);
      expect(made.desk.status().causes.links).toBe(links.length);
    });
  }
  test("no cause leads back to itself, whichever kind of link is between", async () => {
    const made = thinking();
    const ids = await drawn(made, "causes", "a>b", "b>c");
    const back = { from: ids["c"] ?? "", to: ids["a"] ?? "" };
    expect(await idOf(made, { is: "link", how: "causes", ...back })).toBe("thought.link");
    expect(await idOf(made, { is: "link", how: "needs", ...back })).toStartWith("t");
    expect(await idOf(made, { is: "link", how: "rests_on", ...back })).toBe("thought.other_kind");
    expect(made.desk.status().causes.roots.first).toEqual([ids["a"] ?? ""]);
  });
});

test("what is told again is held against what was noted, and the figure outlives the words", async () => {
  const made = thinking();
  const id = await idOf(made, said, "It rained on the first day of May");
  for (let i = 0; i < 5; i++) await made.desk.retell(id, "It snowed on the first day of June");
  expect(made.desk.status().retellings).toEqual({ told: 5, overlap: 60 });
  await made.desk.forget(id);
  expect(JSON.stringify([...made.journal.since(0, { bodies: true })])).not.toContain("first day");
  expect(made.desk.status().retellings).toEqual({ told: 5, overlap: 60 });
  expect(await made.desk.retell(id, "again").catch(codeOf)).toBe("thought.erased");
  // Nobody gives the figure.
  const given: Thought = { is: "retelling", of: id, overlap: 100 };
  expect(await made.desk.note(given, ["x"]).catch(String)).toContain("bug");
});

test("an overlap is 100 of the same words, 0 of none in common, and the same both ways", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "ä", "7", "c"), { minLength: 1 })
    .map((all) => all.join(" "));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(overlapOf(a, b)).toBe(overlapOf(b, a));
      expect(overlapOf(a, a.toUpperCase().split(" ").toReversed().join(", "))).toBe(100);
      expect(overlapOf(a, "z")).toBe(0);
    }),
  );
});

test("where attention went is read off the record of runs alone", async () => {
  const made = noting([{ name: "thought_predict", args: { text: "a", chance: 10 } }]);
  await runIn(made);
  await runIn(made);
  const { attention } = made.desk.status();
  expect(attention).toMatchObject({
    ...{ runs: 2, by: { n: 1, first: [{ agent: "oracle", runs: 2, calls: 2 }] } },
    asks: { asked: 0, answered: 0, middleMs: null },
  });
  made.clock.advance(31 * 24 * 3_600_000);
  expect(made.desk.status().attention).toMatchObject({ runs: 0, by: { n: 0, first: [] } });
  expect(deskOf(made.world).status().attention.runs).toBe(0);
});
