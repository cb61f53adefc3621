import { describe, expect, test } from "bun:test";
import type { ScriptInput } from "../src/contracts/script.ts";
import { EXIT } from "../src/cli/exit.ts";
import { replay } from "../src/kernel/drive/replay.ts";
import { HAND_IN } from "../src/kernel/plans/hand-in.ts";
import { note } from "../src/kernel/desk/note.ts";
import { begin } from "../src/kernel/runner.ts";
import { decideBy } from "../src/missions/follow.ts";
import type { LabSetup } from "../src/kernel/testing/lab.ts";
import { NanosError } from "../src/std/error.ts";
import { followPlan, type Written } from "../src/missions/testing/mission-lab.ts";
import { deskOf } from "./support/mission-desk.ts";
import { setup } from "./support/missions.ts";

/** Missions as a person at the command line has them, over a lab instead of a home. */

const SAY = { id: "a", tool: "say", args: { text: "{{ inputs.what }}" } };
const ECHO: Written = { inputs: { what: {}, least: { type: "number", default: 1 } }, tasks: [SAY] };
/** Two tasks that each wait for a yes. */
const TWO: Written = {
  rank: "D",
  tasks: ["a", "b"].map((id) => ({ id, tool: "say", args: { text: id }, rank: "A" })),
};
const GATED: Written = { ...ECHO, rank: "A" };

async function codeOf(promise: Promise<unknown>): Promise<NanosError> {
  const error = await promise.then(
    () => null,
    (fault: unknown) => fault,
  );
  if (error instanceof NanosError) return error;
  throw new Error("nothing was refused");
}

test("new says what it could use at most, in one line, before anything begins; a script is not told", async () => {
  const wide = { tasks: [SAY, { ...SAY, id: "b" }, { ...SAY, id: "c", needs: ["b"] }] };
  const { line } = deskOf({ wide: { ...ECHO, ...wide } });
  const came = await line("new", "wide", "--input", "what=hello");
  expect(came.code).toBe(0);
  expect(came.err.split("\n")[0]).toMatch(
    /^rank E by .+ · 3 tasks, 2 at once · at most 3 calls, /u,
  );
  expect(came.err.split("\n")[1]).toStartWith("an upper bound: ");
  const refused = await line("new", "wide");
  expect([refused.code, refused.err]).toEqual([
    EXIT.usage,
    expect.stringMatching(/^(?!.*upper bound)[^]*mission\.input/u),
  ]);
  const quiet = await line("new", "wide", "--input", "what=hello", "--json");
  expect([quiet.code, `${quiet.out}${quiet.err}`]).toEqual([
    0,
    expect.not.stringContaining(" at once · "),
  ]);
});

test("rerun begins another with the same plan and inputs, and names the one it repeats", async () => {
  const { made, missions, line, last } = deskOf({ echo: ECHO });
  await line("new", "echo", "--input", "what=hello", "--input", "least=3");
  const first = last();
  made.clock.advance(1_000);
  const came = await line("rerun", first);
  expect([came.code, came.out]).toEqual([0, "hello\n"]);
  const second = last();
  expect(second).not.toBe(first);
  expect(missions.show(second)).toMatchObject({
    ...{ plan: "echo", hash: missions.show(first).hash, outcome: "succeeded" },
    inputs: { what: "hello", least: 3 },
  });
  const [started] = [...made.journal.chain(second)];
  expect(started?.body).toMatchObject({ mission: { again: first } });
});

test("cancel ends one that waits, once", async () => {
  const { missions, line, last } = deskOf({ gated: GATED });
  expect((await line("new", "gated", "--input", "what=hello")).code).toBe(EXIT.waiting);
  const came = await line("cancel", last());
  expect([came.code, came.out]).toEqual([0, `${last()} was asked to stop.\n`]);
  expect(missions.show(last())).toMatchObject({ state: "ended", outcome: "cancelled", asks: [] });
  expect((await line("cancel", last())).err).toContain("run.ended");
});

