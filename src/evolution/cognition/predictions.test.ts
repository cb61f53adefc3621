import { describe, expect, test } from "bun:test";
import type { Thought } from "../../contracts/cognition.ts";
import type { EventBody } from "../../contracts/event.ts";
import { beginIn, missionLab } from "../../missions/testing/mission-lab.ts";
import type { Journal } from "../../journal/journal.ts";
import { codeOf } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import {
  deskOf,
  dropViews,
  idOf,
  noting,
  runIn,
  thinking,
  type Thinking,
  write,
} from "./testing/thinking.ts";

const says = (chance: number, more: object = {}): Thought => ({
  is: "prediction",
  chance,
  ...more,
});
const settles = (id: string, came: "yes" | "no" | "void", corrects?: true): Thought => ({
  ...{ is: "settlement", of: id, came },
  ...(corrects ? { corrects } : {}),
});

test("ten that were settled have a score, and one less has none", async () => {
  const made = thinking();
  for (let i = 0; i < 10; i++) {
    const id = await idOf(made, says(80), `it rains on day ${i}`);
    if (i === 9) expect(made.desk.status().predictions).toMatchObject({ settled: 9, brier: null });
    await idOf(made, settles(id, i < 8 ? "yes" : "no"));
  }
  expect(made.desk.status()).toMatchObject({
    predictions: {
      ...{ noted: 10, open: 0, settled: 10, void: 0, reads: "fits" },
      brier: expect.closeTo(0.16, 10),
    },
    ...{ unread: 0, refused: 0 },
  });
  expect(made.journal.verify()).toMatchObject({ ok: true });
});

test("what cannot be told counts for nothing, what is due is said, what was wrong is corrected", async () => {
  const made = thinking();
  const due = made.clock.now() + 1_000;
  const [a, b, c] = await Promise.all(
    ["a", "b", "c"].map((text) => idOf(made, says(60, { due }), text)),
  );
  expect(made.desk.status().predictions).toMatchObject({ open: 3, due: 0 });
  made.clock.advance(1_000);
  expect(made.desk.status().predictions).toMatchObject({ open: 3, due: 3 });
  expect(await idOf(made, settles(a ?? "", "void"))).toStartWith("t");
  expect(await idOf(made, settles(b ?? "", "yes"))).toStartWith("t");
  expect(await idOf(made, settles(b ?? "", "no"))).toBe("thought.settled");
  expect(await idOf(made, settles(b ?? "", "no", true))).toStartWith("t");
  expect(await idOf(made, settles(c ?? "", "no", true))).toBe("thought.not_settled");
  const { predictions } = made.desk.status();
  expect(predictions).toMatchObject({ open: 1, due: 1, void: 1, settled: 1, corrected: 1 });
  expect(predictions.calibration[6]?.came).toMatchObject({ n: 1, hits: 0 });
  expect(made.desk.list({ open: true }).map(({ id }) => id)).toEqual([c ?? ""]);
  expect(made.desk.show(b ?? "").about.map(({ thought }) => thought.is)).toEqual([
    ...["settlement", "settlement"],
  ] as never);
});

describe("what is refused", () => {
  const CASES: readonly (readonly [string, Thought, readonly string[], string])[] = [
    ["what settles nothing", settles("t0", "yes"), [], "thought.unknown"],
    ["words that say nothing", says(1), [" "], "thought.words"],
    ["words no screen shows", says(1), ["a\u001b[2J"], "thought.words"],
    ["too many words", says(1), ["x".repeat(LIMITS.thoughtChars + 1)], "thought.words"],
    ["too many parts", says(1), Array(LIMITS.thoughtTexts + 1).fill("x"), "thought.words"],
  ];
  for (const [name, thought, texts, code] of CASES) {
    test(name, async () => expect(await idOf(thinking(), thought, ...texts)).toBe(code));
  }
  test("a settlement of a settlement", async () => {
    const made = thinking();
    const settled = await idOf(made, settles(await idOf(made, says(1), "a"), "no"));
    expect(await idOf(made, settles(settled, "no"))).toBe("thought.other_kind");
    expect(() => made.desk.show("t0")).toThrow("Nothing is noted under t0.");
  });
});

test("an agent foretells, sees what came of it, and what it noted has the label of its run", async () => {
  const foretell = { name: "thought_predict", args: { text: "the build passes", chance: 90 } };
  const made = noting([foretell, { name: "thought_list", args: {} }]);
  const run = await runIn(made);
  const [line] = made.desk.list();
  expect(line).toMatchObject({
    ...{ id: `${run}.2`, by: "agent:oracle", texts: ["the build passes"] },
    thought: { is: "prediction", chance: 90 },
    label: { integrity: "operator" },
  });
  await idOf(made, settles(`${run}.2`, "no"));
  await runIn(made);
  const told = made.journal.chain(made.desk.list()[0]?.id.split(".")[0] ?? "");
  const seen = [...told].flatMap(({ body }) =>
    body?.kind === "action.settled" && body.outcome.status === "done" ? [body.outcome.output] : [],
  );
  expect(seen.at(-1)).toMatchObject([
    { chance: 90, came: null },
    { chance: 90, came: "no", texts: ["the build passes"] },
  ]);
  expect(made.desk.status().predictions).toMatchObject({ noted: 2, settled: 1, open: 1 });
});

