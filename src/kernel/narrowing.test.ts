import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Action, Decision } from "../contracts/action.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Budget } from "../contracts/usage.ts";
import { covers, parseScope } from "../gate/scopes.ts";
import { begin } from "./runner.ts";
import type { FunctionTool } from "./testing/function-tools.ts";
import { type Lab, type LabSetup, lab } from "./testing/lab.ts";

/**
 * Whatever a tree of delegations looks like: what an agent is handed is never more than what the
 * one who hands it has, nor than the run may have at all.
 */

const TOOLS: readonly FunctionTool[] = [
  { name: "look", skill: "reading", scopes: ["read:/ws/notes"], run: () => "seen" },
  { name: "note", skill: "writing", scopes: ["write:/ws/notes"], run: () => "noted" },
  { name: "far", skill: "reading", scopes: ["read:/ws/data", "env:LANG"], run: () => "seen" },
  {
    ...{ name: "get", skill: "web", scopes: ["net:*"], run: () => "got" },
    manifest: { args: { url: "destination" } },
  },
];
const NAMES = ["oracle", "a", "b", "c"];
const SCOPES = [
  "read:/ws",
  "read:/ws/notes/deep",
  "read:/ws/data",
  "write:/ws/notes",
  "env:LANG",
  "net:example.org:443",
  "net:*",
];
const HOSTS = ["https://example.org/", "https://evil.example/"];

const some = <T>(from: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...from]);
const limits = fc.record(
  {
    turns: fc.integer({ min: 2, max: 30 }),
    calls: fc.integer({ min: 2, max: 60 }),
    tokens: fc.constantFrom(2_000, 500_000),
  },
  { requiredKeys: [] },
);
const agent = fc.record({
  skills: some(["reading", "writing", "web"]),
  disallowedTools: fc.oneof(
    { weight: 2, arbitrary: fc.constant<string[]>([]) },
    some(TOOLS.map(({ name }) => name)),
  ),
  agents: fc.oneof(some(NAMES), fc.constant<string[]>([...NAMES])),
  limits,
  /** What its model calls for, in two turns. */
  calls: fc.array(
    fc.array(
      fc.oneof(
        fc.constantFrom("look", "note", "far").map((name) => ({ name, args: {} })),
        fc.constantFrom(...HOSTS).map((url) => ({ name: "get", args: { url } })),
        fc
          .constantFrom(...NAMES)
          .map((name) => ({ name: "delegate", args: { agent: name, request: "go on" } })),
      ),
      { maxLength: 3 },
    ),
    { minLength: 1, maxLength: 2 },
  ),
});
const tree = fc.record({
  agents: fc.tuple(agent, agent, agent, agent),
  depth: fc.integer({ min: 1, max: 3 }),
  within: fc.option(some(SCOPES), { nil: undefined }),
  localOnly: fc.boolean(),
  budget: limits,
});
type Tree = typeof tree extends fc.Arbitrary<infer T> ? T : never;

function setupOf({ agents, depth }: Tree): LabSetup {
  return {
    tools: TOOLS,
    depth,
    agents: agents.map(({ calls: _, ...manifest }, i) => ({
      manifest: { name: NAMES[i] ?? "", ...manifest },
    })),
    grants: TOOLS.map(({ skill = "" }) => ({
      skill,
      scopes: ["net:example.org:443", "net:evil.example:443"],
      hash: null,
      at: 0,
    })),
    script: {
      turns: [
        ...agents.flatMap(({ calls }, i) =>
          calls.map((some) => ({ agent: NAMES[i] ?? "", calls: some, say: "on" })),
        ),
        { say: "done", once: false },
      ],
    },
  };
}

/** One run of the tree, with what it did. */
interface Ran {
  readonly started: RunStarted;
  readonly actions: readonly { readonly action: Action; readonly decision: Decision }[];
}

function runsOf({ journal }: Lab): ReadonlyMap<string, Ran> {
  const runs = new Map<
    string,
    { started: RunStarted; actions: { action: Action; decision: Decision }[] }
  >();
  let action: Action | null = null;
  const proposed = new Map<string, Action>();
  for (const { event } of journal.since(0, { bodies: false })) {
    const body = journal.body(event);
    if (body?.kind === "run.started") runs.set(event.run, { started: body, actions: [] });
    if (body?.kind === "action.proposed") proposed.set(event.step ?? "", body.action);
    if (body?.kind !== "action.judged") continue;
    action = proposed.get(event.step ?? "") ?? null;
    if (action) runs.get(event.run)?.actions.push({ action, decision: body.decision });
  }
  return runs;
}

const KEYS = ["turns", "calls", "tokens", "ms", "depth"] as const;

function checkBudget(child: Budget, parent: Budget): void {
  for (const key of KEYS) expect(child[key]).toBeLessThanOrEqual(parent[key]);
}

