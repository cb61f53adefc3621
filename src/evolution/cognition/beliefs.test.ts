import { describe, expect, test } from "bun:test";
import type { Thought } from "../../contracts/cognition.ts";
import { idOf, noting, runIn, thinking, type Thinking } from "./testing/thinking.ts";

const believes = (chance: number, ...on: readonly string[]): Thought => ({
  ...{ is: "belief", chance },
  ...(on.length === 0 ? {} : { on: [...on] }),
});

/** Three beliefs, each resting on the one before it. */
async function tower(made: Thinking): Promise<[string, string, string]> {
  const a = await idOf(made, believes(90), "the survey is right");
  const b = await idOf(made, believes(80, a), "the ground holds");
  const c = await idOf(made, believes(70, b), "the bridge holds");
  return [a, b, c];
}

test("a belief is held no more surely than what it rests on, and a revision says what changes", async () => {
  const made = thinking();
  const [a, b, c] = await tower(made);
  expect(made.desk.status().beliefs).toMatchObject({ noted: 3, links: 2, lowered: { n: 0 } });
  expect(made.desk.cascade(a, 75)).toEqual([
    { id: a, before: 90, after: 75, texts: ["the survey is right"] },
    { id: b, before: 80, after: 75, texts: ["the ground holds"] },
  ]);
  expect(made.desk.cascade(a, 90)).toEqual([]);
  await idOf(made, { is: "revision", of: a, chance: 20 });
  expect(made.desk.status().beliefs).toMatchObject({
    revised: 1,
    lowered: {
      n: 2,
      first: [
        { id: b, own: 80, held: 20 },
        { id: c, own: 70, held: 20 },
      ],
    },
  });
  await idOf(made, { is: "unlink", from: b, how: "rests_on", to: a });
  expect(made.desk.status().beliefs).toMatchObject({ links: 1, lowered: { n: 0 } });
});

test("what turned out not to be so takes down what rests on it, and is a case of its source", async () => {
  const made = thinking();
  const [a, b] = await tower(made);
  await idOf(made, { is: "settlement", of: a, came: "no" });
  expect(made.desk.status().beliefs.lowered).toMatchObject({
    n: 2,
    first: [{ id: b, held: 0 }, {}],
  });
  await idOf(made, { is: "settlement", of: a, came: "yes", corrects: true });
  expect(made.desk.status().beliefs.lowered.n).toBe(0);
  expect(made.desk.status().sources.first).toMatchObject([
    { source: "operator", right: { n: 1, hits: 1, interval: null }, brier: null },
  ]);
  // Beliefs are no predictions.
  expect(made.desk.status().predictions).toMatchObject({ noted: 0, settled: 0 });
});

test("two that contradict each other and are both held are said", async () => {
  const made = thinking();
  const [a, , c] = await tower(made);
  const d = await idOf(made, believes(60), "the bridge falls");
  await idOf(made, { is: "link", from: c, how: "contradicts", to: d });
  expect(made.desk.status().beliefs.conflicts).toEqual({
    n: 1,
    first: [{ a: c, b: d, together: 130 }],
  });
  await idOf(made, { is: "revision", of: a, chance: 40 });
  expect(made.desk.status().beliefs.conflicts.n).toBe(0);
});

