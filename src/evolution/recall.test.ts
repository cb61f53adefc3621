import { expect, test } from "bun:test";
import { TRAITS, type TraitName } from "../contracts/stage.ts";
import type { RunState } from "../contracts/run.ts";
import { replay } from "../kernel/drive/replay.ts";
import { begin } from "../kernel/runner.ts";
import type { Looker } from "../kernel/looks/look.ts";
import type { Lab } from "../kernel/testing/lab.ts";
import type { World } from "../kernel/world.ts";
import { beginIn, missionLab } from "../missions/testing/mission-lab.ts";
import { decideBy } from "../missions/follow.ts";
import { isObject, type Json } from "../std/json.ts";
import type { NanosError } from "../std/error.ts";
import { lookBack } from "./open.ts";
import { bodiesOf, fill, ONE, TOOLS } from "./testing/fill.ts";

/** A lab whose oracle and helper may look back, with what the model then asks for. */
function labOf(
  calls: readonly { readonly name: string; readonly args: Json }[],
  traits: readonly TraitName[] = ["RECALL", "ANALYZE"],
): { made: Lab; world: World; switched: TraitName[] } {
  const tools = ["recall_missions", "mission_numbers"];
  const turns = calls.map(({ name, args }) => ({ calls: [{ name, args }] }));
  const made = missionLab({
    traits,
    tools: TOOLS,
    agents: [
      { manifest: { name: "oracle", agents: ["helper"], tools } },
      { manifest: { name: "helper", tools } },
      { manifest: { name: "other" } },
    ],
    script: { turns: [...turns, { say: "Done." }] },
  });
  const switched = [...traits];
  const world: World = {
    ...made.world,
    traits: async () => switched,
    look: (name, text, looker) => lookBack(made.world, traits, { name, text, looker }),
  };
  return { made, world, switched };
}

/** The outcomes of looks in a run, with the integrity of what was found. */
function looksIn({ journal }: Lab, run: string): readonly Json[] {
  const names = new Map<string | null, string>();
  return [...journal.chain(run)].flatMap(({ event, body }): Json[] => {
    if (body?.kind === "action.proposed") names.set(event.step, body.action.name);
    if (body?.kind !== "action.settled" || !/recall|numbers/u.test(names.get(event.step) ?? ""))
      return [];
    const { outcome } = body;
    const integrity = event.label?.integrity ?? "none";
    return outcome.status === "done"
      ? [{ found: outcome.output, integrity }]
      : [{ code: outcome.failure.code, integrity }];
  });
}

async function ask(made: Lab, world: World, agent = "oracle"): Promise<RunState> {
  const { done } = await begin(world, { text: "What did we do?", agent });
  const state = await done;
  const report = await replay(made.journal, made.world.recall, state.run, decideBy);
  expect(report.ok).toBe(true);
  return state;
}

test("past missions are found by words, as what they are", async () => {
  const { made, world } = labOf([
    { name: "recall_missions", args: { words: "teapot" } },
    { name: "recall_missions", args: {} },
    { name: "recall_missions", args: { words: 3 } },
  ]);
  const kept = { ...ONE, output: { title: "Teapot report" } };
  const own = await beginIn(made, world, { name: "pots", tasks: [kept] });
  await own.done;
  const theirs = await beginIn(
    made,
    world,
    { name: "brews", tasks: [ONE] },
    { by: "agent:helper" },
  );
  await theirs.done;
  const { run } = await ask(made, world);
  const [one, all, odd] = looksIn(made, run);
  expect(one).toEqual({
    // Its tool said nothing of whose words these are.
    integrity: "untrusted",
    found: {
      missions: [
        {
          ...{ mission: own.run, plan: "pots", description: "A demo.", outcome: "succeeded" },
          begun: expect.stringMatching(/^20/u),
          ...{ tasks: { a: "succeeded" }, artifacts: ["Teapot report"], notes: [], inputs: {} },
          ...{ why: "", text: "said" },
        },
      ],
    } as unknown as Json,
  });
  // What an agent planned is nobody's word.
  expect(all).toMatchObject({ integrity: "untrusted" });
  expect(JSON.stringify(all)).toContain(theirs.run);
  expect(odd).toBeUndefined();
});

test("what nobody else had a hand in is the operator's own", async () => {
  const returns = { integrity: "operator" } as const;
  const { made, world } = labOf([]);
  const own = missionLab({
    traits: ["RECALL"],
    tools: [{ name: "say", manifest: { returns }, run: () => "said" }],
    agents: [{ manifest: { name: "oracle" } }],
  });
  await (
    await beginIn(own, own.world, { tasks: [ONE] })
  ).done;
  const looker = {
    ...{ run: "r9", agent: "oracle", isOracle: true, memories: [] },
    workspace: own.facts.workspace,
  };
  const wish = { name: "recall_missions", text: "demo", looker };
  const { output, label } = await lookBack(own.world, [], wish);
  expect([JSON.stringify(output).includes("said"), label.integrity]).toEqual([true, "directory"]);
  const none = await lookBack(world, [], { ...wish, text: "demo" });
  expect([none.output, made.journal.size()]).toEqual([{ missions: [] }, 0]);
});

