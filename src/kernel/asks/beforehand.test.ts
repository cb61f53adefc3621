import { describe, expect, test } from "bun:test";
import type { Json, JsonObject } from "../../std/json.ts";
import { NanosError } from "../../std/error.ts";
import type { Plan, Question } from "../../contracts/question.ts";
import type { RunState } from "../../contracts/run.ts";
import { toolDesk } from "../desk/tools.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import type { FunctionTool } from "../testing/function-tools.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";
import { checkGiven } from "./beforehand.ts";
import { can } from "./can.ts";
import { askDesk } from "./desk.ts";

const tools: readonly FunctionTool[] = [
  {
    name: "look",
    scopes: ["net:*"],
    manifest: { args: { url: "destination" }, reads: true },
    run: async ({ url }, { reach }) => {
      const got = await reach({
        ...{ kind: "fetch", method: "GET", url: String(url), headers: {}, body: null },
      });
      return got.ok ? "page" : got.failure.code;
    },
  },
  {
    name: "note",
    scopes: ["read:./notes", "write:./notes"],
    run: ({ text }, { write }) => {
      write("/ws/notes/a.md", String(text));
      return "noted";
    },
  },
  {
    name: "hook",
    scopes: ["write:."],
    run: (_, { write }) => {
      write("/ws/.vscode/tasks.json", "{}");
      return "hooked";
    },
  },
  { name: "make", scopes: ["exec:make"], kind: "command", run: () => "made" },
  { name: "pay", manifest: { rank: "S" }, run: () => "paid" },
  { name: "risky", manifest: { rank: "A" }, run: () => "risked" },
];

const fetched = (url: string) => ({ status: 200, headers: {}, body: "b", url, host: "a.org:443" });

function labOf(calls: readonly { name: string; args: JsonObject }[], more: LabSetup = {}): Lab {
  const turns = calls.map((call) => ({
    calls: [call as { name: string; args: { [k: string]: Json } }],
  }));
  return lab({
    tools,
    fetch: fetched,
    script: { turns: [...turns, { say: "done" }] },
    ...more,
  });
}

const LOOK = { name: "look", args: { url: "https://a.org/x" } };
const NOTE = { name: "note", args: { text: "hi" } };
const PAY = { name: "pay", args: { to: "Ada" } };
const MAKE = { name: "make", args: {} };
const HOOK = { name: "hook", args: {} };
const RISKY = { name: "risky", args: { n: 1 } };

async function rehearsed(made: Lab): Promise<{ state: RunState; plan: Plan }> {
  const state = await ended(begin(made.world, { text: "go", rehearsal: true }));
  return { state, plan: askDesk(made.world).plan(state.run) };
}

async function replays(made: Lab, run: string): Promise<void> {
  expect(await replay(made.journal, made.world.recall, run)).toMatchObject({ ok: true });
}

describe("a rehearsal", () => {
  test("does nothing, asks nobody, and shows what would be asked", async () => {
    const made = labOf([NOTE, LOOK, HOOK, MAKE, PAY]);
    const { state, plan } = await rehearsed(made);
    expect(state).toMatchObject({
      ended: { outcome: "succeeded", text: "done", asks: 4, files: [] },
    });
    expect(plan.asks.map(({ kind, name, rank }) => [kind, name, rank])).toEqual([
      ["tool", "look", "B"],
      ["commit", "hook", "D"],
      ["tool", "make", "C"],
      ["tool", "pay", "S"],
    ]);
    // The commit of the note would have been done without a word.
    expect(plan.withheld).toBe(1);
    // What only stages was run; nothing of it was put in place.
    expect(made.tools.calls.map(({ tool }) => tool)).toEqual(["note", "hook"]);
    expect([made.tools.commits, [...made.tools.files]]).toEqual([[], []]);
    expect(askDesk(made.world).list()).toEqual([]);
    await replays(made, state.run);
  });

  test("that would ask nothing says so", async () => {
    const made = labOf([]);
    const { plan, state } = await rehearsed(made);
    expect(plan).toEqual({ run: state.run, asks: [], withheld: 0 });
  });

  test("also shows what runs it delegates to would be asked, where they are delegated", async () => {
    const call = (name: string, args: JsonObject): { name: string; args: JsonObject } => ({
      name,
      args,
    });
    const made = labOf([], {
      agents: [
        { manifest: { name: "oracle", agents: ["helper"], skills: ["risky"] } },
        { manifest: { name: "helper", agents: [] } },
      ],
      script: {
        turns: [
          { agent: "helper", when: { last: "^shout" }, calls: [LOOK] },
          { agent: "helper", say: "It says page." },
          {
            ...{ agent: "oracle", when: { last: "^go" } },
            calls: [call("delegate", { agent: "helper", request: "shout" })] as never,
          },
          { agent: "oracle", when: { last: "It says" }, calls: [RISKY] },
          { agent: "oracle", say: "done" },
        ],
      },
    });
    const { plan, state } = await rehearsed(made);
    expect(plan.asks.map(({ agent, name }) => `${agent} ${name}`)).toEqual([
      "helper look",
      "oracle risky",
    ]);
    expect(made.tools.calls).toEqual([]);
    await replays(made, state.run);
  });
});

