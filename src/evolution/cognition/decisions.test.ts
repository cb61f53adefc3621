import { describe, expect, test } from "bun:test";
import { ERRORS, type Thought } from "../../contracts/cognition.ts";
import type { AutopsyClass } from "../../contracts/cognition/reading.ts";
import { beginIn, missionLab } from "../../missions/testing/mission-lab.ts";
import { begin, fork } from "../../kernel/runner.ts";
import { ended } from "../../kernel/testing/lab.ts";
import { deskOf, idOf, thinking, type Thinking } from "./testing/thinking.ts";

const decided = (made: Thinking): Promise<string> => idOf(made, { is: "decision" }, "we ship");
const judged = (of: string, was: "good" | "bad"): Thought => ({ is: "judged", of, was });
const turned = (of: string, out: "good" | "bad"): Thought => ({ is: "turned", of, out });

describe("how a decision was made and how it came out", () => {
  const CASES = [
    ["good", "good", "correct"],
    ["good", "bad", "bad_luck"],
    ["bad", "good", "lucky"],
    ["bad", "bad", "deserved"],
  ] as const;
  for (const [was, out, is] of CASES) {
    test(`${was} and ${out} is ${is}`, async () => {
      const made = thinking();
      const id = await decided(made);
      expect(made.desk.status().autopsies).toMatchObject({ decisions: 1, open: 1 });
      await idOf(made, judged(id, was));
      await idOf(made, turned(id, out));
      const classes: Record<AutopsyClass, number> = {
        correct: 0,
        bad_luck: 0,
        lucky: 0,
        deserved: 0,
      };
      classes[is] = 1;
      expect(made.desk.status().autopsies).toMatchObject({ open: 0, classes, hindsight: 0 });
    });
  }
});

test("who judges knowing how it came out is said to, and five of them are an error by name", async () => {
  const made = thinking();
  const ids = await Promise.all(Array.from({ length: 5 }, () => decided(made)));
  for (const [i, id] of ids.entries()) {
    if (i === 4) expect(made.desk.status().errors.shown).toEqual([]);
    await idOf(made, turned(id, "bad"));
    await idOf(made, judged(id, "bad"));
  }
  expect(made.desk.status()).toMatchObject({
    autopsies: {
      ...{ hindsight: 5, classes: { deserved: 5 } },
      ...{ badCameWell: { n: 5, hits: 0 }, goodCameWell: { n: 0, interval: null } },
    },
    errors: { noted: 0, dominant: null, shown: ["hindsight"] },
  });
  // Judged again, it is still judged afterwards; an outcome can be corrected.
  await idOf(made, turned(ids[0] ?? "", "good"));
  expect(made.desk.status().autopsies).toMatchObject({ classes: { lucky: 1, deserved: 4 } });
});

test("the mission a decision was about says how it came out", async () => {
  let noted = Promise.withResolvers<void>();
  const made = missionLab({
    tools: [{ name: "say", run: () => noted.promise.then(() => "said") }],
    agents: [{ manifest: { name: "oracle" } }],
  });
  const desk = deskOf(made.world);
  for (const [that, was] of [
    ["output == 'said'", "good"],
    ["output == 'other'", "bad"],
  ] as const) {
    noted = Promise.withResolvers();
    const tasks = [{ id: "a", tool: "say", args: {}, checks: [{ that }] }];
    const handle = await beginIn(made, made.world, { tasks });
    const { id } = await desk.note({ is: "decision", run: handle.run }, ["we do it so"]);
    await desk.note(judged(id, was), []);
    noted.resolve();
    await handle.done;
  }
  expect(desk.status().autopsies).toMatchObject({
    ...{ open: 0, hindsight: 0, classes: { correct: 1, deserved: 1 } },
  });
});

test("what might have been is counted, and shown where both ways were gone", async () => {
  const made = thinking({ script: { turns: [{ say: "one" }, { say: "other" }] } });
  const { run } = await ended(begin(made.world, { text: "go" }));
  const other = await ended(fork(made.world, { run, at: `${run}.1` }));
  const stranger = await ended(begin(made.world, { text: "go elsewhere" }));
  const id = await idOf(made, { is: "decision", run }, "we go this way");
  const instead = (better: "yes" | "no" | "unsure", gone?: string): Thought => ({
    ...{ is: "instead", of: id, better },
    ...(gone === undefined ? {} : { fork: gone }),
  });
  await idOf(made, instead("unsure"), "we stay");
  await idOf(made, instead("yes", other.run), "we go that way");
  await idOf(made, instead("no", stranger.run), "we go elsewhere");
  expect(made.desk.status().diary).toEqual({
    ...{ noted: 3, better: { yes: 1, no: 1, unsure: 1 } },
    gone: [{ decision: id, was: "succeeded", instead: "succeeded" }],
  });
});

test("errors by name: the most frequent where one is, of equals none", async () => {
  const made = thinking();
  const names = async (error: (typeof ERRORS)[number], n: number): Promise<void> => {
    for (let i = 0; i < n; i++) await idOf(made, { is: "error", error });
  };
  await names("anchoring", 2);
  await names("sunk_cost", 2);
  expect(made.desk.status().errors).toMatchObject({ noted: 4, dominant: null });
  await names("framing", 1);
  expect(made.desk.status().errors.dominant).toBe(null);
  await names("sunk_cost", 1);
  expect(made.desk.status().errors).toMatchObject({
    ...{ noted: 6, dominant: "sunk_cost" },
    by: [{ error: "sunk_cost", n: 3 }, { error: "anchoring" }, { error: "framing" }],
  });
  expect(ERRORS).toHaveLength(14);
  expect(ERRORS.toSorted()).toEqual([...ERRORS]);
});

test("chances that are too sure are an error the record shows", async () => {
  const made = thinking();
  for (let i = 0; i < 10; i++) {
    const id = await idOf(made, { is: "prediction", chance: 95 }, `${i}`);
    await idOf(made, { is: "settlement", of: id, came: i < 3 ? "yes" : "no" });
  }
  expect(made.desk.status().errors).toMatchObject({ noted: 0, shown: ["overconfidence"] });
});

test("what is about nothing, or about another kind, is refused", async () => {
  const made = thinking();
  const other = await idOf(made, { is: "belief", chance: 1 }, "a");
  const cases: readonly Thought[] = [
    judged(other, "good"),
    turned(other, "good"),
    { is: "instead", of: other, better: "yes" },
  ];
  for (const thought of cases) expect(await idOf(made, thought)).toBe("thought.other_kind");
  for (const thought of cases) {
    expect(await idOf(made, { ...thought, of: "t0" } as Thought)).toBe("thought.unknown");
  }
  expect(await idOf(made, { is: "error", error: "framing", of: "t0" })).toBe("thought.unknown");
});