test("watch says each task as it begins and ends, until the mission ends, waits or failed", async () => {
  const { line, last, made } = deskOf({
    ...{ echo: ECHO, gated: GATED },
    bad: { tasks: [{ id: "a", tool: "fail", args: {} }] },
  });
  await line("new", "echo", "--input", "what=hello");
  const came = await line("watch", last());
  expect([came.code, came.err]).toEqual([0, "a began\na succeeded\n"]);
  expect(came.out).toContain("echo");
  made.clock.advance(1_000);
  await line("new", "gated", "--input", "what=hello");
  const waits = await line("watch", last());
  expect([waits.code, waits.err]).toEqual([EXIT.waiting, ""]);
  made.clock.advance(1_000);
  await line("new", "bad");
  const failed = await line("watch", last());
  expect([failed.code, failed.err]).toEqual([EXIT.failed, "a began\na failed\n"]);
});

test("watch goes along with one that is under way", async () => {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let began = (): void => undefined;
  const isIn = new Promise<void>((resolve) => {
    began = resolve;
  });
  const slow = {
    name: "slow",
    run: async () => {
      began();
      await gate;
      return "done";
    },
  };
  const { missions, line, last } = deskOf(
    { slow: { tasks: [{ id: "a", tool: "slow", args: {} }] } },
    { tools: [slow] },
  );
  const { done } = await missions.begin({ plan: "slow" });
  await isIn;
  const watching = line("watch", last());
  open();
  expect((await done).state).toBe("ended");
  const came = await watching;
  expect([came.code, came.err]).toEqual([0, "a began\na succeeded\n"]);
});