describe("a plan's answers", () => {
  test("stand for exactly what they were given to, and the run goes through without an ask", async () => {
    const made = labOf([LOOK, RISKY]);
    const desk = askDesk(made.world);
    const { plan } = await rehearsed(made);
    const given = await desk.give(plan.asks);
    expect(
      desk
        .given()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(given.map(({ id }) => id).toSorted());
    const state = await ended(
      begin(made.world, { text: "go", approvals: given.map(({ id }) => id) }),
    );
    expect(state).toMatchObject({ state: "ended", ended: { outcome: "succeeded", asks: 0 } });
    // What the call asks back for is covered by the same yes.
    expect(made.tools.calls.map(({ tool }) => tool)).toEqual(["look", "risky"]);
    expect(desk.given()).toEqual([]);
    await replays(made, state.run);
  });

  test("are used once: the second time it is asked", async () => {
    const made = labOf([RISKY, RISKY]);
    const { plan } = await rehearsed(made);
    const [answer] = await askDesk(made.world).give(plan.asks.slice(0, 1));
    const state = await ended(begin(made.world, { text: "go", approvals: [answer?.id ?? ""] }));
    expect([state.state, made.tools.calls.length]).toEqual(["waiting", 1]);
    await replays(made, state.run);
  });

  test("are used once by runs that go on side by side", async () => {
    const made = labOf([RISKY]);
    const { plan } = await rehearsed(made);
    const [answer] = await askDesk(made.world).give(plan.asks);
    // Both were told of it before either used it.
    const request = { text: "go", approvals: [answer?.id ?? ""] };
    const both = await Promise.all([begin(made.world, request), begin(made.world, request)]);
    const states = await Promise.all(both.map(({ done }) => done));
    expect(states.map(({ state }) => state).toSorted()).toEqual(["ended", "waiting"]);
    expect(made.tools.calls.length).toBe(1);
  });

  test("are nothing to a run that was not told of them, to other arguments, or too late", async () => {
    const made = labOf([RISKY]);
    const { plan } = await rehearsed(made);
    const desk = askDesk(made.world);
    const give = async (change: Partial<Question> = {}): Promise<readonly string[]> =>
      (await desk.give(plan.asks.map((one) => ({ ...one, ...change })))).map(({ id }) => id);
    const came = async (approvals: readonly string[]): Promise<string> =>
      (await ended(begin(made.world, { text: "go", approvals }))).state;
    await give();
    expect(await came([])).toBe("waiting");
    expect(await came(await give({ argsHash: "other" }))).toBe("waiting");
    expect(await came(await give({ keys: ["rank:tool:risky|other"] }))).toBe("waiting");
    expect(await came(await give({ agent: "helper" }))).toBe("waiting");
    expect(made.tools.calls).toEqual([]);
    const used = await give();
    expect(await came(used)).toBe("ended");
  });

  test("are nothing where they stand for a part of what is asked", async () => {
    const both: FunctionTool = {
      ...{ name: "both", kind: "command", scopes: ["exec:make"], run: () => "done" },
      manifest: { rank: "A" },
    };
    const made = labOf([{ name: "both", args: {} }], { tools: [both] });
    const { plan } = await rehearsed(made);
    const keys = plan.asks.flatMap((one) => one.keys);
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) {
      const part = plan.asks.map((one) => ({ ...one, keys: [key] }));
      const approvals = (await askDesk(made.world).give(part)).map(({ id }) => id);
      const state = await ended(begin(made.world, { text: "go", approvals }));
      expect([key, state.state, made.tools.calls.length]).toEqual([key, "waiting", 0]);
    }
  });

  test("that nobody gave are refused before a run begins with them", () => {
    const made = labOf([RISKY]);
    expect(() => checkGiven(made.world, ["p0"])).toThrow("p0");
    expect(() => checkGiven(made.world, [])).not.toThrow();
  });

  test("rank S is never among them", async () => {
    const made = labOf([PAY]);
    const { plan } = await rehearsed(made);
    const error = await askDesk(made.world)
      .give(plan.asks)
      .then(() => null, codeOf);
    expect(error).toBe("approval.needs_name");
    expect(askDesk(made.world).given()).toEqual([]);
  });
});

