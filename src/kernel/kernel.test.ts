import { describe, expect, test } from "bun:test";
import type { ScriptInput } from "../contracts/script.ts";
import { answerAsk, listAsks } from "./desk/approvals.ts";
import { replay } from "./drive/replay.ts";
import { begin, resume } from "./runner.ts";
import { type Lab, type LabSetup, ended, lab } from "./testing/lab.ts";
import type { FunctionTool } from "./testing/function-tools.ts";
import { traceOf } from "./views/trace.ts";

/** Runs one request in a lab and returns what it came to. */
async function run(
  setup: LabSetup,
  text = "go",
): Promise<{ lab: Lab; state: Awaited<ReturnType<typeof ended>> }> {
  const made = lab(setup);
  const state = await ended(begin(made.world, { text }));
  return { lab: made, state };
}

const upper: FunctionTool = {
  name: "upper",
  run: ({ text }) => String(text).toUpperCase(),
  manifest: { repeatable: true },
};
const note: FunctionTool = {
  name: "note",
  scopes: ["read:./notes", "write:./notes"],
  run: ({ text }, { write }) => {
    write("/ws/notes/a.md", String(text));
    return "noted";
  },
};
const fetcher: FunctionTool = {
  name: "get",
  scopes: ["net:*"],
  manifest: { args: { url: "destination" } },
  run: async ({ url }, { reach }) => {
    const got = await reach({
      kind: "fetch",
      method: "GET",
      url: String(url),
      headers: {},
      body: null,
    });
    return got.ok ? got.value : { failed: got.failure.code };
  },
};

function calls(
  ...names: { name: string; args: { [key: string]: string } }[]
): ScriptInput["turns"][number] {
  return { calls: names };
}

describe("a run", () => {
  test("answers, and every step is proposed and judged before it is settled", async () => {
    const { lab: made, state } = await run({ script: { turns: [{ say: "hello" }] } });
    expect(state).toMatchObject({ state: "ended", ended: { outcome: "succeeded", text: "hello" } });
    const kinds = [...made.journal.chain(state.run)].map(({ event }) => event.kind);
    expect(kinds).toEqual([
      "run.started",
      "action.proposed",
      "action.judged",
      "model.answered",
      "run.ended",
    ]);
  });

  test("calls tools side by side and gives their results in order", async () => {
    const { lab: made, state } = await run({
      tools: [upper],
      script: {
        turns: [
          calls({ name: "upper", args: { text: "a" } }, { name: "upper", args: { text: "b" } }),
          { say: "done" },
        ],
      },
    });
    expect(state).toMatchObject({ ended: { outcome: "succeeded", usage: { turns: 2, calls: 2 } } });
    expect(made.tools.calls.map(({ args }) => args)).toEqual([{ text: "a" }, { text: "b" }]);
  });

  test("tells the model of a tool that is not there, with the nearest name", async () => {
    const { state } = await run({
      tools: [upper],
      script: {
        turns: [
          calls({ name: "uper", args: {} }),
          { when: { last: "Did you mean upper" }, say: "I see" },
        ],
      },
    });
    expect(state).toMatchObject({ ended: { text: "I see", outcome: "degraded" } });
  });

  test("puts staged writes in place as a judged action of its own", async () => {
    const { lab: made, state } = await run({
      tools: [note],
      script: { turns: [calls({ name: "note", args: { text: "hi" } }), { say: "noted" }] },
    });
    expect(made.tools.files.get("/ws/notes/a.md")).toBe("hi");
    expect(state).toMatchObject({
      ended: { files: [{ path: "/ws/notes/a.md", kind: "created" }] },
    });
    const steps = traceOf(made.journal, state.run).steps.map(({ kind, decision }) => [
      kind,
      decision?.rank,
    ]);
    expect(steps).toContainEqual(["commit", "D"]);
  });
});

test("a run lets go of what was kept warm for it, when it ends and when it waits", async () => {
  const script = { turns: [calls({ name: "get", args: { url: "https://a.example/x" } })] };
  const made = lab({ tools: [fetcher], script });
  const left: string[] = [];
  const tools = { ...made.tools, leave: (run: string) => void left.push(run) };
  const world = { ...made.world, tools };
  const waits = await ended(begin(world, { text: "go" }));
  expect(waits.state).toBe("waiting");
  const spoke = await ended(
    begin({ ...lab({ script: { turns: [{ say: "hello" }] } }).world, tools }, { text: "go" }),
  );
  expect(spoke.state).toBe("ended");
  expect(left).toEqual([waits.run, spoke.run]);
});