describe("what an agent is refused", () => {
  const CASES: readonly (readonly [string, object, string])[] = [
    ["no chance", { text: "a" }, "call.bad_arguments"],
    ["no words", { chance: 1 }, "call.bad_arguments"],
    ["a chance over all", { text: "a", chance: 101 }, "call.bad_arguments"],
    ["a part of a percent", { text: "a", chance: 0.5 }, "call.bad_arguments"],
    ["a source to blame", { text: "a", chance: 1, source: "press" }, "call.bad_arguments"],
    ["what came of it", { text: "a", chance: 1, came: "yes" }, "call.bad_arguments"],
    ["another kind", { text: "a", chance: 1, is: "settlement", of: "t1" }, "call.bad_arguments"],
    ["words no screen shows", { text: "a\u202eb", chance: 1 }, "call.bad_arguments"],
  ];
  for (const [name, args] of CASES) {
    test(name, async () => {
      const made = noting([{ name: "thought_predict", args: args as never }]);
      await runIn(made);
      expect(made.desk.list()).toEqual([]);
    });
  }
  test("who does not list it is not offered it", async () => {
    const made = noting([{ name: "thought_predict", args: { text: "a", chance: 1 } }], {
      tools: [],
    });
    await runIn(made);
    expect(made.desk.list()).toEqual([]);
  });
  test("more than a run may note", async () => {
    const call = { name: "thought_predict", args: { text: "a", chance: 1 } };
    const calls = Array.from({ length: 30 }, () => call);
    const made = thinking({
      agents: [{ manifest: { name: "oracle", tools: ["thought_predict"] } }],
      script: { turns: [{ calls }, { calls }, { say: "done" }] },
    });
    const run = await runIn(made);
    const mine = made.desk.list({ limit: 100 });
    expect(mine).toHaveLength(LIMITS.thoughtsPerRun);
    expect(made.world.thoughts.of("agent:oracle")).toHaveLength(LIMITS.thoughtsTold);
    const full = { id: `${run}_1.9`, by: "agent:helper", thought: says(1) as never };
    expect(made.world.thoughts.refuse(full)).toMatchObject({ code: "thought.full" });
  });
});

test("an agent's step that says what came counts for nothing, whoever wrote it", async () => {
  const made = thinking();
  const id = await idOf(made, says(10), "a");
  const settled = (step: string, thought: Thought): EventBody =>
    ({
      kind: "action.settled",
      outcome: { status: "done", output: step, thought },
      ms: 0,
    }) as EventBody;
  const common = { policy: null, isolation: null, label: null, actor: "agent:oracle" };
  await made.journal.append([
    { ...common, run: "r9", step: "r9.1", body: settled("r9.1", settles(id, "yes")) },
    { ...common, run: "r9", step: "r9.2", body: settled("r9.2", says(90)) },
    // The same step again.
    { ...common, run: "r9", step: "r9.2", body: settled("r9.2", says(1)) },
  ]);
  expect(made.desk.status()).toMatchObject({ refused: 2, predictions: { noted: 2, open: 2 } });
});

test("a mission settles what was foretold of it before it ended", async () => {
  // Nothing comes to anything before it was foretold.
  let noted = Promise.withResolvers<void>();
  const made = missionLab({
    tools: [
      { name: "say", run: () => noted.promise.then(() => "said") },
      { name: "fail", run: () => noted.promise.then(() => Promise.reject(new Error("told to"))) },
    ],
    agents: [{ manifest: { name: "oracle" } }],
  });
  const desk = deskOf(made.world);
  const task = { id: "a", tool: "say", args: {}, checks: [{ that: "output == 'said'" }] };
  const open = { ...task, checks: [] };
  for (const [tasks, came] of [
    [[task], { settled: 1, byMission: 1, open: 0 }],
    [[{ id: "a", tool: "fail", args: {} }], { settled: 2, byMission: 2, open: 0 }],
    // Nothing stands behind what it came to: the operator says it.
    [[open], { settled: 2, byMission: 2, open: 1 }],
  ] as const) {
    const handle = await beginIn(made, made.world, { tasks });
    const foretold = await desk.note(says(70, { mission: handle.run }), ["it is proven"]);
    noted.resolve();
    await handle.done;
    noted = Promise.withResolvers();
    expect(desk.status().predictions).toMatchObject(came);
    // What is foretold of it afterwards foretells nothing.
    await desk.note(says(99, { mission: handle.run }), ["it was"]);
    const { byMission } = desk.status().predictions;
    expect(byMission).toBe(came.byMission);
    for (const { id } of desk.list({ open: true }).filter((one) => one.id !== foretold.id)) {
      await desk.note(settles(id, "void"), []);
    }
  }
});

