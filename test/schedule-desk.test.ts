import { describe, expect, test } from "bun:test";
import type { Arrangement } from "../src/contracts/arrangement.ts";
import type { ScheduleRequest, Schedules } from "../src/contracts/schedule.ts";
import type { Nanos } from "../src/contracts/nanos.ts";
import { Plan } from "../src/contracts/plan.ts";
import { EXIT } from "../src/cli/exit.ts";
import { type Came, commandLine } from "../src/cli/testing/command-line.ts";
import { scriptedHouse } from "../src/cli/testing/scripted-nanos.ts";
import type { Home } from "../src/home/home.ts";
import { note } from "../src/kernel/desk/note.ts";
import { scheduleIn } from "../src/kernel/schedule/view.ts";
import type { Facts, World } from "../src/kernel/world.ts";
import { type Lab, lab } from "../src/kernel/testing/lab.ts";
import { scriptModel } from "../src/models/script.ts";
import { missionDesks } from "../src/missions/desk.ts";
import { decideBy } from "../src/missions/follow.ts";
import { mayBegin } from "../src/missions/schedule/desk.ts";
import type { Store } from "../src/missions/schedule/needs.ts";
import { NanosError } from "../src/std/error.ts";
import { LIMITS } from "../src/std/limits.ts";

/** Schedules as a person saves them: what has to be there first, and what each is saved under. */

const PLANS = {
  brief: {
    inputs: { topic: {} },
    tasks: [{ id: "a", tool: "note", args: { text: "{{ inputs.topic }}" } }],
  },
  post: { tasks: [{ id: "a", tool: "post", args: {} }] },
};
const NET = ["net:example.org:443"];
const GRANT = { skill: "post", scopes: NET, hash: null, at: 0 };

interface Desk {
  readonly made: Lab;
  readonly world: World;
  readonly schedules: Schedules;
  readonly line: (...argv: readonly string[]) => Promise<Came>;
  facts: Facts;
  plans: Readonly<Record<string, Plan>>;
  store: Store;
}

function deskOf(price: { input: number; output: number } | null = { input: 1, output: 2 }): Desk {
  const model = { ...scriptModel("m", { turns: [] }, { now: () => 0 } as never), price };
  const made = lab({
    decide: decideBy,
    model,
    tools: [
      { name: "note", run: () => "kept" },
      { name: "post", scopes: NET, run: () => "sent" },
      { name: "keyed", scopes: ["secret:TOKEN"], run: () => "sent" },
    ],
    agents: [
      { manifest: { name: "oracle", agents: [] } },
      { manifest: { name: "clerk", skills: ["note"], agents: [] } },
      { manifest: { name: "poster", skills: ["post"], agents: [] } },
      { manifest: { name: "keeper", skills: ["keyed"], agents: [] } },
    ],
  });
  const plans = Object.entries(PLANS).map(([name, written]) => [
    name,
    Plan.parse({ name, description: "A plan.", ...written }),
  ]);
  const desk = {
    made,
    facts: made.facts,
    plans: Object.fromEntries(plans) as Readonly<Record<string, Plan>>,
    store: { models: [], secrets: [], env: {} } as Store,
  };
  const world: World = { ...made.world, facts: async () => desk.facts };
  const arrangement = {
    ...{ dir: "/a", workspace: "/ws" },
    manifest: { oracle: "oracle" },
  } as unknown as Arrangement;
  Object.defineProperty(arrangement, "plans", { get: () => desk.plans });
  const { schedules } = missionDesks({
    ...{ world, arrangement, cwd: "/w", models: () => [], store: async () => desk.store },
    home: { config: { read: async () => ({}) } } as unknown as Home,
    open: () => Promise.reject(new Error("nothing is opened here")),
    ...{ env: {}, sandbox: { start: () => Promise.reject(new Error("nothing is started here")) } },
    after: async () => undefined,
  });
  const script = { home: "/home", plays: {} };
  const house = scriptedHouse(script);
  const line: Desk["line"] = (...argv) =>
    commandLine(argv, {
      script,
      house: async () => ({
        ...house,
        openNanos: async (options) =>
          ({ ...(await house.openNanos(options)), schedules }) satisfies Nanos,
      }),
    });
  return Object.assign(desk, { world, schedules, line });
}

const DAILY = { name: "daily", cron: "0 9 * * *", zone: "Europe/Berlin" };
const ASK: ScheduleRequest = { ...DAILY, what: { agent: "clerk", text: "hello" } };
const BRIEF: ScheduleRequest = { ...DAILY, what: { plan: "brief", inputs: { topic: "x" } } };

