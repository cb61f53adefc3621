import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Thought } from "../../contracts/cognition.ts";
import type { ModelLine } from "../../contracts/nanos.ts";
import { ended } from "../../kernel/testing/lab.ts";
import { begin } from "../../kernel/runner.ts";
import { codeOf, idOf, noting, runIn, thinking, type Thinking } from "./testing/thinking.ts";

type Line = { from: number[]; belief?: string };
const argues = (...lines: readonly (Line | number[])[]): Thought => ({
  is: "argument",
  lines: lines.map((line) => (Array.isArray(line) ? { from: line } : line)),
});
const words = (n: number): string[] => Array.from({ length: n }, (_, i) => `line ${i + 1}`);

test("what an argument hangs on, and how sure that is at most", async () => {
  const made = thinking();
  const a = await idOf(made, { is: "belief", chance: 90 }, "a");
  const b = await idOf(made, { is: "belief", chance: 60 }, "b");
  const given = argues({ from: [], belief: a }, { from: [], belief: b }, [], [1, 2], [4]);
  const id = await idOf(made, given, ...words(5));
  expect(made.desk.show(id).compiled).toEqual({
    ...{ premises: [1, 2], unused: [3], unbacked: [], atMost: 60, state: "unchallenged" },
  });
  await idOf(made, { is: "settlement", of: b, came: "no" });
  expect(made.desk.show(id).compiled?.atMost).toBe(0);
  const bare = await idOf(made, argues([], { from: [], belief: a }, [1, 2]), ...words(3));
  expect(made.desk.show(bare).compiled).toMatchObject({ unbacked: [1], atMost: null });
  expect(made.desk.status().arguments).toEqual({
    ...{ noted: 2, unchallenged: 2, challenged: 0, conceded: 0, unbacked: 1, unused: 1 },
  });
});

test("an objection challenges it until it is met, and a conceded one brings it down", async () => {
  const made = thinking();
  const id = await idOf(made, argues([], [1]), ...words(2));
  const counter = await idOf(made, { is: "counter", of: id, line: 1 }, "not so");
  const state = (): string | undefined => made.desk.show(id).compiled?.state;
  expect(state()).toBe("challenged");
  await idOf(made, { is: "answer", of: counter, how: "met" }, "it was measured");
  expect(state()).toBe("unchallenged");
  await idOf(made, { is: "answer", of: counter, how: "conceded" });
  await idOf(made, { is: "counter", of: id }, "nor that");
  expect(state()).toBe("conceded");
  expect(made.desk.status().counters).toEqual({ noted: 2, open: 1, met: 0, conceded: 1 });
});

test("premises and unused lines are all lines that follow from nothing or that nothing needs", () => {
  const lines = fc
    .array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
    .map((all) => [
      ...all.map((from, i) => (i === 0 ? [] : [...new Set(from.map((n) => 1 + (n % i)))])),
      [all.length],
    ]);
  return fc.assert(
    fc.asyncProperty(lines, async (given) => {
      const made = thinking();
      const id = await idOf(made, argues(...given), ...words(given.length));
      const compiled = made.desk.show(id).compiled;
      const used = new Set<number>();
      const visit = (n: number): void => {
        if (used.has(n)) return;
        used.add(n);
        for (const from of given[n - 1] ?? []) visit(from);
      };
      visit(given.length);
      const all = given.map((_, i) => i + 1);
      expect(compiled?.unused).toEqual(all.filter((n) => !used.has(n)));
      expect(compiled?.premises).toEqual(
        all.filter((n) => used.has(n) && given[n - 1]?.length === 0),
      );
    }),
    { numRuns: 30 },
  );
});

describe("what is no argument", () => {
  const CASES: readonly (readonly [string, Thought, number, string])[] = [
    ["a line from a later one", argues([2], [1]), 2, "thought.argument"],
    ["a line from itself", argues([], [2]), 2, "thought.argument"],
    ["a claim from nothing", argues([], []), 2, "thought.argument"],
    ["fewer words than lines", argues([], [1]), 1, "thought.words"],
    ["more words than lines", argues([], [1]), 3, "thought.words"],
    ["a belief that is none", argues({ from: [], belief: "t0" }, [1]), 2, "thought.unknown"],
    ["a belief that follows", argues([], { from: [1], belief: "t0" }), 2, "thought.argument"],
  ];
  for (const [name, thought, n, code] of CASES) {
    test(name, async () => expect(await idOf(thinking(), thought, ...words(n))).toBe(code));
  }
  test("an objection to a line that is not there, and words where none belong", async () => {
    const made = thinking();
    const id = await idOf(made, argues([], [1]), ...words(2));
    expect(await idOf(made, { is: "counter", of: id, line: 3 }, "x")).toBe("thought.argument");
    expect(await idOf(made, { is: "counter", of: id })).toBe("thought.words");
    expect(await idOf(made, { is: "answer", of: id, how: "met" })).toBe("thought.other_kind");
    const said = await idOf(made, { is: "statement" }, "x");
    expect(await idOf(made, { is: "known", of: said, known: true }, "x")).toBe("thought.words");
    expect(await idOf(made, { is: "prediction", chance: 1 })).toBe("thought.words");
  });
});