describe("what is refused", () => {
  const inputs: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
    ["one there is not", { what: "x", leest: "1" }, "no input leest", "Did you mean least?"],
    ["one like none", { what: "x", zzzzzz: "1" }, "no input zzzzzz", "Its inputs: what, least."],
    ["one that is missing", {}, "what is missing", "--input what=VALUE"],
    ["no number", { what: "x", least: "few" }, "least takes a number, not few", "Give another."],
    ["an empty number", { what: "x", least: " " }, "least takes a number", "Give another."],
  ];
  for (const [what, given, message, next] of inputs) {
    test(`mission.input: ${what}; nothing begins`, async () => {
      const { missions } = deskOf({ echo: ECHO });
      const error = await codeOf(missions.begin({ plan: "echo", inputs: given }));
      expect(error.code).toBe("mission.input");
      expect([error.message, error.next]).toEqual([
        expect.stringContaining(message),
        expect.stringContaining(next),
      ]);
      expect(missions.list()).toEqual([]);
    });
  }
  test("mission.input: none of the choices, neither true nor false", async () => {
    const { missions } = deskOf({
      pick: {
        inputs: { kind: { type: "choice", choices: ["l", "r"] }, sure: { type: "boolean" } },
        tasks: [{ id: "a", tool: "say", args: {} }],
      },
    });
    const beginWith = (kind: string, sure: string): Promise<NanosError> =>
      codeOf(missions.begin({ plan: "pick", inputs: { kind, sure } }));
    expect((await beginWith("m", "true")).message).toBe("kind takes one of l, r, not m.");
    expect((await beginWith("l", "yes")).message).toBe("sure takes a boolean, not yes.");
  });
  test("mission.waive: no check of the plan", async () => {
    const { line } = deskOf({
      ...{ echo: ECHO, bare: { tasks: [{ id: "a", tool: "say", args: {} }] } },
      held: { tasks: [{ id: "a", tool: "say", args: {}, checks: [{ contains: "x" }] }] },
    });
    const held = await line("new", "held", "--waive", "a.words");
    expect([held.code, held.err]).toEqual([EXIT.usage, expect.stringContaining("mission.waive")]);
    expect(held.err).toContain("Its checks: a.contains.");
    expect((await line("new", "bare", "--waive", "a.words")).err).toContain("It has no checks.");
  });
  for (const verb of ["show", "approve", "run", "rerun", "cancel", "watch"]) {
    test(`mission.unknown: ${verb} of none`, async () => {
      const came = await deskOf({}).line(verb, "r0");
      expect(came.code).not.toBe(0);
      expect(came.err).toContain("There is no mission r0.");
      expect(came.err).toContain("mission.unknown");
    });
  }
  test("mission.unknown: a run that follows no plan is no mission", async () => {
    const { made, missions } = deskOf({});
    const { run, done } = await begin(made.world, { text: "go" });
    await done;
    expect((await codeOf(missions.cancel(run))).code).toBe("mission.unknown");
  });
  test("mission.many_asks: a yes is never to several at once", async () => {
    const { missions, line, last } = deskOf({ two: TWO });
    await line("new", "two");
    const { asks } = missions.show(last());
    expect(asks.length).toBe(2);
    const came = await line("approve", last());
    expect(came.err).toContain("mission.many_asks");
    for (const { id } of asks) expect(came.err).toContain(id);
    expect(missions.show(last()).asks).toEqual(asks);
  });
  test("mission.erased: what it began with is gone, and so is its line", async () => {
    const { made, missions, line, last } = deskOf({ echo: ECHO });
    await line("new", "echo", "--input", "what=hello");
    const mission = last();
    await made.journal.erase([...made.journal.chain(mission)][0]?.event.hash ?? "", "asked for");
    for (const verb of ["show", "approve", "run", "rerun", "cancel", "watch"]) {
      expect((await line(verb, mission)).err).toContain("mission.erased");
    }
    expect(missions.list()).toEqual([]);
  });
  test("one that Restate carries is forked here from the copy, though nobody says where that is", async () => {
    const { made, missions, line, last, fork } = deskOf({ echo: ECHO });
    await line("new", "echo", "--input", "what=hello");
    const mission = last();
    await note(made.journal, { kind: "engine.moved", run: mission, to: "restate" });
    const { run, done } = await fork({ run: mission, at: "1" });
    await done;
    expect(missions.show(run)).toMatchObject({ state: "ended", outcome: "succeeded" });
  });
  test("a fork is a mission with the tasks it shares", async () => {
    const plan = { ...ECHO, tasks: [SAY, { ...SAY, id: "b", needs: ["a"] }] };
    const { missions, line, last, fork } = deskOf({ echo: plan });
    await line("new", "echo", "--input", "what=hello");
    const handle = await fork({ run: last(), at: "2001" });
    await handle.done;
    expect(missions.show(handle.run)).toMatchObject({
      ...{ plan: "echo", outcome: "succeeded", tasks: { all: 2, ended: 2 } },
    });
  });
  test("plan.bad_schema: an answer cannot be held to it", async () => {
    const output = { schema: { $ref: "#/elsewhere" } };
    const { tasks } = await followPlan(setup(), {
      tasks: [{ id: "a", agent: "other", prompt: "go", output }],
    });
    expect(tasks["a"]).toMatchObject({ status: "failed", failure: { code: "plan.bad_schema" } });
  });
});

const HANDED = (tool: string): ScriptInput => ({
  turns: [
    { when: { last: "and now", text: "said" }, say: "Nothing more." },
    { calls: [{ name: HAND_IN, args: { plan: "name: made" } }] },
    {
      calls: [
        {
          name: HAND_IN,
          args: {
            plan: `name: made\ndescription: Made.\ntasks: [{ id: a, tool: ${tool}, args: {} }]`,
          },
        },
      ],
    },
    { say: "It is handed in." },
  ],
});

const OUTWARD: LabSetup["tools"] = [
  ...(setup().tools ?? []),
  {
    name: "pay",
    skill: "bank",
    scopes: ["net:a.example:443"],
    manifest: { rank: "A" },
    run: () => "paid",
  },
];