describe("what is refused", () => {
  const CASES: readonly (readonly [
    string,
    (ids: readonly [string, string, string]) => Thought,
    string,
  ])[] = [
    ["a belief on nothing", () => believes(1, "t0"), "thought.unknown"],
    ["a way back", ([a, , c]) => ({ is: "link", from: a, how: "rests_on", to: c }), "thought.link"],
    ["itself", ([a]) => ({ is: "link", from: a, how: "rests_on", to: a }), "thought.link"],
    ["twice", ([a, b]) => ({ is: "link", from: b, how: "rests_on", to: a }), "thought.link"],
    ["no link", ([a, b]) => ({ is: "unlink", from: a, how: "rests_on", to: b }), "thought.link"],
    ["nothing", ([a]) => ({ is: "link", from: a, how: "rests_on", to: "t0" }), "thought.unknown"],
    ["a revision of nothing", () => ({ is: "revision", of: "t0", chance: 1 }), "thought.unknown"],
  ];
  for (const [name, thought, code] of CASES) {
    test(name, async () => {
      const made = thinking();
      expect(await idOf(made, thought(await tower(made)))).toBe(code);
      expect(made.desk.status().refused).toBe(0);
    });
  }
  test("the same contradiction the other way round, and what is no belief", async () => {
    const made = thinking();
    const [a, b] = await tower(made);
    await idOf(made, { is: "link", from: a, how: "contradicts", to: b });
    const back: Thought = { is: "link", from: b, how: "contradicts", to: a };
    expect(await idOf(made, back)).toBe("thought.link");
    const other = await idOf(made, { is: "decision" }, "we build");
    expect(await idOf(made, { ...back, to: other })).toBe("thought.other_kind");
    expect(() => made.desk.cascade(other, 1)).toThrow("is a decision, not a belief");
  });
});

test("an agent believes and revises where the trait is on, its own and on its own alone", async () => {
  const setup = noting([{ name: "thought_believe", args: { text: "it holds", chance: 70 } }]);
  await runIn(setup);
  // The trait is off.
  expect(setup.desk.list()).toEqual([]);

  const made = thinking({
    traits: ["BELIEF_TRACK"],
    agents: [{ manifest: { name: "oracle", tools: ["thought_believe", "thought_revise"] } }],
    script: {
      turns: [
        { calls: [{ name: "thought_believe", args: { text: "a", chance: 70 } }] },
        { say: "ok" },
      ],
    },
  });
  const mine = await idOf(made, believes(90), "mine");
  const run = await runIn(made);
  const first = `${run}.2`;
  const refuse = (thought: object): string | undefined =>
    made.world.thoughts.refuse({ id: "r9.1", by: "agent:oracle", thought: thought as never })?.code;
  expect(refuse(believes(50, first))).toBe(undefined);
  expect(refuse({ is: "revision", of: first, chance: 10 })).toBe(undefined);
  // What it was not told of, it has no hand in.
  expect(refuse(believes(50, mine))).toBe("thought.not_yours");
  expect(refuse({ is: "revision", of: mine, chance: 10 })).toBe("thought.not_yours");
  for (const thought of [
    { is: "settlement", of: first, came: "yes" },
    { is: "link", from: first, how: "rests_on", to: mine },
    { is: "judged", of: mine, was: "good" },
  ]) {
    expect(refuse(thought)).toBe("thought.not_agents");
  }
  // Nor does the operator put words into an agent's mouth.
  expect(await idOf(made, { is: "revision", of: first, chance: 1 })).toBe("thought.not_yours");
  await idOf(made, { is: "settlement", of: first, came: "no" });
  expect(made.desk.status().sources.first).toMatchObject([{ source: "agent:oracle" }]);
});

test("sources stand by what they are right at least, and few cases say nothing", async () => {
  const made = thinking();
  const says = async (source: string, n: number, right: number): Promise<void> => {
    for (let i = 0; i < n; i++) {
      const id = await idOf(made, { is: "prediction", chance: 90, source }, `${source} ${i}`);
      await idOf(made, { is: "settlement", of: id, came: i < right ? "yes" : "no" });
    }
  };
  await says("gossip", 6, 1);
  await says("paper", 20, 18);
  await says("letter", 4, 4);
  await says("almanac", 4, 4);
  const { tracked, first } = made.desk.status().sources;
  expect(tracked).toBe(4);
  expect(first.map(({ source, right }) => [source, right.hits, right.interval === null])).toEqual([
    ["paper", 18, false],
    ["gossip", 1, false],
    ["almanac", 4, true],
    ["letter", 4, true],
  ]);
});