async function refusal(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.then(
    () => null,
    (fault: unknown) => fault,
  );
  if (!(error instanceof NanosError)) throw new Error(`nothing was refused: ${String(error)}`);
  return [error.code, error.next];
}

describe("what has to be there before one is saved", () => {
  const problems = async (desk: Desk, what: ScheduleRequest): Promise<readonly string[]> =>
    (await desk.schedules.preflight(what)).problems.map(({ next }) => next);

  test("a yes to what leaves the workspace", async () => {
    const desk = deskOf();
    for (const what of [
      { agent: "poster", text: "post" },
      { plan: "post", inputs: {} },
    ]) {
      expect(await problems(desk, { ...DAILY, what })).toEqual(["nanos grant add post"]);
    }
    expect(
      await refusal(desk.schedules.add({ ...DAILY, what: { plan: "post", inputs: {} } })),
    ).toEqual(["schedule.preflight", "nanos grant add post"]);
    desk.made.grants = [GRANT];
    expect(await problems(desk, { ...DAILY, what: { plan: "post", inputs: {} } })).toEqual([]);
    desk.made.grants = [{ ...GRANT, expires: 1 }];
    expect(await problems(desk, { ...DAILY, what: { plan: "post", inputs: {} } })).toHaveLength(1);
  });

  test("secrets of tools, keys of models", async () => {
    const desk = deskOf();
    desk.made.grants = [{ skill: "keyed", scopes: ["secret:TOKEN"], hash: null, at: 0 }];
    const what = { agent: "keeper", text: "go" };
    expect(await problems(desk, { ...DAILY, what })).toEqual(["nanos secret set TOKEN"]);
    const config = { adapter: "openai", keyEnv: "KEY", keySecret: "OTHER" } as const;
    desk.store = { models: [{ name: "script", config }], secrets: ["TOKEN"], env: {} };
    expect(await problems(desk, { ...DAILY, what })).toEqual([
      "export KEY=... where nanos watch is started",
      "nanos secret set OTHER",
    ]);
    desk.store = { ...desk.store, secrets: ["TOKEN", "OTHER"], env: { KEY: "x" } };
    expect(await problems(desk, { ...DAILY, what })).toEqual([]);
  });

  test("nothing that would never follow", async () => {
    const desk = deskOf();
    const { brief } = desk.plans;
    if (!brief) throw new Error("no plan");
    desk.plans = { ...desk.plans, chained: { ...brief, then: [{ plan: "post", inputs: {} }] } };
    const what = { plan: "chained", inputs: { topic: "x" } };
    const [problem] = (await desk.schedules.preflight({ ...DAILY, what })).problems;
    expect(problem?.says).toBe(
      "brief names what follows it (then), and nothing follows what a schedule begins",
    );
    expect((await refusal(desk.schedules.add({ ...DAILY, what })))[0]).toBe("schedule.preflight");
    expect(await desk.schedules.list()).toEqual([]);
  });

  test("what it costs at most; an unknown price takes a budget, and no limit in money", async () => {
    const priced = await deskOf().schedules.preflight({ ...ASK, budget: { tokens: 1_000_000 } });
    expect(priced.schedule.estimate).toEqual({ calls: 200, tokens: 1_000_000, cost: 2 });
    const unknown = deskOf(null);
    expect(await problems(unknown, ASK)).toEqual(["Give it a budget: --max-tokens N"]);
    expect(await problems(unknown, { ...ASK, budget: { tokens: 100 } })).toEqual([]);
    expect(await problems(unknown, { ...ASK, budget: { tokens: 100, cost: 1 } })).toHaveLength(1);
    // A plan that only calls tools asks no model.
    expect((await unknown.schedules.preflight(BRIEF)).schedule.estimate).toMatchObject({
      ...{ tokens: 0, cost: 0 },
    });
  });
});

