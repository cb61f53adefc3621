import { expect, test } from "bun:test";
import type { ScriptInput } from "../../contracts/script.ts";
import { scriptModel } from "../../models/script.ts";
import type { Model } from "../../models/model.ts";
import { fakeClock } from "../../std/clock.ts";
import { usedToday } from "../day/view.ts";
import { begin } from "../runner.ts";
import { type LabSetup, lab } from "../testing/lab.ts";
import { DELEGATE } from "../wants/delegate.ts";
import { spendOf } from "./traces.ts";

/** What delegated runs used is in what the home used, while they go on and afterwards. */

const ask = (agent: string): { name: string; args: { agent: string; request: string } } => ({
  name: DELEGATE,
  args: { agent, request: "write" },
});

/** A model whose every answer costs 100 tokens at a dollar a million. */
function priced(turns: ScriptInput["turns"]): Model {
  const inner = scriptModel("m", { turns }, fakeClock());
  return {
    ...inner,
    stream: async function* (request, signal) {
      for await (const event of inner.stream(request, signal)) {
        const usage = { input: 60, output: 40, cost: 100 / 1e6 };
        yield event.type === "end" ? { ...event, usage } : event;
      }
    },
  };
}

const AGENTS = ["oracle", "writer", "clerk"].map((name) => ({ manifest: { name } }));
const SEND = { name: "send", skill: "web", scopes: ["net:a.example:443"], run: () => "sent" };

interface Expected {
  readonly state: "ended" | "waiting";
  /** Answers of models, of all runs. */
  readonly answers: number;
}

async function check(
  turns: ScriptInput["turns"],
  { state, answers }: Expected,
  more: Partial<LabSetup> = {},
): Promise<void> {
  const made = lab({ depth: 3, agents: AGENTS, model: priced(turns), ...more });
  const came = await (await begin(made.world, { text: "go" })).done;
  expect(came.state).toBe(state);
  const { tokens, cost, runs, unpriced } = spendOf(made.journal);
  expect([runs, tokens, Math.round(cost * 1e6), unpriced]).toEqual([
    1,
    answers * 100,
    answers * 100,
    0,
  ]);
  if (came.state === "ended") {
    const { usage } = came.ended;
    expect([usage.input + usage.output, usage.cost]).toEqual([tokens, cost]);
  }
  expect(usedToday(made.journal, made.clock.now(), "UTC").tokens).toBe(tokens);
}

test("one that was asked, and one that one asked in turn", () =>
  check(
    [
      { agent: "oracle", calls: [ask("writer")] },
      { agent: "writer", calls: [ask("clerk")] },
      { agent: "clerk", say: "written" },
      { agent: "writer", say: "written" },
      { agent: "oracle", say: "done" },
    ],
    { state: "ended", answers: 5 },
  ));

test("while the run that asked goes on waiting", () =>
  check(
    [
      { agent: "oracle", calls: [ask("writer")] },
      { agent: "writer", calls: [{ name: "send", args: {} }] },
    ],
    { state: "waiting", answers: 2 },
    { tools: [SEND] },
  ));
