import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Action, Decision } from "../contracts/action.ts";
import type { RunStarted } from "../contracts/event.ts";
import { covers, parseScope } from "../gate/scopes.ts";
import { answerAsk, listAsks } from "../kernel/desk/approvals.ts";
import { resume } from "../kernel/runner.ts";
import type { FunctionTool } from "../kernel/testing/function-tools.ts";
import type { Lab } from "../kernel/testing/lab.ts";
import { beginIn, followPlan, missionLab } from "./testing/mission-lab.ts";

/**
 * Whatever a plan says and whatever its agents ask for: what is let through is within the mission's
 * reach, within the manifest of whoever does it, and within that of the agent that follows the plan;
 * what a task may use is within what the mission may.
 */

const GET: FunctionTool = {
  ...{ name: "get", skill: "web", scopes: ["net:*"], run: () => "got" },
  manifest: { args: { url: "destination" } },
};
const TOOLS: readonly FunctionTool[] = [
  { name: "look", skill: "reading", scopes: ["read:/ws/notes"], run: () => "seen" },
  { name: "note", skill: "writing", scopes: ["write:/ws/notes"], run: () => "noted" },
  { name: "far", skill: "reading", scopes: ["read:/ws/data"], run: () => "seen" },
  GET,
];
const SKILLS = ["reading", "writing", "web"];
const AGENTS = ["oracle", "a", "b"];
const SCOPES = [
  "read:/ws",
  "read:/ws/notes/deep",
  "write:/ws/notes",
  "net:example.org:443",
  "net:*",
];
const URLS = ["https://example.org/", "https://evil.example/"];

const some = <T>(from: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...from]);
const call = fc.oneof(
  fc.constantFrom("look", "note", "far").map((name) => ({ name, args: {} })),
  fc.constantFrom(...URLS).map((url) => ({ name: "get", args: { url } })),
  fc.constantFrom(...AGENTS).map((agent) => ({ name: "delegate", args: { agent, request: "go" } })),
);
const agents = fc.tuple(
  ...AGENTS.map((name) =>
    fc.record({
      name: fc.constant(name),
      skills: some(SKILLS),
      agents: some(AGENTS),
      limits: fc.record({ calls: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: [] }),
      calls: fc.array(call, { maxLength: 3 }),
    }),
  ),
);
const tasks = fc.array(
  fc.oneof(
    call.filter(({ name }) => name !== "delegate").map(({ name, args }) => ({ tool: name, args })),
    fc.constantFrom(...AGENTS).map((agent) => ({ agent, prompt: "go" })),
  ),
  { minLength: 1, maxLength: 4 },
);
const missions = fc.record({
  agents,
  tasks,
  depth: fc.integer({ min: 1, max: 2 }),
  within: fc.option(some(SCOPES), { nil: undefined }),
  budget: fc.record({ calls: fc.integer({ min: 1, max: 20 }) }, { requiredKeys: [] }),
});

/** One whose tasks are all let, or all refused, whatever else is drawn. */
function plain(skills: string[]) {
  const agent = (name: string) => ({ name, skills, agents: [], limits: {}, calls: [] });
  const [tool, args] = ["look", {}];
  return {
    agents: AGENTS.map(agent) as never,
    tasks: Array.from({ length: 4 }, () => ({ tool, args })),
    ...{ depth: 1, within: undefined, budget: {} },
  };
}

interface Ran {
  readonly started: RunStarted;
  readonly actions: { readonly action: Action; readonly decision: Decision }[];
}

function runsOf({ journal }: Lab): ReadonlyMap<string, Ran> {
  const runs = new Map<string, Ran>();
  const proposed = new Map<string, Action>();
  for (const { event } of journal.since(0, { bodies: false })) {
    const body = journal.body(event);
    if (body?.kind === "run.started") runs.set(event.run, { started: body, actions: [] });
    if (body?.kind === "action.proposed") proposed.set(event.step ?? "", body.action);
    if (body?.kind !== "action.judged") continue;
    const action = proposed.get(event.step ?? "");
    if (action) runs.get(event.run)?.actions.push({ action, decision: body.decision });
  }
  return runs;
}

