import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../std/limits.ts";
import { NanosError } from "../../std/error.ts";
import type { AskReply } from "../../contracts/question.ts";
import type { Ask } from "../../contracts/run.ts";
import { answerAsk } from "../desk/approvals.ts";
import { can } from "./can.ts";
import { askDesk } from "./desk.ts";
import { replay } from "../drive/replay.ts";
import { askedIn } from "../views/asked.ts";
import { traceOf } from "../views/trace.ts";
import { begin, resume } from "../runner.ts";
import { type Lab, type LabSetup, ended, lab } from "../testing/lab.ts";
import type { FunctionTool } from "../testing/function-tools.ts";

const send: FunctionTool = {
  name: "send",
  scopes: ["net:*"],
  manifest: { args: { url: "destination" } },
  run: ({ url }) => `sent to ${String(url)}`,
};
const look: FunctionTool = { ...send, name: "look", manifest: { ...send.manifest, reads: true } };
const pay: FunctionTool = { name: "pay", manifest: { rank: "S" }, run: () => "paid" };

/** A script that calls these, one a turn, and then says it is done. */
function calling(...calls: readonly { name: string; args: { [key: string]: string } }[]): LabSetup {
  const turns = calls.map((call) => ({ calls: [call] }));
  return { tools: [send, look, pay], script: { turns: [...turns, { say: "done" }] } };
}

const to = (host: string, name = "send"): { name: string; args: { url: string } } => ({
  name,
  args: { url: `https://${host}/x` },
});

/** Runs it, answering in place, and says what was asked and what it came to. */
async function attended(setup: LabSetup, reply: AskReply | null): Promise<[Lab, Ask[], string]> {
  const made = lab(setup);
  const asks: Ask[] = [];
  const handle = await begin(made.world, {
    text: "go",
    ask: async (ask) => {
      asks.push(ask);
      return reply;
    },
  });
  const state = await handle.done;
  if (state.state === "ended") {
    const again = await replay(made.journal, made.world.recall, handle.run);
    expect(again).toMatchObject({ ok: true });
  }
  return [made, asks, state.state === "ended" ? state.ended.outcome : state.state];
}

/** Runs it with nobody there, up to the ask. */
async function waiting(setup: LabSetup): Promise<{ made: Lab; ask: Ask; run: string }> {
  const made = lab(setup);
  const { state, run } = await ended(begin(made.world, { text: "go" }));
  const [ask] = askDesk(made.world).list();
  if (state !== "waiting" || !ask) throw new Error("it did not wait");
  return { made, ask, run };
}

const YES = { verdict: "allow", reach: "once" } as const;
const FOR_RUN = { verdict: "allow", reach: "run" } as const;

describe("how far a yes reaches", () => {
  const two = calling(to("a.org", "look"), to("a.org", "look"), to("b.org", "look"));

  test("once: the same destination is asked about again", async () => {
    const [, asks, came] = await attended(two, YES);
    expect([asks.length, came]).toEqual([3, "succeeded"]);
  });

  test("for the run: that destination is not asked about again, another is", async () => {
    const calls = ["a.org", "a.org", "a.org", "b.org", "a.org"].map((host) => to(host, "look"));
    const [, asks, came] = await attended(calling(...calls), FOR_RUN);
    // Once the first result is in the conversation, somebody else may have a hand in the next.
    expect([asks.map(({ keys }) => keys[0]), came]).toEqual([
      [
        "net:look|a.org:443|operator",
        "net:look|a.org:443|untrusted",
        "net:look|b.org:443|untrusted",
      ],
      "succeeded",
    ]);
  });

  test("what acts there, once others may have a hand in it, is asked about each time", async () => {
    const [made, asks] = await attended(calling(to("a.org"), to("a.org"), to("a.org")), FOR_RUN);
    const covers = asks.map((ask) => askedIn(made.journal, ask)?.question.covers);
    expect(covers).toEqual(["this destination, until outside text", null, null]);
  });

  test("for the run, and no further: the next run asks again", async () => {
    const [made, asks] = await attended(two, FOR_RUN);
    const next = await ended(begin(made.again().world, { text: "go" }));
    expect([asks.length, next.state]).toEqual([3, "waiting"]);
  });
});