function codeOf(error: unknown): unknown {
  return error instanceof NanosError ? error.code : error;
}

describe("the six refusals", () => {
  /** A yes to `risky {n: 1}` by the operator, what becomes of it, and the refusal it then meets. */
  async function check(
    refusal: string,
    meddle: (made: Lab, id: string) => Promise<unknown>,
    use: { tool?: string; args?: JsonObject; id?: string } = {},
  ): Promise<void> {
    const made = labOf([]);
    const desk = askDesk(made.world);
    const { question } = await can(made.world, "operator", "risky", RISKY.args);
    const [answer] = await desk.give(question ? [question] : []);
    await meddle(made, answer?.id ?? "");
    const { tool = "risky", args = RISKY.args, id = answer?.id ?? "" } = use;
    const told = desk.refusal(id, "operator", tool, args);
    expect(told).toMatchObject({
      code: `approval.${refusal}`,
      message: expect.any(String) as string,
    });
    const before = made.tools.calls.length;
    const thrown = await toolDesk(made.world)
      .call(tool, args, { approvals: [id] })
      .then(() => null, codeOf);
    expect(thrown).toBe(`approval.${refusal}`);
    expect(made.tools.calls.length).toBe(before);
  }

  const nothing = async (): Promise<void> => undefined;

  test("missing_approval", () => {
    const refusal = askDesk(labOf([]).world).refusal(undefined, "operator", "risky", RISKY.args);
    expect(refusal?.code).toBe("approval.missing_approval");
  });
  test("unknown_approval", () => check("unknown_approval", nothing, { id: "p0" }));
  test("unknown_approval: signed by somebody else", async () => {
    const made = labOf([]);
    const { question } = await can(made.world, "operator", "risky", RISKY.args);
    const forger = { ...made.world, sign: () => "forged" };
    const [answer] = await askDesk(forger).give(question ? [question] : []);
    const refusal = askDesk(made.world).refusal(answer?.id, "operator", "risky", RISKY.args);
    expect(refusal?.code).toBe("approval.unknown_approval");
  });
  test("already_consumed", () =>
    check("already_consumed", async ({ world }, id) => {
      const handle = await toolDesk(world).call("risky", RISKY.args, { approvals: [id] });
      expect(await handle.done).toMatchObject({ ended: { outcome: "succeeded", asks: 0 } });
    }));
  test("tool_mismatch", () => check("tool_mismatch", nothing, { tool: "pay" }));
  test("args_hash_mismatch", () => check("args_hash_mismatch", nothing, { args: { n: 2 } }));
  test("expired", () => check("expired", async ({ clock }) => clock.advance(900_000)));
  test("expired: taken back", () => check("expired", ({ world }, id) => askDesk(world).revoke(id)));
});