test("another agent finds its own tasks of what asked it, and nothing else", async () => {
  const { made, world } = labOf([{ name: "recall_missions", args: {} }]);
  const helper = { id: "h", agent: "helper", prompt: "Help." };
  for (const tasks of [[ONE], [ONE, helper]]) {
    await (
      await beginIn(made, world, { tasks }, { inputs: { secret: "x" } })
    ).done;
  }
  const { run } = await ask(made, world, "helper");
  const [found] = looksIn(made, run);
  const { missions = [] } =
    isObject(found) && isObject(found["found"] ?? null)
      ? (found["found"] as { missions?: Json[] })
      : {};
  expect(missions).toHaveLength(1);
  expect(Object.keys(isObject(missions[0] ?? null) ? (missions[0] as object) : {})).toEqual(
    expect.not.arrayContaining(["text", "inputs"]),
  );
  expect(missions[0]).toMatchObject({ tasks: expect.not.objectContaining({ a: "succeeded" }) });
});

test("a program that asks finds its own missions, and nobody else's", async () => {
  const { made, world } = labOf([{ name: "recall_missions", args: {} }]);
  for (const client of ["mcp", undefined]) {
    await (
      await beginIn(made, world, { tasks: [ONE] }, { ...(client ? { client } : {}) } as never)
    ).done;
  }
  const { done } = await begin(world, { text: "What did we do?", client: "http" });
  const { run } = await done;
  expect(looksIn(made, run)).toMatchObject([{ found: { missions: [] } }]);
});

test("numbers of a mission, and none of one that is not the asker's", async () => {
  const { made, world } = labOf([{ name: "mission_numbers", args: { mission: "r1" } }]);
  const bad = { id: "b", tool: "fail", args: {}, recover: [{ retry: { times: 1, wait: 1 } }] };
  const begun = await beginIn(made, world, { tasks: [ONE, bad] });
  await begun.done;
  const looker = {
    ...{ run: "r9", agent: "oracle", isOracle: true, memories: [] },
    workspace: made.facts.workspace,
  };
  const wish = { name: "mission_numbers", text: begun.run };
  const { output } = await lookBack(world, [], { ...wish, looker });
  expect(output).toMatchObject({
    ...{ outcome: "failed", verdicts: { allow: expect.any(Number) } },
    ...{ tasks: { succeeded: 1, failed: 1 }, checks: { met: 1 }, recoveries: { retry: 1 } },
    asked: { all: 0 },
  });
  const other = { ...looker, agent: "helper", isOracle: false };
  const refused = (one: Looker): Promise<string> =>
    lookBack(world, [], { ...wish, looker: one }).then(
      () => "found",
      (error: NanosError) => error.code,
    );
  const elsewhere = { ...looker, workspace: "/elsewhere" };
  expect([await refused(other), await refused(elsewhere)]).toEqual([
    ...["mission.unknown", "mission.unknown"],
  ]);
  await lookBack(world, ["MULTI_DOMAIN"], { ...wish, looker: elsewhere });
  const { run } = await ask(made, world);
  expect(looksIn(made, run)).toMatchObject([{ code: "mission.unknown" }]);
});

test("without the trait there is no such tool, and switched off it fails at its next use", async () => {
  const call = [{ name: "recall_missions", args: {} }];
  const none = labOf(call, []);
  const before = await ask(none.made, none.world);
  expect(looksIn(none.made, before.run)).toEqual([]);
  const off = labOf(call);
  off.switched.length = 0;
  const after = await ask(off.made, off.world);
  expect(looksIn(off.made, after.run)).toMatchObject([{ code: "trait.off" }]);
  const other = labOf(call);
  const unlisted = await ask(other.made, other.world, "other");
  expect(looksIn(other.made, unlisted.run)).toEqual([]);
});

test("with every trait on, every call is judged as with none", async () => {
  const bodies = await bodiesOf({ tasks: [ONE] });
  const verdicts = async (traits: readonly TraitName[]): Promise<readonly string[]> => {
    const { made, world } = labOf([{ name: "shell", args: {} }], traits);
    await fill(made.journal, bodies, 3);
    for (const tool of ["say", "shell", "fail"]) {
      await (
        await begin(world, { text: tool }, { tool, args: {} })
      ).done;
    }
    return [...made.journal.since(0, { bodies: true })].flatMap(({ body }) =>
      body?.kind === "action.judged" ? [JSON.stringify(body.decision.layers)] : [],
    );
  };
  expect(await verdicts(TRAITS)).toEqual(await verdicts([]));
});