const TOOLS = ["thought_argue", "thought_counter", "thought_show"];
const SCRIPT: ModelLine = {
  ...{ name: "script", from: "home", inUse: true, card: null },
  config: { adapter: "script" } as unknown as ModelLine["config"],
};

/** A home whose oracle makes these calls of an argument that the operator names. */
function writer(calls: (id: string) => readonly object[], id: string, from: Thinking): Thinking {
  const turns = calls(id).map((call) => ({ calls: [call as never] }));
  const setup = {
    traits: ["CLAIM_ANALYZE"] as const,
    agents: [{ manifest: { name: "oracle", tools: TOOLS } }],
    script: { turns: [...turns, { say: "done" }] },
  };
  return thinking(setup, [SCRIPT], from);
}

test("an agent writes an argument for a claim, and an objection to one it was named", async () => {
  const lines = [
    { text: "All men die" },
    { text: "Socrates is a man" },
    { text: "He dies", from: [1, 2] },
  ];
  const first = writer(() => [{ name: "thought_argue", args: { lines } }], "", thinking());
  const handle = await first.desk.write({ agent: "oracle", claim: "Socrates dies" });
  await handle.done;
  const [argued] = first.desk.list();
  expect(argued).toMatchObject({
    ...{ by: "agent:oracle", texts: ["All men die", "Socrates is a man", "He dies"] },
    thought: { is: "argument", lines: [{ from: [] }, { from: [] }, { from: [1, 2] }] },
  });
  const id = argued?.id ?? "";
  const second = writer(
    (of) => [
      { name: "thought_show", args: { of } },
      { name: "thought_counter", args: { of, line: 2, text: "He may be a statue" } },
    ],
    id,
    first,
  );
  const run = (await ended(second.desk.write({ agent: "oracle", against: id }))).run;
  expect(second.desk.list()[0]).toMatchObject({
    id: `${run}.4`,
    thought: { is: "counter", of: id },
  });
  expect(second.desk.show(id).compiled?.state).toBe("challenged");
});

test("an argument the operator did not name is neither read nor objected to", async () => {
  const made = thinking();
  const id = await idOf(made, argues([], [1]), ...words(2));
  const nosy = writer(
    (of) => [
      { name: "thought_show", args: { of } },
      { name: "thought_counter", args: { of, text: "no" } },
      { name: "thought_show", args: {} },
    ],
    id,
    made,
  );
  const { run } = await ended(begin(nosy.world, { text: "look around" }));
  const said = JSON.stringify([...nosy.journal.chain(run)].map(({ body }) => body));
  expect(said).not.toContain("line 1");
  expect(nosy.desk.list().map((one) => one.id)).toEqual([id]);
  // What is named and is none, is none.
  const belief = await idOf(made, { is: "belief", chance: 1 }, "mine alone");
  const other = writer((of) => [{ name: "thought_show", args: { of } }], belief, made);
  const seen = await ended(begin(other.world, { text: `look at ${belief}` }));
  const told = JSON.stringify([...other.journal.chain(seen.run)].map(({ body }) => body));
  expect(told).toContain("is no argument");
  expect(told).not.toContain("mine alone");
});

describe("without what it takes nothing is begun, and nothing made up", () => {
  const rules = { ...SCRIPT, config: { adapter: "rules" } } as unknown as ModelLine;
  const agents = [{ manifest: { name: "oracle", tools: TOOLS } }];
  const traits = ["CLAIM_ANALYZE"] as const;
  const CASES: readonly (readonly [string, Thinking, string, string])[] = [
    ["no model", thinking({ agents, traits }), "oracle", "thought.no_model"],
    ["the built-in rules", thinking({ agents, traits }, [rules]), "oracle", "thought.no_model"],
    ["no trait", thinking({ agents }, [SCRIPT]), "oracle", "thought.no_writer"],
    ["no tool", thinking({ traits }, [SCRIPT]), "oracle", "thought.no_writer"],
    ["no agent", thinking({ agents, traits }, [SCRIPT]), "nobody", "agent.unknown"],
  ];
  for (const [name, made, agent, code] of CASES) {
    test(name, async () => {
      const began = made.desk.write({ agent, claim: "it holds" });
      expect(await began.then(() => "begun", codeOf)).toBe(code);
      const said = await began.then(() => "", String);
      expect(said.includes("no model: ")).toBe(code === "thought.no_model");
      expect([made.journal.size(), made.desk.list()]).toEqual([0, []]);
    });
  }
});

test("another name for a tool's kind does not get past its trait", async () => {
  const args = { text: "a", chance: 5, is: "belief" };
  const made = noting([{ name: "thought_predict", args }]);
  await runIn(made);
  expect(made.desk.list().map(({ thought }) => thought.is)).toEqual(["prediction"]);
});