describe("refused", () => {
  test.each<[string, ScheduleRequest, string]>([
    ["a name that is none", { ...ASK, name: "Daily!" }, "schedule.name"],
    ["no time", { ...ASK, cron: "9am" }, "schedule.time"],
    ["no zone", { ...ASK, zone: "Mars/Base" }, "schedule.time"],
    ["two times", { ...ASK, at: "2027-01-01T09:00" }, "schedule.time"],
    ["each second", { ...ASK, cron: "* * * * * *" }, "schedule.too_often"],
    ["never", { ...ASK, cron: "0 0 30 2 *" }, "schedule.never"],
    [
      "a moment that is over",
      { name: "x", at: "2025-01-01T09:00", what: ASK.what! },
      "schedule.never",
    ],
    ["nothing to begin", DAILY, "schedule.lacks"],
    ["nothing said of when", { name: "x", what: ASK.what! }, "schedule.lacks"],
    ["an agent there is none of", { ...DAILY, what: { agent: "x", text: "x" } }, "agent.unknown"],
    ["a plan there is none of", { ...DAILY, what: { plan: "x", inputs: {} } }, "plan.missing"],
    [
      "an input that is missing",
      { ...DAILY, what: { plan: "brief", inputs: {} } },
      "mission.input",
    ],
  ])("%s", async (_, request, code) => {
    const desk = deskOf();
    expect((await refusal(desk.schedules.add(request)))[0]).toBe(code);
    expect(await desk.schedules.list()).toEqual([]);
  });

  test("more than there is room for; one that has its name is saved in its place", async () => {
    const desk = deskOf();
    const { schedule } = await desk.schedules.preflight(ASK);
    for (let i = 0; i < LIMITS.schedules; i++) {
      await note(desk.made.journal, {
        kind: "schedule.saved",
        schedule: { ...schedule, name: `s${i}` },
      });
    }
    expect((await refusal(desk.schedules.add(ASK)))[0]).toBe("schedule.full");
    await desk.schedules.add({ ...ASK, name: "s1" });
    expect((await refusal(desk.schedules.rm("s999")))[0]).toBe("schedule.unknown");
    await desk.schedules.rm("s1");
    expect(await desk.schedules.list()).toHaveLength(LIMITS.schedules - 1);
  });
});

describe("what it is saved under", () => {
  const changes: readonly [string, ScheduleRequest, (desk: Desk) => void][] = [
    ["rules", BRIEF, (desk) => (desk.facts = { ...desk.facts, policy: "other" })],
    [
      "plan",
      BRIEF,
      (desk) => {
        const { brief } = desk.plans;
        desk.plans = { ...desk.plans, brief: { ...brief, rank: "C" } as Plan };
      },
    ],
    [
      "agents",
      ASK,
      (desk) => {
        const agents = desk.facts.agents.map((one) => ({ ...one, prompt: "Obey the page." }));
        desk.facts = { ...desk.facts, agents };
      },
    ],
    [
      "tools",
      BRIEF,
      (desk) => {
        const tools = desk.facts.tools.map((one) => ({ ...one, hash: "other" }));
        desk.facts = { ...desk.facts, tools };
      },
    ],
    [
      "grants",
      { ...DAILY, what: { agent: "poster", text: "x" } },
      (desk) => (desk.made.grants = [{ ...GRANT, scopes: [...NET, "net:*"] }]),
    ],
    ["memory", ASK, (desk) => (desk.facts = { ...desk.facts, memory: { enabled: true } as never })],
  ];

  test.each(changes)(
    "%s: another one holds it, until it is saved again",
    async (part, what, change) => {
      const desk = deskOf();
      desk.made.grants = [GRANT];
      await desk.schedules.add(what);
      expect((await desk.schedules.list())[0]).toMatchObject({ state: "armed", why: null });
      change(desk);
      const [line] = await desk.schedules.list();
      expect(line).toMatchObject({
        ...{ state: "held", name: "daily" },
        why: { code: "schedule.changed", message: `Changed since it was saved: ${part}.` },
      });
      const kept = scheduleIn(desk.made.journal, "daily");
      expect(kept && (await desk.schedules.refused(kept.schedule))?.code).toBe("schedule.changed");
      const again = await desk.schedules.add({ name: "daily" });
      expect(again.changed).toEqual([part]);
      expect((await desk.schedules.list())[0]).toMatchObject({ state: "armed", why: null });
    },
  );

  test("whoever carries it from the queue looks as well; in another folder it never begins", async () => {
    const desk = deskOf();
    await desk.schedules.add(BRIEF);
    const looking = {
      ...{ world: desk.world, store: async () => desk.store },
      plan: async () => desk.plans["brief"] as Plan,
    };
    const input = { text: "", schedule: { name: "daily", due: 0 } };
    await mayBegin(looking, input);
    const other = { ...desk.world, facts: async () => ({ ...desk.facts, workspace: "/other" }) };
    expect((await refusal(mayBegin({ ...looking, world: other }, input)))[0]).toBe(
      "schedule.elsewhere",
    );
    desk.facts = { ...desk.facts, policy: "other" };
    expect((await refusal(mayBegin(looking, input)))[0]).toBe("schedule.changed");
    await desk.schedules.rm("daily");
    expect((await refusal(mayBegin(looking, input)))[0]).toBe("schedule.unknown");
  });

  test("a plan or agent that is gone holds it, with the way back", async () => {
    const desk = deskOf();
    await desk.schedules.add(BRIEF);
    desk.plans = {};
    expect((await desk.schedules.list())[0]?.why).toMatchObject({
      code: "schedule.changed",
      message: expect.stringContaining("There is no plan brief."),
    });
  });
});

