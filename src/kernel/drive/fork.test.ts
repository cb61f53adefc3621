import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakeClock } from "../../std/clock.ts";
import type { NanosError } from "../../std/error.ts";
import type { ForkRequest } from "../../contracts/nanos.ts";
import type { Model } from "../../models/model.ts";
import { scriptModel } from "../../models/script.ts";
import { answerAsk, listAsks } from "../desk/approvals.ts";
import { begin, fork, resume } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";
import { mortal } from "../testing/mortal.ts";
import { diffOf } from "../views/diff.ts";
import { listTraces } from "../views/traces.ts";
import { traceOf } from "../views/trace.ts";
import {
  AGENTS,
  codeOf,
  GET,
  inFolder,
  page,
  ran,
  READ,
  RULES,
  stepsOf,
  WORLDS,
} from "./fork.fixtures.ts";
import { numberOf, recordedOf } from "./line.ts";
import { replay } from "./replay.ts";

describe("every run, forked at every step", () => {
  for (const world of Object.keys(WORLDS)) {
    test(`${world}: is the same up to the fork, and nothing of it is done again`, async () => {
      const { made, state } = await ran(world);
      expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
      let forks = 0;
      for (const step of stepsOf(made, state.run)) {
        const before = made.tools.calls.length;
        const asked = { run: state.run, at: step };
        const refused = await codeOf(expectFork(made, asked, before));
        if (refused === null) forks += 1;
        else await expectNearest(made, asked, refused);
      }
      expect(forks).toBeGreaterThan(0);
      expect(made.journal.verify()).toMatchObject({ ok: true });
    });
  }
});

/** A step that belongs to another one is refused, and what is named instead can be forked at. */
async function expectNearest(made: Lab, asked: ForkRequest, refused: NanosError): Promise<void> {
  expect(refused.code).toBe("fork.inside");
  const at = / --at (\S+)$/u.exec(refused.next ?? "")?.[1] ?? "";
  await expectFork(made, { ...asked, at }, made.tools.calls.length);
}

async function expectFork(made: Lab, asked: ForkRequest, calls: number): Promise<void> {
  const { journal, world } = made;
  const parent = [...journal.chain(asked.run)];
  const state = await ended(fork(world, asked));
  expect(state.state).toBe("ended");
  const own = [...journal.chain(state.run)];
  const shared = recordedOf(journal, state.run).filter(({ event }) => event.run === asked.run);
  const at = numberOf(asked.at);
  // The very events of the parent, each of a step before the fork, and the first own one after them.
  expect(shared).toEqual(
    parent.filter((one) => shared.some(({ event }) => event.seq === one.event.seq)),
  );
  expect(shared.every(({ event: { step } }) => step === null || numberOf(step) < at)).toBe(true);
  expect(own[0]?.event.prev).toBe(
    shared.findLast(({ event }) => event.step !== null || event.kind === "run.started")?.event
      .hash ?? "",
  );
  expect(own.find(({ event }) => event.step !== null)?.event.step).toBe(`${state.run}.${at}`);
  expect(made.tools.calls.slice(calls).every(({ step }) => !step.startsWith(`${asked.run}.`))).toBe(
    true,
  );
  // Nothing was written to the parent's chain.
  expect([...journal.chain(asked.run)]).toEqual(parent);
  const diff = diffOf(journal, asked.run, state.run);
  const before = diff.steps.filter(({ place }) => Number.parseInt(place, 10) < at);
  expect(before.every(({ is }) => is === "shared")).toBe(true);
  expect(await replay(journal, world.recall, state.run)).toMatchObject({ ok: true });
  expect(journal.verify(state.run)).toMatchObject({ ok: true });
  expect(traceOf(journal, state.run).fork).toMatchObject({ run: asked.run, step: asked.at });
  const line = listTraces(journal, {}).find(({ run }) => run === state.run);
  expect(line?.fork).toBe(asked.at);
}

