import { describe, expect, test } from "bun:test";
import type { Json } from "../../std/json.ts";
import { sha256 } from "../../std/hash.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { Model } from "../../models/model.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { lab } from "../testing/lab.ts";

const NOTE = "/ws/notes/a.md";
const HASH = sha256("milk");
const tools: readonly FunctionTool[] = [
  {
    name: "note_write",
    skill: "notes",
    scopes: ["write:/ws/notes"],
    run: (_, { write }) => (write(NOTE, "milk"), "written"),
  },
];
const schema: Json = {
  type: "object",
  properties: { text: { type: "string" } },
  required: ["text"],
  additionalProperties: false,
};

interface Given {
  readonly args?: { readonly [key: string]: Json };
  /** What the writer does before it answers. */
  readonly acts?: boolean;
  /** What the writer answers, from what it read last. */
  readonly says: (read: string) => Json;
  readonly writer?: Partial<AgentManifest>;
}

/** The oracle hands work to the writer; what came of it, and what the oracle read. */
async function check(given: Given): Promise<{ outcome: Outcome; read: string; step: string }> {
  const { args = {}, acts = true, says, writer = {} } = given;
  let read = "";
  const model: Model = {
    name: "both",
    host: null,
    price: { input: 0, output: 0 },
    async *stream({ agent, messages }) {
      const first = messages.length === 1;
      const last = JSON.stringify(messages.at(-1));
      if (agent === "oracle" && !first) read = last;
      const said = says(last);
      const text =
        agent === "oracle" ? "ok" : typeof said === "string" ? said : JSON.stringify(said);
      const delegates = { agent: "writer", request: "Keep milk", ...args };
      const call =
        agent === "oracle"
          ? { name: "delegate", args: delegates }
          : { name: "note_write", args: {} };
      const calls = first && (agent === "oracle" || acts);
      yield {
        type: "end",
        finish: calls ? "calls" : "stop",
        message: {
          role: "assistant",
          parts: [calls ? { type: "call", id: "c", ...call } : { type: "text", text }],
        },
      };
    },
  };
  const made = lab({
    tools,
    model,
    agents: [
      { manifest: { name: "oracle", skills: [], agents: ["writer"] } },
      { manifest: { name: "writer", skills: ["notes"], agents: [], ...writer } },
    ],
  });
  const handle = await begin(made.world, { text: "go" });
  await handle.done;
  expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
  const settled = [...made.journal.chain(handle.run)].find(
    ({ event, body }) => body?.kind === "action.settled" && event.actor === "agent:writer",
  )?.body;
  if (settled?.kind !== "action.settled") throw new Error("nothing was delegated");
  return { outcome: settled.outcome, read, step: `${handle.run}_2.2` };
}

/** The names in the last `[evidence: ...]` of what was read. */
const named = (read: string): string[] =>
  /\[evidence: ([^\]]+)\]/u.exec(read)?.[1]?.split(" ") ?? [];
const answer = { text: "kept" };

describe("an answer with evidence", () => {
  test("names steps and files of its run, and they are there", async () => {
    const { outcome, read, step } = await check({
      args: { schema },
      says: (last) => ({ answer, evidence: named(last) }),
    });
    const evidence = { steps: [step], files: [{ path: NOTE, hash: HASH }] };
    expect(outcome).toMatchObject({ status: "done", output: { answer, evidence } });
    expect(outcome).toMatchObject({ child: { evidence } });
    expect(read).toContain(HASH);
  });

  test("that its run does not have is refused", async () => {
    for (const evidence of [["r_1.7"], [sha256("other")], [7]]) {
      const { outcome } = await check({ args: { schema }, says: () => ({ answer, evidence }) });
      expect(outcome).toMatchObject({ status: "failed", failure: { code: "delegate.unfit" } });
    }
  });

  test("that does not fit its schema, or is no such answer, is refused", async () => {
    for (const said of ["kept", { text: "kept" }, { answer: { text: 1 } }, { answer: {} }]) {
      const { outcome } = await check({ args: { schema }, says: () => said });
      expect(outcome).toMatchObject({ status: "failed", failure: { code: "delegate.unfit" } });
    }
    const bad = await check({ args: { schema: { type: "nothing" } }, says: () => ({ answer }) });
    expect(bad.outcome).toMatchObject({ status: "failed", failure: { code: "delegate.unfit" } });
  });

  test("is asked for by the agent's own manifest as well", async () => {
    const { outcome } = await check({
      writer: { output: schema },
      says: (last) => ({ answer, evidence: named(last).slice(0, 1) }),
    });
    expect(outcome).toMatchObject({
      status: "done",
      output: { answer },
      child: { evidence: { files: [] } },
    });
  });
});