describe("an ask", () => {
  const setup: LabSetup = {
    tools: [fetcher],
    fetch: (url) => ({ status: 200, headers: {}, body: "page", url, host: "example.org:443" }),
    script: {
      turns: [calls({ name: "get", args: { url: "https://example.org/x" } }), { say: "read it" }],
    },
  };

  test("waits without a process, and goes on after the answer from elsewhere", async () => {
    const { lab: made, state } = await run(setup);
    expect(state.state).toBe("waiting");
    const [ask] = listAsks(made.world);
    expect(ask).toMatchObject({ agent: "oracle", name: "get", run: state.run });
    if (!ask) throw new Error("no ask");
    const later = made.again();
    await answerAsk(later.world, ask, { verdict: "allow", reach: "once" }, "operator@test");
    const after = await ended(resume(later.world, state.run, {}));
    expect(after).toMatchObject({
      state: "ended",
      ended: { outcome: "succeeded", text: "read it", hosts: ["example.org:443"], asks: 1 },
    });
    expect(await replay(later.journal, later.world.recall, state.run)).toMatchObject({ ok: true });
  });

  test("denied by the operator ends degraded, and nothing is fetched", async () => {
    const { lab: made, state } = await run(setup);
    const [ask] = listAsks(made.world);
    if (!ask) throw new Error("no ask");
    await answerAsk(made.world, ask, { verdict: "deny", reach: "once" }, "operator@test");
    const after = await ended(resume(made.again().world, state.run, {}));
    expect(after).toMatchObject({ ended: { outcome: "degraded", hosts: [] } });
    expect(made.tools.calls).toEqual([]);
  });

  test("answered in place goes on in the same process", async () => {
    const made = lab(setup);
    const handle = await begin(made.world, {
      text: "go",
      ask: async () => ({ verdict: "allow", reach: "run" }),
    });
    expect(await handle.done).toMatchObject({ ended: { outcome: "succeeded" } });
    expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
  });

  test("is not raised for a destination the operator named", async () => {
    const { state } = await run(setup, "read https://example.org/x for me");
    expect(state).toMatchObject({ ended: { outcome: "succeeded", asks: 0 } });
  });

  test("an answer for other arguments, or with a bad signature, does not count", async () => {
    const { lab: made, state } = await run(setup);
    const [ask] = listAsks(made.world);
    if (!ask) throw new Error("no ask");
    const forged = { ...made.world, sign: () => "forged" };
    await answerAsk(forged, ask, { verdict: "allow", reach: "once" }, "someone");
    expect((await ended(resume(made.again().world, state.run, {}))).state).toBe("waiting");
  });
});

describe("delegation", () => {
  const setup: LabSetup = {
    tools: [upper],
    agents: [
      { manifest: { name: "oracle", agents: ["helper"], skills: [] } },
      { manifest: { name: "helper", agents: ["oracle"], limits: { turns: 5 } } },
    ],
    script: {
      turns: [
        {
          agent: "helper",
          when: { last: "^shout" },
          calls: [{ name: "upper", args: { text: "hey" } }],
        },
        { agent: "helper", when: { last: "HEY" }, say: "It says HEY." },
        {
          agent: "oracle",
          when: { last: "^go" },
          calls: [{ name: "delegate", args: { agent: "helper", request: "shout hey" } }],
        },
        { agent: "oracle", when: { last: "It says HEY" }, say: "Done: HEY." },
      ],
    },
  };

  test("is a run of its own whose chain continues the parent's", async () => {
    const { lab: made, state } = await run(setup);
    expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "Done: HEY." } });
    const trace = traceOf(made.journal, state.run);
    const child = trace.steps.find(({ kind }) => kind === "agent")?.child;
    expect(child).toMatchObject({ agent: "helper", state: "ended" });
    expect(child?.steps.map(({ name }) => name)).toEqual(["script", "upper", "script"]);
    expect(made.journal.verify()).toMatchObject({ ok: true });
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({
      ok: true,
      steps: 6,
    });
  });

  test("is flat: a child has no delegate tool", async () => {
    const { state } = await run({
      ...setup,
      script: {
        turns: [
          {
            agent: "helper",
            when: { last: "^shout" },
            calls: [{ name: "delegate", args: { agent: "oracle", request: "x" } }],
          },
          { agent: "helper", say: "refused" },
          ...(setup.script?.turns.slice(2, 3) ?? []),
          { agent: "oracle", say: "ok" },
        ],
      },
    });
    expect(state).toMatchObject({ state: "ended", ended: { outcome: "degraded" } });
  });
});