describe("what is taken back while an ask is open", () => {
  const grant = { skill: "send", scopes: [], hash: null, at: 0 };
  const setup = { ...calling(to("a.org")), grants: [grant] };
  const gone = [{ ...grant, revoked: true as const }];
  const deniedIn = (made: Lab, run: string): readonly string[] =>
    traceOf(made.journal, run).steps.flatMap(({ name, decision }) =>
      decision?.verdict === "deny" ? [`${name} ${decision.reason}`] : [],
    );

  test.each<[string, before: boolean]>([
    ["after the yes", false],
    ["before the yes", true],
  ])("is not done, taken back %s, and the record says from when", async (_, before) => {
    const { made, ask, run } = await waiting(setup);
    const later = made.again();
    if (before) later.grants = gone;
    await answerAsk(later.world, ask, YES, "operator@terminal");
    later.grants = gone;
    const state = await ended(resume(later.world, run, {}));
    expect(state).toMatchObject({ state: "ended", ended: { outcome: "degraded" } });
    expect(later.tools.calls).toEqual([]);
    expect(deniedIn(later, run)).toEqual(["send deny:grant_revoked"]);
    const kinds = [...later.journal.chain(run)].map(({ event }) => event.kind);
    expect(kinds.indexOf("standing.changed")).toBeGreaterThan(kinds.indexOf("approval.used"));
    expect(await replay(later.journal, later.world.recall, run)).toMatchObject({ ok: true });
  });

  test("also in the process that asks; what is given instead changes nothing of that", async () => {
    for (const [grants, calls] of [
      [gone, 0],
      [[grant, { ...grant, skill: "look" }], 1],
    ] as const) {
      const made = lab(setup);
      const reply = async (): Promise<AskReply> => {
        made.grants = grants;
        return YES;
      };
      const handle = await begin(made.world, { text: "go", ask: reply });
      await handle.done;
      expect(made.tools.calls.length).toBe(calls);
      const report = await replay(made.journal, made.world.recall, handle.run);
      expect(report).toMatchObject({ ok: true });
    }
  });
});

describe("rank S", () => {
  const setup = calling({ name: "pay", args: { to: "Ada" } });

  test("takes the action's name, typed, and is never for the rest of the run", async () => {
    const typed = { ...FOR_RUN, typed: "pay" };
    const twice = calling({ name: "pay", args: {} }, { name: "pay", args: {} });
    const [, asks, came] = await attended(twice, typed);
    expect([asks.length, came]).toEqual([2, "succeeded"]);
  });

  test("stays open without it, in place and from elsewhere", async () => {
    for (const reply of [YES, { ...YES, typed: "Pay" }]) {
      expect((await attended(setup, reply))[2]).toBe("waiting");
      const { made, ask } = await waiting(setup);
      await refuses(askDesk(made.world).answer(ask.id, reply), "approval.needs_name");
      expect(askDesk(made.world).list()).toEqual([ask]);
    }
  });

  test("a no needs nothing", async () => {
    const [made, , came] = await attended(setup, { verdict: "deny", reach: "once" });
    expect([came, made.tools.calls]).toEqual(["degraded", []]);
  });
});

async function refuses(doing: Promise<unknown>, code: string): Promise<void> {
  const error = await doing.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error instanceof NanosError ? error.code : error).toBe(code);
}

describe("an answer that is none", () => {
  const setup = calling(to("a.org"));

  test("to what was never asked, was answered, or is over", async () => {
    const { made, ask } = await waiting(setup);
    const desk = askDesk(made.world);
    await refuses((async () => desk.answer("a0", YES))(), "approval.unknown_approval");
    await desk.answer(ask.id, YES);
    await refuses((async () => desk.answer(ask.id, YES))(), "approval.already_consumed");
    const other = await waiting(setup);
    other.made.clock.advance(LIMITS.askMs);
    await refuses((async () => askDesk(other.made.world).show(other.ask.id))(), "approval.expired");
  });

  test("taken back before it was used: it is asked anew", async () => {
    const { made, ask, run } = await waiting(setup);
    const desk = askDesk(made.world);
    await desk.answer(ask.id, YES);
    await desk.revoke(ask.id);
    const again = made.again();
    expect((await ended(resume(again.world, run, {}))).state).toBe("waiting");
    const [anew] = askDesk(again.world).list();
    expect(anew?.id).not.toBe(ask.id);
    expect(again.tools.calls).toEqual([]);
    await refuses(desk.revoke(ask.id), "approval.expired");
    await refuses(desk.revoke("a0"), "approval.unknown_approval");
  });

  test("used: it can't be taken back any more", async () => {
    const { made, ask, run } = await waiting(setup);
    await askDesk(made.world).answer(ask.id, YES);
    const again = made.again();
    expect((await ended(resume(again.world, run, {}))).state).toBe("ended");
    await refuses(askDesk(again.world).revoke(ask.id), "approval.already_consumed");
  });

  test("used too late, for other arguments, for another ask, or signed by somebody else", async () => {
    const said = async (change: (ask: Ask) => Ask, sign?: () => string): Promise<string> => {
      const { made, ask, run } = await waiting(setup);
      const world = sign ? { ...made.world, sign } : made.world;
      const answer = await answerAsk(world, change(ask), YES, "somebody");
      expect(answer.expires - answer.at).toBe(900_000);
      const again = made.again();
      return (await ended(resume(again.world, run, {}))).state;
    };
    expect(await said((ask) => ask)).toBe("ended");
    expect(await said((ask) => ({ ...ask, argsHash: "other" }))).toBe("waiting");
    expect(await said((ask) => ({ ...ask, id: "a0" }))).toBe("waiting");
    expect(
      await said(
        (ask) => ask,
        () => "forged",
      ),
    ).toBe("waiting");
    const { made, ask, run } = await waiting(setup);
    await askDesk(made.world).answer(ask.id, YES);
    made.clock.advance(900_000);
    expect((await ended(resume(made.again().world, run, {}))).state).toBe("waiting");
  });
});