test("what is handed on is never more than what there is, over random trees of delegations", async () => {
  let delegated = 0;
  let denied = 0;
  await fc.assert(
    fc.asyncProperty(tree, async (one) => {
      const made = lab(setupOf(one));
      const { within, localOnly, budget } = one;
      const handle = await begin(made.world, {
        text: "go",
        localOnly,
        budget,
        ...(within && { within }),
      });
      await handle.done;
      const runs = runsOf(made);
      for (const { started, actions } of runs.values()) {
        const parent = started.parent === undefined ? undefined : runs.get(started.parent.run);
        const own = one.agents[NAMES.indexOf(started.agent)];
        if (own === undefined) throw new Error(`an agent nobody wrote: ${started.agent}`);
        // The run's own bounds reach everywhere.
        expect([started.within, started.localOnly]).toEqual([within, localOnly]);
        if (parent !== undefined) {
          delegated += 1;
          const above = one.agents[NAMES.indexOf(parent.started.agent)];
          expect(above?.agents).toContain(started.agent);
          checkBudget(started.budget, parent.started.budget);
          expect(started.grants).toEqual(parent.started.grants);
          expect(started.without ?? []).toEqual(
            expect.arrayContaining([
              ...(parent.started.without ?? []),
              ...(above?.disallowedTools ?? []),
            ]),
          );
          expect(started.parent?.depth).toBeLessThanOrEqual(one.depth);
        }
        for (const key of ["turns", "calls", "tokens"] as const) {
          expect(started.budget[key]).toBeLessThanOrEqual(own.limits[key] ?? Infinity);
          expect(started.budget[key]).toBeLessThanOrEqual(budget[key] ?? Infinity);
        }
        for (const { action, decision } of actions) {
          if (action.kind === "model" || action.kind === "agent") continue;
          if (decision.verdict !== "allow") {
            denied += 1;
            continue;
          }
          // Its own manifest, every agent's above it, and the run: all of them allow it.
          expect(own.skills).toContain(action.skill ?? "");
          expect([...own.disallowedTools, ...(started.without ?? [])]).not.toContain(action.name);
          for (const wanted of [...action.scopes, ...action.destinations].map(parseScope)) {
            if (within !== undefined) {
              expect(within.some((scope) => covers(parseScope(scope), wanted))).toBe(true);
            }
          }
        }
      }
      const used = [...runs.values()]
        .flatMap(({ actions }) => actions)
        .filter(({ action, decision }) => action.kind === "tool" && decision.verdict === "allow");
      expect(used.length).toBeLessThanOrEqual(
        Math.min(budget.calls ?? Infinity, one.agents[0].limits.calls ?? Infinity, 200),
      );
    }),
    { numRuns: 2_000 },
  );
  // The trees are not all bare.
  expect(delegated).toBeGreaterThan(500);
  expect(denied).toBeGreaterThan(500);
}, 240_000);

test("a run held to less goes on with that part, or is refused; it never asks for less in silence", async () => {
  const check = async (
    within: readonly string[] | undefined,
    expected: readonly (readonly [string, string])[],
  ): Promise<void> => {
    const calls = [
      ...TOOLS.slice(0, 3).map(({ name }) => ({ name, args: {} })),
      { name: "get", args: { url: HOSTS[0] ?? "" } },
    ];
    const made = lab({
      tools: TOOLS,
      script: { turns: [{ calls }, { say: "done" }] },
      grants: [{ skill: "web", scopes: ["net:example.org:443"], hash: null, at: 0 }],
    });
    await (
      await begin(made.world, { text: "go", ...(within && { within }) })
    ).done;
    const seen = [...runsOf(made).values()]
      .flatMap(({ actions }) => actions)
      .filter(({ action }) => action.kind === "tool");
    expect(seen.map(({ action, decision }) => [action.scopes.join(" "), decision.reason])).toEqual(
      expected.map((line) => [...line]),
    );
  };
  const free: readonly (readonly [string, string])[] = [
    ["read:/ws/notes", "allow:in_scope"],
    ["write:/ws/notes", "allow:in_scope"],
    ["read:/ws/data env:LANG", "allow:in_scope"],
    ["net:*", "allow:endorsed"],
  ];
  await check(undefined, free);
  await check(["read:/", "write:/", "env:LANG", "net:*"], free);
  await check(
    ["read:/ws/notes/deep", "write:/ws"],
    [
      ["read:/ws/notes/deep", "allow:in_scope"],
      ["write:/ws/notes", "allow:in_scope"],
      ["read:/ws/data env:LANG", "deny:scope_missing"],
      ["net:*", "deny:scope_missing"],
    ],
  );
  await check(
    ["read:./notes", "net:example.org"],
    [
      ["read:/ws/notes", "allow:in_scope"],
      ["write:/ws/notes", "deny:scope_missing"],
      ["read:/ws/data env:LANG", "deny:scope_missing"],
      ["net:example.org:443", "allow:endorsed"],
    ],
  );
  await check(
    [],
    free.map(([scopes]) => [scopes, "deny:scope_missing"] as const),
  );
});

test("a bound that is no scope is refused before the run begins", async () => {
  const made = lab({ tools: TOOLS });
  const refused = await begin(made.world, { text: "go", within: ["everything"] }).catch(
    (error: unknown) => error,
  );
  expect(refused).toMatchObject({ code: "run.bad_scope" });
});