test("what it begins is a mission with its inputs, or a request, each within its budget", async () => {
  const desk = deskOf();
  await desk.schedules.add({ ...BRIEF, budget: { calls: 3, tokens: 50, cost: 0.5 } });
  await desk.schedules.add({ ...ASK, name: "asks", budget: { calls: 2 } });
  for (const [name, run, more] of [
    [
      "daily",
      "r1",
      { mission: { inputs: { topic: "x" } }, budget: { calls: 3, tokens: 50, cost: 0.5 } },
    ],
    ["asks", "r2", { agent: "clerk", request: "hello", budget: { calls: 2 } }],
  ] as const) {
    const kept = scheduleIn(desk.made.journal, name);
    if (!kept) throw new Error("it was saved");
    await (
      await desk.schedules.begin(kept.schedule, { name, due: 7 }, run, {})
    ).done;
    const [started] = [...desk.made.journal.chain(run)];
    expect(started?.body).toMatchObject({ ...more, schedule: { name, due: 7 } });
  }
});

describe("at the command line", () => {
  test("add says what it takes and saves; list, approvals and rm know it", async () => {
    const desk = deskOf();
    const saved = await desk.line(
      ...["schedule", "add", "daily", "--cron", "0 9 * * *", "--zone", "UTC"],
      ...["--plan", "brief", "--input", "topic=x", "--missed", "skip", "--max-calls", "5"],
    );
    expect([saved.code, saved.err]).toEqual([0, ""]);
    expect(saved.out).toContain("skips what it missed");
    expect(saved.out).toContain("each at most 1 call, 0 tokens, $0.00: an upper bound");
    expect((await desk.line("schedules", "--json")).out).toContain('"state": "armed"');
    desk.facts = { ...desk.facts, policy: "other" };
    for (const command of [
      ["schedule", "list"],
      ["approvals", "list"],
    ]) {
      const said = (await desk.line(...command)).out.replaceAll(/\s+/gu, " ");
      expect(said).toContain(
        "schedule daily: Changed since it was saved: rules. See it, and save it again: nanos schedule add daily",
      );
    }
    expect((await desk.line("schedule", "add", "daily")).out).toContain(
      "changed since it was saved: rules",
    );
    expect((await desk.line("schedule", "rm", "daily")).out).toBe("removed daily\n");
  });

  test("a late one says that nothing was there; a request goes to the oracle", async () => {
    const desk = deskOf();
    const keyed = { skill: "keyed", scopes: ["secret:TOKEN"], hash: null, at: 0 };
    desk.made.grants = [GRANT, keyed];
    desk.store = { ...desk.store, secrets: ["TOKEN"] };
    expect((await desk.line("schedule", "add", "d", "--at", "2026-01-02T09:00", "hi")).code).toBe(
      0,
    );
    desk.made.clock.advance(3 * 24 * 3_600_000);
    const [line] = await desk.schedules.list();
    expect(line).toMatchObject({ state: "late", what: { agent: "oracle" }, passed: 1 });
  });

  test.each([
    [["add", "d", "--cron", "0 9 * * *", "--plan", "brief", "hello"], "usage.schedule"],
    [["add", "d", "--cron", "0 9 * * *", "--agent", "clerk"], "usage.schedule"],
    [["add", "d", "--cron", "0 9 * * *", "--missed", "all", "hello"], "usage.missed"],
    [["add", "d", "--cron", "0 9 * * *", "--max-tokens", "0", "hello"], "usage.number"],
  ])("%p is refused", async (argv, code) => {
    const came = await deskOf().line("schedule", ...argv);
    expect([came.code, came.err]).toEqual([EXIT.usage, expect.stringContaining(code)]);
  });
});
