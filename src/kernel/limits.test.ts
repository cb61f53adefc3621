import { describe, expect, test } from "bun:test";
import type { ModelEvent } from "../contracts/model.ts";
import type { RunRequest } from "../contracts/nanos.ts";
import type { Model } from "../models/model.ts";
import { replay } from "./drive/replay.ts";
import { begin } from "./runner.ts";
import { type LabSetup, ended, lab } from "./testing/lab.ts";

/** A model that calls `tool` for ever, with what it costs. */
function restless(
  tool = "echo",
  usage = { input: 100, output: 10 },
  price: Model["price"] = null,
): Model {
  return {
    name: "restless",
    host: null,
    price,
    async *stream({ tools, messages }): AsyncIterable<ModelEvent> {
      const n = messages.length;
      const call = { type: "call", id: `c${n}`, name: tool, args: { n } } as const;
      yield tools.length === 0
        ? {
            type: "end",
            finish: "stop",
            message: { role: "assistant", parts: [{ type: "text", text: "enough" }] },
            usage,
          }
        : { type: "end", finish: "calls", message: { role: "assistant", parts: [call] }, usage };
    },
  };
}

const echo = { name: "echo", run: ({ n }: { [key: string]: unknown }) => Number(n) };

/** Runs to the end and checks what it came to; a replay of it must agree. */
async function check(
  setup: LabSetup,
  request: Partial<RunRequest>,
  outcome: string,
  code: string | undefined,
): Promise<void> {
  const made = lab({ tools: [echo], model: restless(), ...setup });
  const state = await ended(begin(made.world, { text: "go", ...request }));
  expect(state).toMatchObject({ state: "ended", ended: { outcome } });
  if (state.state === "ended") expect(state.ended.failure?.code).toBe(code as string);
  expect(made.journal.verify()).toMatchObject({ ok: true });
  expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
}

describe("reaching a limit is an outcome", () => {
  test("turns: the last one has no tools, so the model answers with what it has", () =>
    check({}, { budget: { turns: 3 } }, "succeeded", undefined));
  test("calls", () => check({}, { budget: { calls: 5 } }, "degraded", "run.budget"));
  test("tokens", () => check({}, { budget: { tokens: 250 } }, "degraded", "run.budget"));
  test("cost", () =>
    check(
      { model: restless("echo", { input: 1_000_000, output: 0 }, { input: 1, output: 1 }) },
      { budget: { cost: 2.5 } },
      "degraded",
      "run.budget",
    ));
  test("a cost limit and a price nobody knows: not one call is made", () =>
    check({}, { budget: { cost: 1 } }, "failed", "run.denied"));
  test("time", async () => {
    const slow = { name: "echo", run: () => new Promise<string>(() => undefined) };
    const hang = {
      ...slow,
      run: (_: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise<string>((_done, fail) => {
          signal.addEventListener("abort", () => fail(new Error("stopped")), { once: true });
        }),
    };
    await check({ tools: [hang] }, { budget: { ms: 30 } }, "degraded", "run.time");
  });
  test("more calls in one turn than are carried out", async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ name: "echo", args: { n: i } }));
    const made = lab({ tools: [echo], script: { turns: [{ calls: many }, { say: "done" }] } });
    const state = await ended(begin(made.world, { text: "go" }));
    expect(state).toMatchObject({ ended: { outcome: "succeeded" } });
    expect(made.tools.calls.length).toBe(32);
  });
  test("local only: a model elsewhere is not asked", async () => {
    const far = { ...restless(), host: "api.example.org:443" };
    await check({ model: far }, { localOnly: true }, "failed", "run.denied");
  });
});

describe("delegation never has more than its parent", () => {
  test("budgets of several children together stay within what the parent has left", async () => {
    const made = lab({
      agents: [
        { manifest: { name: "oracle", agents: ["helper"], skills: [] } },
        { manifest: { name: "helper", agents: [], limits: { turns: 9_000, tokens: 9_000_000 } } },
      ],
      script: {
        turns: [
          { agent: "helper", say: "done", once: false },
          {
            agent: "oracle",
            calls: [1, 2, 3].map((n) => ({
              name: "delegate",
              args: { agent: "helper", request: `${n}` },
            })),
          },
          { agent: "oracle", say: "all done" },
        ],
      },
    });
    const state = await ended(
      begin(made.world, { text: "go", budget: { turns: 20, calls: 40, tokens: 9_000 } }),
    );
    expect(state).toMatchObject({ ended: { outcome: "succeeded" } });
    const budgets = [1, 2, 3].map((n) => {
      const first = [...made.journal.chain(`${state.run}_${n + 1}`)][0]?.body;
      if (first?.kind !== "run.started") throw new Error("no child");
      return first.budget;
    });
    for (const key of ["turns", "calls", "tokens"] as const) {
      const sum = budgets.reduce((total, budget) => total + budget[key], 0);
      expect(sum).toBeLessThanOrEqual({ turns: 20, calls: 40, tokens: 9_000 }[key]);
    }
  });
});
