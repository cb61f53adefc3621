import { expect, test } from "bun:test";
import type { ModelEvent } from "../../contracts/model.ts";
import type { Model } from "../../models/model.ts";
import { LIMITS } from "../../std/limits.ts";
import { replay } from "../drive/replay.ts";
import { begin, resume } from "../runner.ts";
import { type Lab, ended, lab } from "../testing/lab.ts";
import { mortal } from "../testing/mortal.ts";

interface Fake {
  readonly model: Model;
  readonly asked: () => number;
  /** What it does from now on. */
  works: boolean;
}

function fake(name: string, works: boolean, more: Partial<Model> = {}): Fake {
  let asked = 0;
  const self: Fake = {
    works,
    asked: () => asked,
    model: {
      name,
      host: null,
      price: { input: 0, output: 0 },
      async *stream(): AsyncIterable<ModelEvent> {
        asked += 1;
        const parts = self.works ? [{ type: "text" as const, text: `${name} says so` }] : [];
        const message = { role: "assistant" as const, parts };
        yield self.works
          ? { type: "end", finish: "stop", message, usage: { input: 1, output: 1 } }
          : { type: "end", finish: "failed", message, failure: DOWN };
      },
      ...more,
    },
  };
  return self;
}

const DOWN = { code: "model.unreachable", message: "Nothing answers." };

const taken = ({ journal }: Lab, run: string): object[] =>
  [...journal.chain(run)].flatMap(({ body }) => (body?.kind === "recovery.taken" ? [body] : []));

async function ask(made: Lab, more: object = {}): Promise<{ run: string; text: string }> {
  const state = await ended(begin(made.world, { text: "go", ...more }));
  if (state.state !== "ended") throw new Error("it did not end");
  expect(made.journal.verify()).toMatchObject({ ok: true });
  expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  return { run: state.run, text: state.ended.text };
}

test("where a model fails the next one is asked, and the record says why", async () => {
  const [first, second, third] = [fake("a", false), fake("b", false), fake("c", true)];
  const made = lab({ models: [first.model, second.model, third.model] });
  const { run, text } = await ask(made);
  expect(text).toBe("c says so");
  expect(taken(made, run)).toEqual([
    { kind: "recovery.taken", how: "fallback", from: "a", to: "b", why: DOWN },
    { kind: "recovery.taken", how: "fallback", from: "b", to: "c", why: DOWN },
  ]);
});

test("where all fail the run fails with the last one's reason", async () => {
  const made = lab({ models: [fake("a", false).model, fake("b", false).model] });
  const state = await ended(begin(made.world, { text: "go" }));
  expect(state).toMatchObject({ ended: { outcome: "failed", failure: DOWN } });
});

test("a model that keeps failing rests across runs, is tried once after, and rests again", async () => {
  const [first, second] = [fake("a", false), fake("b", true)];
  const made = lab({ models: [first.model, second.model] });
  for (let n = 0; n < LIMITS.failuresToRest + 2; n++) await ask(made);
  expect(first.asked()).toBe(LIMITS.failuresToRest);
  const { run } = await ask(made);
  expect(taken(made, run)).toMatchObject([{ why: { code: "deny:resting" } }]);

  made.clock.advance(LIMITS.restMs + 1);
  await ask(made);
  await ask(made);
  expect(first.asked()).toBe(LIMITS.failuresToRest + 1);

  made.clock.advance(LIMITS.restMs + 1);
  first.works = true;
  expect((await ask(made)).text).toBe("a says so");
  expect((await ask(made)).text).toBe("a says so");
});

test("a model nobody stands in for is asked however often it failed", async () => {
  const only = fake("a", false);
  const made = lab({ models: [only.model] });
  for (let n = 0; n < LIMITS.failuresToRest + 2; n++) await ask(made);
  expect(only.asked()).toBe(LIMITS.failuresToRest + 2);
});

test("a run that may not leave the machine asks the model that stays on it", async () => {
  const made = lab({
    models: [fake("cloud", true, { host: "api.example:443" }).model, fake("here", true).model],
  });
  const { run, text } = await ask(made, { localOnly: true });
  expect(text).toBe("here says so");
  expect(taken(made, run)).toMatchObject([{ why: { code: "deny:local_only" } }]);
});

test("cut off anywhere in the chain, it comes to the same end", async () => {
  for (let events = 1; events < 14; events++) {
    const made = lab({ models: [fake("a", false).model, fake("b", true).model] });
    const { world, death } = mortal(made.world, { events, at: "acted" });
    const going = begin(world, { text: "go" }).then(({ done }) => done);
    await Promise.race([death, going]);
    const run = [...made.journal.since(0)][0]?.event.run ?? "";
    if (run === "") continue;
    const again = made.again();
    const state = await ended(resume(again.world, run, {}));
    expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "b says so" } });
    expect(await replay(again.journal, again.world.recall, run)).toMatchObject({ ok: true });
  }
});

test("what a model used that broke off and was not counted is unknown, and not nothing", async () => {
  const half = (parts: number, price: Model["price"]): Model => ({
    ...{ name: "a", host: null, price },
    async *stream(): AsyncIterable<ModelEvent> {
      const part = { type: "text" as const, text: "Half" };
      const message = {
        role: "assistant" as const,
        parts: Array.from({ length: parts }, () => part),
      };
      yield { type: "end", finish: "failed", message, failure: DOWN };
    },
  });
  const dear = { input: 1, output: 1 };
  for (const [first, cost] of [
    [half(1, dear), null],
    [half(1, null), null],
    [half(1, { input: 0, output: 0 }), 0],
    [half(0, dear), 0],
  ] as const) {
    const made = lab({ models: [first, fake("b", true).model] });
    const { run } = await ask(made);
    const end = [...made.journal.chain(run)].at(-1)?.body;
    expect(end).toMatchObject({ kind: "run.ended", end: { usage: { cost } } });
  }
  // What is not known is nothing a limit in money lets pass from then on.
  const made = lab({ models: [half(1, dear), fake("b", true).model] });
  const state = await ended(begin(made.world, { text: "go", budget: { cost: 1 } }));
  expect(state).toMatchObject({ ended: { outcome: "failed", usage: { cost: null } } });
});