describe("a fork goes on", () => {
  const world = "turn after turn";

  test("with another agent, whose own prompt and tools it has, and a budget of its own", async () => {
    const made = lab({ ...WORLDS[world]?.setup, ...{ agents: AGENTS } } as LabSetup);
    const first = await ended(begin(made.world, { text: "go" }));
    const state = await ended(fork(made.world, { run: first.run, at: "3", agent: "helper" }));
    const { end, steps, agent } = traceOf(made.journal, state.run);
    expect(agent).toBe("helper");
    expect(steps.map((step) => step.agent)).toEqual(["helper", "helper", "helper"]);
    expect(end?.usage).toMatchObject({ turns: 2, calls: 1 });
    const diff = diffOf(made.journal, first.run, state.run);
    expect(diff.parts).toBe("3");
    expect(diff.steps.map(({ is }) => is)).toEqual([
      ...["shared", "shared", "changed", "changed", "changed"],
    ] as (typeof diff.steps)[number]["is"][]);
    expect(diff.steps[2]?.differs).toEqual(["action", "arguments"]);
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  });

  test("with another model", async () => {
    const [one, two] = ["one", "two"].map((name) =>
      scriptModel(
        name,
        { turns: [{ calls: [{ name: "read", args: { n: 1 } }] }, { say: name }] },
        fakeClock(),
      ),
    );
    const made = lab({ tools: [READ], models: [one, two] as Model[] });
    const first = await ended(begin(made.world, { text: "go", model: "one" }));
    const state = await ended(fork(made.world, { run: first.run, at: "3", model: "two" }));
    expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "two" } });
    expect(traceOf(made.journal, state.run).steps.map(({ name }) => name)).toEqual(["two"]);
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  });

  test("held by rules that are added, and never by fewer", async () => {
    const { made, state: first } = await ran(world);
    await inFolder(async (dir) => {
      const rules = join(dir, "rules.yaml");
      writeFileSync(rules, RULES);
      const state = await ended(fork(made.world, { run: first.run, at: "4", rules }));
      const [step] = traceOf(made.journal, state.run).steps;
      expect(step?.decision).toMatchObject({ verdict: "deny", rule: "fork/no-read" });
      expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
      // A fork of the fork is held by what is in force now, and still shares both.
      const again = await ended(fork(made.world, { run: state.run, at: "5" }));
      expect(
        recordedOf(made.journal, again.run).filter(({ event }) => event.kind === "run.started"),
      ).toHaveLength(3);
      expect(await replay(made.journal, made.world.recall, again.run)).toMatchObject({ ok: true });
      expect(made.journal.verify()).toMatchObject({ ok: true });
    });
  });

  test("with none of the yeses that were given to the other run", async () => {
    const post: FunctionTool = { name: "post", run: () => "posted", scopes: ["exec:/bin/post"] };
    const turns = [1, 2, 3].map(() => ({ calls: [{ name: "post", args: {} }] }));
    const made = lab({ tools: [post], script: { turns: [...turns, { say: "ok" }] } });
    const ask = async (): Promise<{ verdict: "allow"; reach: "run" }> => ({
      verdict: "allow",
      reach: "run",
    });
    const first = await ended(begin(made.world, { text: "go", ask }));
    expect(first).toMatchObject({ ended: { outcome: "succeeded", asks: 3 } });
    const keysAt = (step: string): readonly string[] =>
      traceOf(made.journal, step.split(".", 1)[0] ?? "").steps.find((one) => one.step === step)
        ?.asks[0]?.keys ?? [];
    // The last time it was asked about as it was used before, and no more for running a program.
    expect(keysAt(`${first.run}.6`).some((key) => key.startsWith("exec:"))).toBe(false);
    const state = await ended(fork(made.world, { run: first.run, at: "6" }));
    expect(state.state).toBe("waiting");
    expect(made.tools.calls).toHaveLength(3);
    const [open] = listAsks(made.world);
    if (!open) throw new Error("no ask");
    expect(keysAt(`${state.run}.6`).some((key) => key.startsWith("exec:"))).toBe(true);
    await answerAsk(made.world, open, { verdict: "allow", reach: "once" }, "operator@test");
    const later = await ended(resume(made.world, state.run, {}));
    expect(later).toMatchObject({ ended: { outcome: "succeeded" } });
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  });

  test("from before calls made side by side, where one was judged by a yes to the other", async () => {
    const twice: FunctionTool = {
      ...GET,
      run: async (args, context) => [await GET.run(args, context), await GET.run(args, context)],
    };
    const urls = ["https://b.example/", "https://c.example/"];
    const calls = urls.map((url) => ({ name: "get", args: { url } }));
    const turns = [{ calls }, { say: "ok" }];
    const made = lab({ tools: [twice], fetch: () => page, script: { turns } });
    const ask = async (): Promise<{ verdict: "allow"; reach: "run" }> => ({
      ...{ verdict: "allow", reach: "run" },
    });
    const { run } = await ended(begin(made.world, { text: "go", ask }));
    const refused = await codeOf(fork(made.world, { run, at: "3" }));
    expect(refused).toMatchObject({
      code: "fork.inside",
      next: `nanos trace fork ${run} --at ${run}.2`,
    });
    const state = await ended(fork(made.world, { run, at: "2", ask }));
    expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "ok" } });
  });

  test("after it was cut off at any event, and does nothing of the other run again", async () => {
    for (let events = 1; events < 30; events++) {
      const { made, state: first } = await ran(world);
      const life = mortal(made.world, { events, at: "written" });
      const going = fork(life.world, { run: first.run, at: "3" });
      const handle = await Promise.race([going, life.death.then(() => null)]);
      const over = handle && (await Promise.race([handle.done, life.death.then(() => null)]));
      if (over) break;
      const again = made.again();
      const [line] = listTraces(again.journal, {});
      if (line?.run !== first.run) {
        const state = await ended(resume(again.world, line?.run ?? "", {}));
        expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "done" } });
        expect(await replay(again.journal, again.world.recall, state.run)).toMatchObject({
          ok: true,
        });
      }
      const own = again.tools.calls.filter(({ step }) => step.startsWith(`${first.run}.`));
      expect(own).toHaveLength(2);
    }
  });
});