test("one check settles what was foretold of it, as soon as its task has ended", async () => {
  const [said, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const made = missionLab({
    tools: [
      { name: "say", run: () => said.promise.then(() => "said") },
      { name: "wait", run: () => rest.promise.then(() => "late") },
    ],
    agents: [{ manifest: { name: "oracle" } }],
  });
  const desk = deskOf(made.world);
  const checks = [
    { id: "yes", contains: "said", observe: true },
    { id: "no", contains: "other", observe: true },
    { id: "let", contains: "other" },
  ];
  const tasks = [
    { id: "a", tool: "say", args: {}, checks },
    { id: "b", tool: "wait", args: {}, needs: ["a"], checks: [{ id: "yes", contains: "late" }] },
  ];
  const { run: mission, done } = await beginIn(made, made.world, { tasks }, { waived: ["a.let"] });
  const foretell = (check: string): Promise<unknown> =>
    desk.note(says(70, { mission, check }), [`${check} is met`]);
  for (const check of ["a.yes", "a.no", "a.let", "b.yes"]) await foretell(check);
  expect(await foretell("a.none").catch(codeOf)).toBe("mission.waive");
  const alone: Promise<unknown> = desk.note(says(70, { check: "a.yes" }), ["x"]);
  expect(await alone.catch(codeOf)).toBe("thought.no_mission");
  const came = (): unknown => desk.status().predictions;
  expect(came()).toMatchObject({ noted: 4, open: 4 });
  said.resolve();
  await ended(made.journal, mission, "a");
  // What was let go says nothing, and the last task is still to come.
  expect(came()).toMatchObject({ open: 2, settled: 2, byMission: 2 });
  await foretell("a.no");
  rest.resolve();
  await done;
  expect(came()).toMatchObject({ noted: 5, open: 2, settled: 3, byMission: 3 });
});

/** Resolves when this task has ended. */
async function ended(journal: Journal, run: string, task: string): Promise<void> {
  const isOver = (): boolean =>
    [...journal.chain(run)].some(({ body }) => body?.kind === "task.ended" && body.task === task);
  while (!isOver()) await new Promise((resolve) => setImmediate(resolve));
}

test("words that are forgotten are nowhere, and every figure stays", async () => {
  const made = noting([
    { name: "thought_predict", args: { text: "Dora marries in the spring", chance: 75 } },
  ]);
  await runIn(made);
  const mine = await idOf(made, says(20), "Dora stays in the town");
  for (const { id } of made.desk.list()) await idOf(made, settles(id, "yes"));
  const read = (): unknown => ({ ...made.desk.status(), attention: null });
  const before = read();
  for (const { id } of made.desk.list().filter(({ thought }) => thought.is === "prediction")) {
    expect((await made.desk.forget(id, true)).bodies).toBeGreaterThan(0);
    expect((await made.desk.forget(id)).bodies).toBeGreaterThan(0);
    expect(made.desk.show(id).texts).toBe(null);
    expect(await made.desk.forget(id)).toEqual({ bodies: 0 });
  }
  expect(made.desk.show(mine).texts).toBe(null);
  expect(read()).toEqual(before);
  expect(JSON.stringify([...made.journal.since(0, { bodies: true })])).not.toContain("Dora");
  expect(made.journal.verify()).toMatchObject({ ok: true });
});

test("all of it is worked out from the journal: views may go, and another process sees the same", async () => {
  const made = noting([{ name: "thought_predict", args: { text: "a b c", chance: 30 } }]);
  await runIn(made);
  await idOf(made, says(40), "mine");
  const seen = (one: Thinking): unknown => [one.desk.status(), one.desk.list()];
  const before = seen(made);
  dropViews(made.journal);
  expect(seen(made)).toEqual(before);
  const again = made.again();
  expect(seen({ ...again, desk: deskOf(again.world) })).toEqual(before);
});

test("a home holds so many thoughts, and one so many about it", async () => {
  const made = thinking();
  const id = await idOf(made, says(50), "a");
  const about = Array.from({ length: LIMITS.thoughtsAbout }, (_, i) => ({
    ...{ id: `s${i}`, thought: settles(id, "no", i === 0 ? undefined : true) },
  }));
  await write(made.journal, about);
  expect(await idOf(made, settles(id, "yes", true))).toBe("thought.full");
  const rest = Array.from({ length: LIMITS.thoughts }, (_, i) => ({
    id: `p${i}`,
    thought: says(1),
  }));
  await write(made.journal, rest);
  expect(made.desk.status()).toMatchObject({ refused: 1 + LIMITS.thoughtsAbout });
  expect(await idOf(made, says(1), "b")).toBe("thought.full");
}, 20_000);

test("what was erased whole or does not verify is said, and counts for nothing", async () => {
  const made = thinking();
  await idOf(made, says(50), "a");
  const [noted] = [...made.journal.since(0)].filter(({ event }) => event.kind === "thought.noted");
  await made.journal.erase(noted?.event.hash ?? "", "asked for");
  expect(made.desk.status()).toMatchObject({ unread: 1, predictions: { noted: 0 } });
});