describe("done without evidence is shown as such", () => {
  test("in text: the kernel says what the run did, whatever the agent claims", async () => {
    const claimed = await check({ acts: false, says: () => "Done! See r_1.4." });
    expect(claimed.outcome).toMatchObject({
      status: "done",
      output: { answer: "Done! See r_1.4.", evidence: expect.stringContaining("none") },
      child: { evidence: { steps: [], files: [] } },
    });
    const did = await check({ says: () => "Done!" });
    const evidence = { steps: [did.step], files: [{ path: NOTE, hash: HASH }] };
    expect(did.outcome).toMatchObject({ output: { answer: "Done!", evidence } });
  });

  test("by schema: an answer may name none, and that is what is read", async () => {
    const { outcome } = await check({ args: { schema }, acts: false, says: () => ({ answer }) });
    expect(outcome).toMatchObject({
      output: { answer, evidence: expect.stringContaining("none") },
    });
  });
});

describe("a structured request", () => {
  const input: Json = {
    type: "object",
    properties: { day: { type: "string" } },
    required: ["day"],
    additionalProperties: false,
  };

  test("that fits is given with the request", async () => {
    const { outcome } = await check({
      writer: { input },
      args: { input: { day: "monday" } },
      acts: false,
      says: (last) => (last.includes('{\\"day\\":\\"monday\\"}') ? "for monday" : "for when?"),
    });
    expect(outcome).toMatchObject({ output: { answer: "for monday" } });
  });

  test("that does not fit begins no run", async () => {
    const cases: readonly [Partial<AgentManifest>, Json][] = [
      [{ input }, { day: 1 }],
      [{ input }, {}],
      [{}, { day: "monday" }],
      [{ input: { type: "nothing" } }, {}],
    ];
    for (const [writer, given] of cases) {
      const { outcome } = await check({ writer, args: { input: given }, says: () => "x" });
      expect(outcome).toMatchObject({ status: "failed", failure: { code: "delegate.bad_input" } });
      expect(outcome).not.toHaveProperty("child");
    }
  });
});

describe("depth", () => {
  test("is remarked on from warn on, and ends at the cap", async () => {
    const made = lab({
      depth: 3,
      warnDepth: 1,
      agents: [{ manifest: { name: "oracle", agents: ["oracle"] } }],
      script: {
        turns: [
          {
            when: { last: "^go" },
            calls: [{ name: "delegate", args: { agent: "oracle", request: "go" } }],
          },
          { say: "deep enough", once: false },
        ].map((turn) => ({ ...turn, once: false })),
      },
    });
    const handle = await begin(made.world, { text: "go", budget: { turns: 500, calls: 500 } });
    await handle.done;
    const seen = [handle.run, `${handle.run}_2`, `${handle.run}_2_2`, `${handle.run}_2_2_2`].map(
      (run) => {
        const judged = [...made.journal.chain(run)].find(
          ({ event, body }) => event.step === `${run}.2` && body?.kind === "action.judged",
        )?.body;
        return judged?.kind === "action.judged" ? judged.decision.reason : null;
      },
    );
    expect(seen).toEqual(["allow:in_scope", "allow:deep", "allow:deep", "deny:depth"]);
    expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
  });
});
