import { expect, test } from "bun:test";
import type { AskReply } from "../contracts/question.ts";
import { answerAsk, listAsks } from "../kernel/desk/approvals.ts";
import { resume } from "../kernel/runner.ts";
import type { FunctionTool } from "../kernel/testing/function-tools.ts";
import type { Lab } from "../kernel/testing/lab.ts";
import { type Life, mortal } from "../kernel/testing/mortal.ts";
import { listTraces } from "../kernel/views/traces.ts";
import { decisionDigest, recordOf } from "./engine/record.ts";
import { beginIn, type Followed, missionLab, seenOf, type Written } from "./testing/mission-lab.ts";

/**
 * A mission with an approval, branches, an agent, a retry and something left out, killed at every
 * event it writes, before and after what the event allows: it always comes to its end, no task that
 * had ended is done again, nothing outward is done twice, and what was decided is the same.
 */

const PLAN: Written = {
  rank: "A",
  inputs: { what: {} },
  tasks: [
    { id: "look", tool: "look", args: { what: "{{ inputs.what }}" } },
    { id: "send", tool: "send", args: { id: 1 }, needs: ["look"] },
    {
      ...{ id: "ask", agent: "writer", prompt: "{{ tasks.look.output }}", needs: ["look"] },
      checks: [{ contains: "fine" }],
    },
    {
      ...{ id: "again", tool: "flaky", args: {}, needs: ["look"] },
      recover: [{ retry: { wait: "1m" } }],
    },
    { id: "less", tool: "fail", args: {}, recover: [{ degrade: { says: "nothing" } }] },
    { id: "never", tool: "look", args: { what: "no" }, when: "inputs.what == 'no'" },
    {
      ...{ id: "note", tool: "note", needs: ["ask", "again", "less"], rank: "A" },
      args: { text: "{{ tasks.ask.output }} {{ tasks.less.output }}" },
    },
    { id: "last", tool: "send", args: { id: 2 }, needs: ["note", "send"] },
  ],
};

/** What was done to the outside, by step. */
type Outside = { readonly sent: string[] };

function toolsFor(outside: Outside): FunctionTool[] {
  return [
    { name: "look", scopes: ["read:./notes"], run: ({ what }) => `saw ${String(what)}` },
    {
      ...{ name: "send", kind: "mcp", scopes: ["memory:outbox"] },
      run: (_, { step }) => {
        outside.sent.push(step);
        return "sent";
      },
      probe: (_, { step }) => outside.sent.includes(step),
    },
    {
      name: "flaky",
      run: (_, { step }) => {
        // Which attempt it is shows in the step alone, whatever process it is in.
        if (step.endsWith("002")) throw new Error("not yet");
        return "there";
      },
    },
    { name: "fail", run: () => Promise.reject(new Error("as it was told")) },
    {
      ...{ name: "note", scopes: ["write:./notes"] },
      run: ({ text }, { write }) => {
        write("/ws/notes/a.md", String(text));
        return "noted";
      },
    },
  ];
}

const YES: AskReply = { verdict: "allow", reach: "once" };

interface Lived extends Followed {
  readonly outside: Outside;
  /** Calls of steps that were settled before it died. */
  readonly redone: readonly string[];
}

/** Carries the mission over one death to its end, answering what it waits for. */
async function live(life: Life | null): Promise<Lived> {
  const outside: Outside = { sent: [] };
  let made: Lab = missionLab({
    tools: toolsFor(outside),
    agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "writer" } }],
    script: { turns: [{ agent: "writer", say: "It is fine.", once: false }] },
  });
  const given = { inputs: { what: "a cat" } };
  let run = "";
  let dying = life;
  let before = { settled: new Set<string>() as ReadonlySet<string>, calls: 0 };
  for (let round = 0; round < 12; round++) {
    const { world, death } = dying ? mortal(made.world, dying) : { world: made.world, death: null };
    dying = null;
    const going = (run === "" ? beginIn(made, world, PLAN, given) : resume(world, run, {})).then(
      ({ done }) => done,
    );
    const state = await (death ? Promise.race([going, death.then(() => null)]) : going);
    run ||= listTraces(made.journal, {})[0]?.run ?? "";
    if (state?.state === "ended") {
      const later = made.tools.calls.slice(before.calls).map(({ step }) => step);
      const redone = later.filter((step) => before.settled.has(step));
      return { ...(await seenOf(made, run, state)), outside, redone };
    }
    made = made.again();
    // Whatever waits for a time has come to it.
    made.clock.advance(60_000);
    if (state === null && run !== "") {
      await seenOf(made, run, { state: "running", run });
      before = { settled: settledIn(made), calls: made.tools.calls.length };
    }
    for (const ask of listAsks(made.world)) await answerAsk(made.world, ask, YES, "operator@test");
  }
  throw new Error(`mission ${run} did not come to its end`);
}

test("a mission killed at any event comes to the same end", async () => {
  const calm = await live(null);
  expect([calm.end?.outcome, calm.end?.failure?.code]).toEqual(["degraded", "mission.degraded"]);
  expect(
    Object.entries(calm.tasks)
      .map(([id, { status }]) => `${id} ${status}`)
      .toSorted(),
  ).toEqual([
    "again succeeded",
    "ask succeeded",
    "last succeeded",
    "less degraded",
    "look succeeded",
    "never skipped",
    "note succeeded",
    "send succeeded",
  ]);
  const digest = decisionDigest(recordOf(calm.made.journal, calm.run));
  const events = calm.made.journal.size();
  expect(events).toBeGreaterThan(80);
  // All of them in the soak; else every fifth, which meets each kind of event.
  const stride = process.env["NANOS_SOAK"] ? 1 : 5;
  for (let at = 1; at <= events; at += stride) {
    for (const when of ["written", "acted"] as const) {
      const hurt = await live({ events: at, at: when });
      const where = `killed ${when} at ${at}`;
      expect([where, hurt.end?.outcome]).toEqual([where, "degraded"]);
      expect([where, decisionDigest(recordOf(hurt.made.journal, hurt.run))]).toEqual([
        where,
        digest,
      ]);
      const twice = hurt.outside.sent.filter((step, i, all) => all.indexOf(step) < i);
      expect([where, twice, hurt.outside.sent.length]).toEqual([where, [], 2]);
      expect([where, hurt.made.tools.files.get("/ws/notes/a.md")]).toEqual([
        where,
        "It is fine. nothing",
      ]);
      expect([where, hurt.redone]).toEqual([where, []]);
      expect(hurt.made.journal.verify().ok).toBe(true);
    }
  }
}, 120_000);

/** Steps that are settled on the record, whatever run they belong to. */
function settledIn({ journal }: Lab): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { event } of journal.since(0, { bodies: false })) {
    if (event.kind === "action.settled" && event.step !== null) found.add(event.step);
  }
  return found;
}