test("an agent makes the plan: it is shown, begins by its rank, and replays as any other", async () => {
  const { made, missions, line, last } = deskOf({}, { script: HANDED("say") });
  const came = await line("new", "--by", "oracle", "say something", "--max-calls", "5");
  expect([came.code, came.out]).toEqual([0, "It is handed in.\nsaid\n"]);
  expect(came.err).toContain("made  Made.");
  expect(came.err).toContain("at most 1 call");
  expect(came.err).toContain("handed in by agent:oracle");
  const view = missions.show(last());
  expect(view).toMatchObject({ by: "agent:oracle", outcome: "succeeded", rank: "E" });
  const started = [...made.journal.chain(last())][0]?.body;
  const from = started?.kind === "run.started" ? (started.mission?.from ?? "") : "";
  expect(await missions.plan(from)).toMatchObject({ by: "agent:oracle", hash: view.hash });
  const [run = ""] = from.split(".");
  expect(missions.handedIn(run)).toEqual([]);
  for (const one of [run, last()]) {
    const report = await replay(made.journal, made.world.recall, one, decideBy);
    expect(report.ok ? "" : report.differs).toBe("");
  }
  made.clock.advance(1_000);
  expect((await line("rerun", last())).code).toBe(0);
  expect(missions.show(last())).toMatchObject({ by: "agent:oracle", outcome: "succeeded" });
});

test("an agent's plan of rank A waits, and no yes to it is one to its calls", async () => {
  const { missions, line, last } = deskOf({}, { script: HANDED("pay"), tools: OUTWARD });
  const came = await line("new", "--by", "oracle", "pay it");
  expect([came.code, missions.show(last()).asks.length]).toEqual([EXIT.waiting, 1]);
  await line("approve", last());
  const state = await (await missions.run(last())).done;
  expect(state).toMatchObject({ state: "waiting", asks: [{ name: "pay" }] });
});

test("waive lets a check go with a reason, while the mission waits", async () => {
  const checks = [{ id: "long", contains: "more" }];
  const { missions, line, last } = deskOf({
    gated: { ...ECHO, rank: "A", tasks: [{ ...SAY, checks }] },
  });
  await line("new", "gated", "--input", "what=hello");
  expect((await line("waive", last(), "a.long")).err).toContain("Nothing says why");
  const came = await line("waive", last(), "a.long", "--because", "read by hand");
  expect([came.code, came.out]).toEqual([0, expect.stringContaining("waived a.long")]);
  await line("approve", last());
  expect(await (await missions.run(last())).done).toMatchObject({ state: "ended" });
  expect((await line("show", last())).out).toContain("long waived");
});

test("where no plan holds, nothing begins, and flags that would do nothing are refused", async () => {
  const { missions, line } = deskOf({}, { script: { turns: [{ say: "I cannot." }] } });
  expect((await line("new", "--by", "oracle", "fly")).err).toContain("plan.none");
  expect((await line("new", "--by", "oracle", "fly", "--waive", "a.b")).err).toContain(
    "usage.mission",
  );
  expect((await line("new", "fly", "--max-cost", "1")).err).toContain("usage.mission");
  expect(missions.list()).toEqual([]);
});

test("what the vault has lost is begun by nobody", async () => {
  const { made, missions, line, last } = deskOf({}, { script: HANDED("say") });
  await line("new", "--by", "oracle", "say something");
  const started = [...made.journal.chain(last())][0]?.body;
  const from = started?.kind === "run.started" ? (started.mission?.from ?? "") : "";
  Object.assign(made.world.vault, { get: () => null });
  expect((await codeOf(missions.plan(from))).code).toBe("plan.gone");
});

test("in a session the oracle hands one in where the arrangement says so, and hears what came of it", async () => {
  const { missions, session } = deskOf({}, { script: HANDED("say"), proposes: true });
  const came = await session("do it\nand now?\n");
  expect([came.code, came.out]).toEqual([
    0,
    expect.stringMatching(/It is handed in\.[^]*made {2}Made\.[^]*said[^]*Nothing more\./u),
  ]);
  expect(missions.list()).toMatchObject([{ by: "agent:oracle", outcome: "succeeded" }]);
  const without = deskOf({}, { script: HANDED("say") });
  await without.session("do it\n");
  expect(without.missions.list()).toEqual([]);
});