describe("asks are counted, with answers and the time to answer", () => {
  test("in the end of the run, and in its trace", async () => {
    const made = lab(calling(to("a.org", "look"), to("b.org", "look")));
    let n = 0;
    const handle = await begin(made.world, {
      text: "go",
      ask: async () => {
        made.clock.advance(1_000);
        n += 1;
        return n === 1 ? YES : { verdict: "deny", reach: "once" };
      },
    });
    expect(await handle.done).toMatchObject({ ended: { asks: 2, outcome: "degraded" } });
    const { steps } = traceOf(made.journal, handle.run);
    const by = "operator@terminal";
    expect(steps.flatMap(({ asked = [] }) => asked)).toMatchObject([
      { came: "allow", ms: 1_000, by },
      { came: "deny", ms: 1_000, by },
    ]);
  });

  test("a delegated run's asks are its parent's as well", async () => {
    const made = lab({
      ...calling(),
      agents: [
        { manifest: { name: "oracle", agents: ["helper"], skills: [] } },
        { manifest: { name: "helper", agents: [] } },
      ],
      script: {
        turns: [
          { agent: "helper", when: { last: "^look" }, calls: [to("a.org", "look")] },
          { agent: "helper", say: "It says so." },
          {
            ...{ agent: "oracle", when: { last: "^go" } },
            calls: [{ name: "delegate", args: { agent: "helper", request: "look" } }],
          },
          { agent: "oracle", say: "done" },
        ],
      },
    });
    const handle = await begin(made.world, { text: "go", ask: async () => YES });
    expect(await handle.done).toMatchObject({ ended: { asks: 1, outcome: "succeeded" } });
    expect(await replay(made.journal, made.world.recall, handle.run)).toMatchObject({ ok: true });
  });

  test("an answer that was void says so, and what was asked anew is another ask", async () => {
    const { made, ask, run } = await waiting(calling(to("a.org")));
    await askDesk(made.world).answer(ask.id, YES);
    made.clock.advance(900_000);
    await ended(resume(made.again().world, run, {}));
    const { steps } = traceOf(made.journal, run);
    const asked = steps.flatMap((one) => one.asked ?? []);
    expect(asked.map(({ came }) => came)).toEqual(["expired", null]);
  });
});

describe("the rank a manifest names", () => {
  const WAITS = "Asked because its rank waits for the operator.";
  const hand = { calls: [{ name: "delegate", args: { agent: "helper", request: "go" } }] };
  const act = { calls: [{ name: "look", args: { url: "https://a.org/x" } }] };
  const quiet: FunctionTool = { name: "look", run: () => "seen" };
  const agents = (rank: "A" | undefined): NonNullable<LabSetup["agents"]> => [
    { manifest: { name: "oracle", agents: ["helper"], ...(rank ? { rank } : {}) } },
    { manifest: { name: "helper" } },
  ];
  const setup = (rank: "A" | undefined): LabSetup => ({
    tools: [quiet],
    agents: agents(rank),
    script: {
      turns: [
        { agent: "oracle", ...hand },
        { agent: "helper", ...act },
        { agent: "helper", say: "seen" },
        { agent: "oracle", say: "done" },
      ],
    },
  });

  test("makes what the agent does wait, and what is done for it, but not its thoughts", async () => {
    const [, none] = await attended(setup(undefined), YES);
    expect(none).toEqual([]);
    const [made, asks, came] = await attended(setup("A"), YES);
    expect(asks.map(({ agent, name, reason }) => [agent, name, reason])).toEqual([
      ["oracle", "helper", WAITS],
      ["helper", "look", WAITS],
    ]);
    expect(came).toBe("succeeded");
    const judged = [...made.journal.since(0, { bodies: true })].flatMap(({ body }) =>
      body?.kind === "action.judged" ? [body.decision.raised ?? "-"] : [],
    );
    expect(judged.filter((by) => by === "agent oracle").length).toBe(4);
  });

  test("is said beforehand, and was not looked at in older runs", async () => {
    const made = lab(setup("A"));
    const said = await can(made.world, "oracle", "look", {});
    expect(said.decision).toMatchObject({ verdict: "ask", rank: "A", raised: "agent oracle" });
    expect(said.explanation.join()).toContain("The manifest of agent oracle raised it to that.");
    const world = { ...made.world, facts: async () => ({ ...made.facts, gate: 2 }) };
    const older = await can(world, "oracle", "look", {});
    expect(older.decision).toMatchObject({ verdict: "allow", rank: "E" });
  });

  test("of a skill holds for its tools", async () => {
    const made = lab(setup(undefined));
    const plain = { description: "", instructions: "", hash: "h", scopes: [], locked: true };
    const skills = [{ name: "look", rank: "S" as const, ...plain }];
    const world = { ...made.world, facts: async () => ({ ...made.facts, skills }) };
    const said = await can(world, "oracle", "look", {});
    expect([said.decision.rank, said.decision.raised]).toEqual(["S", "skill look"]);
  });
});