test("nothing in a mission reaches further than the mission, its agent and whoever does it", async () => {
  let allowed = 0;
  let denied = 0;
  await fc.assert(
    fc.asyncProperty(missions, async ({ agents: made, tasks: all, ...plan }) => {
      const seen = await followPlan(
        {
          tools: TOOLS,
          depth: plan.depth,
          agents: made.map(({ calls: _, ...manifest }) => ({ manifest })),
          grants: [{ skill: "web", scopes: ["net:example.org:443"], hash: null, at: 0 }],
          script: {
            turns: [
              ...made.flatMap(({ name, calls }) =>
                calls.length === 0 ? [] : [{ agent: name, calls, say: "on" }],
              ),
              { say: "done", once: false },
            ],
          },
        },
        {
          ...(plan.within && { within: plan.within }),
          budget: plan.budget,
          tasks: all.map((task, i) => ({ id: `t${i}`, ...task })),
        },
      );
      const runs = runsOf(seen.made);
      const top = runs.get(seen.run)?.started;
      for (const { started, actions } of runs.values()) {
        expect(started.within).toEqual(plan.within);
        const own = made.find(({ name }) => name === started.agent);
        const above = started.parent && runs.get(started.parent.run)?.started;
        if (above && top) {
          const handsOn = made.find(({ name }) => name === above.agent)?.agents ?? [];
          // The agent that follows the plan may ask itself.
          expect([...handsOn, ...(above.mission ? [above.agent] : [])]).toContain(started.agent);
          expect(started.budget.calls).toBeLessThan(above.budget.calls);
          expect(started.grants).toEqual(above.grants);
        }
        for (const { action, decision } of actions) {
          if (action.kind !== "tool") continue;
          if (decision.verdict !== "allow") {
            denied += 1;
            continue;
          }
          allowed += 1;
          expect(own?.skills).toContain(action.skill ?? "");
          for (const wanted of [...action.scopes, ...action.destinations].map(parseScope)) {
            const { within } = plan;
            if (!within) continue;
            expect(within.some((scope) => covers(parseScope(scope), wanted))).toBe(true);
          }
        }
      }
      const parts = seen.bodies.flatMap((body) => (body.kind === "task.started" ? body : []));
      for (const { budget } of parts) {
        for (const key of ["turns", "calls", "tokens", "ms", "depth"] as const) {
          expect(budget[key]).toBeLessThanOrEqual(top?.budget[key] ?? -1);
        }
      }
    }),
    { numRuns: 100, examples: [[plain(SKILLS)], [plain(SKILLS)], [plain([])], [plain([])]] },
  );
  // The plans are not all bare.
  expect(allowed).toBeGreaterThan(5);
  expect(denied).toBeGreaterThan(5);
}, 120_000);

test("a grant for one mission counts in it, in what it hands on, and nowhere else", async () => {
  const calls = [{ name: "get", args: { url: "https://example.org/" } }];
  const made = missionLab({
    tools: [GET],
    agents: [{ manifest: { name: "oracle" } }, { manifest: { name: "a", skills: ["web"] } }],
    script: {
      turns: [
        { agent: "a", when: { last: "^go$" }, calls, once: false },
        { say: "ok", once: false },
      ],
    },
  });
  const written = { rank: "A", tasks: [{ id: "t", agent: "a", prompt: "go" }] };
  const [one, two] = [
    await beginIn(made, made.world, written),
    await beginIn(made, made.world, written),
  ];
  await Promise.all([one.done, two.done]);
  const scopes = ["net:example.org:443"];
  made.grants = [{ skill: "web", scopes, hash: null, at: 0, run: one.run }];
  for (const ask of listAsks(made.world)) {
    await answerAsk(made.world, ask, { verdict: "allow", reach: "once" }, "operator@test");
  }
  for (const { run } of [one, two]) await (await resume(made.world, run, {})).done;
  const said = [...runsOf(made)].flatMap(([run, { actions }]) =>
    actions.flatMap(({ action, decision }) =>
      action.name === "get" ? [[run.split("_")[0], decision.reason]] : [],
    ),
  );
  expect(said).toEqual([
    [one.run, "allow:endorsed"],
    [two.run, "deny:grant_elsewhere"],
  ]);
});
