import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Action, Rank } from "../contracts/action.ts";
import { RANKS } from "../contracts/ranks.ts";
import { aStanding, anAction } from "./gate.fixtures.ts";
import type { Standing } from "./gate.ts";
import { judge } from "./judge.ts";
import { rankNumber, rankOfScopes } from "./ranks.ts";
import { explain } from "./words/explain.ts";

function check(rank: Rank, action: Partial<Action>, standing: Partial<Standing> = {}): void {
  const decision = judge(anAction(action), aStanding(standing));
  expect([action, decision.rank]).toEqual([action, rank]);
  const waits = decision.layers.some(({ reason }) => reason === "ask:rank");
  expect(waits).toBe(rank === "A" || rank === "S");
  if (decision.verdict === "allow") expect(decision.review).toBe(rank === "C" || rank === "B");
}

const said = "post it to https://example.org/ and write /srv/out.txt after reading /srv/in.txt";
const granted = {
  grant: {
    skill: "notes",
    scopes: ["net:example.org:443", "read:/srv/data", "write:/srv/out"],
    hash: "hash",
    at: 0,
  },
};
const net = { scopes: ["net:example.org:443"] };
const fetching = (method: unknown): Partial<Action> => ({
  kind: "fetch",
  args: method === undefined ? {} : { method: method as string },
  ...net,
});

test("E: reading in the workspace, thinking, delegating", () => {
  check("E", {});
  check("E", { scopes: ["read:/work/space", "read:/work/space/a/b", "memory:notes", "agent:x"] });
  check("E", { kind: "agent", scopes: ["agent:research"] });
  check("E", { kind: "run" });
  check("E", { kind: "model", destinations: ["net:api.example.org"] });
});

test("D: staged writes in the workspace, variables, notes", () => {
  check("D", { scopes: ["write:/work/space/notes"] });
  check("D", { kind: "commit", scopes: ["write:/work/space/notes/a.md"] });
  check("D", { kind: "note" });
  check("D", { scopes: ["env:LANG"] });
});

test("C: programs in the sandbox, reading from a granted host", () => {
  check("C", { scopes: ["exec:git"] });
  check("C", net, granted);
  check("C", net, { said });
  check("C", fetching("GET"), granted);
  check("C", fetching("head"), granted);
  check("C", fetching(undefined), granted);
});

test("B: outward with undo, or to an endorsed destination", () => {
  check("B", net);
  check("B", { scopes: ["net:*"] });
  check("B", { kind: "model", ...net }, { chosen: false });
  check("B", fetching("POST"), granted);
  check("B", { ...net, irreversible: true }, granted);
  check("B", { ...net, irreversible: true }, { said });
  check("B", { scopes: ["read:/srv/data/a"] }, granted);
  check("B", { scopes: ["read:/srv/in.txt"] }, { said });
  check("B", { scopes: ["write:/srv/out/a"] }, granted);
});

test("A: outside the workspace, secrets, outward without undo, unconfined", () => {
  check("A", { scopes: ["read:/srv/data"] });
  check("A", { scopes: ["read:/work"] });
  check("A", { scopes: ["write:/work/spaces"] });
  check("A", { scopes: ["secret:KEY"] }, { said: "KEY" });
  check("A", { kind: "secret" });
  check("A", { ...net, irreversible: true });
  check("A", { irreversible: true });
  // The argument of a tool is its own matter; only a request made for it has a method.
  check("E", { args: { method: "DELETE" } });
  check("A", fetching("POST"));
  check("A", fetching("DELETE"));
  check("A", fetching(7));
  check("A", { scopes: ["net:example.org:443", "net:other.org"], irreversible: true }, granted);
  check("A", { unconfined: true }, { held: false });
});

test("S: keys, policy, and what declares itself so", () => {
  check("S", { scopes: ["read:/work/space/.ssh"] });
  check("S", { kind: "commit", scopes: ["write:/work/space/.nano-os/rules.yaml"] });
  check("S", { rank: "S" });
});

test("a declared rank only raises", () => {
  check("B", { rank: "B" });
  check("C", { rank: "D", scopes: ["exec:git"] });
});

test("a tool's rank before any call is that of its scopes and what it declares", () => {
  const rank = (scopes: string[], declared?: Rank): Rank =>
    rankOfScopes(scopes, "/work/space", declared);
  expect(rank([])).toBe("E");
  expect(rank(["read:/work/space/a", "write:/work/space/a"])).toBe("D");
  expect(rank(["net:*", "exec:git"])).toBe("B");
  expect(rank(["read:/work/space/a"], "S")).toBe("S");
});

test("nothing that is declared, and no reach more, ever lowers a rank", () => {
  const scope = fc.constantFrom(
    ...["read:/work/space/a", "write:/work/space/a", "write:/srv/a", "net:example.org", "net:*"],
    ...["exec:git", "secret:KEY", "env:LANG", "memory:notes", "read:/work/space/.ssh"],
  );
  const kinds = ["model", "tool", "agent", "run", "commit", "note", "fetch", "secret"] as const;
  const action = fc.record({
    kind: fc.constantFrom(...kinds),
    scopes: fc.array(scope, { maxLength: 3 }),
    destinations: fc.array(scope, { maxLength: 2 }),
  });
  const more = fc.record(
    {
      rank: fc.constantFrom(...RANKS),
      unconfined: fc.boolean(),
      irreversible: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const standing = fc.constantFrom({}, granted, { said }, { chosen: false });
  fc.assert(
    fc.property(
      action,
      more,
      fc.option(scope, { nil: undefined }),
      standing,
      (given, add, reach, where) => {
        const scopes = reach === undefined ? given.scopes : [...given.scopes, reach];
        const before = judge(anAction(given), aStanding(where)).rank;
        const after = judge(anAction({ ...given, ...add, scopes }), aStanding(where));
        expect(rankNumber(after.rank)).toBeGreaterThanOrEqual(rankNumber(before));
        expect(rankNumber(after.rank)).toBeGreaterThanOrEqual(rankNumber(add.rank ?? "E"));
        const waits = after.layers.some(({ reason }) => reason === "ask:rank");
        expect(waits).toBe(after.rank === "A" || after.rank === "S");
        if (after.verdict === "allow") expect(after.review).toBe("CB".includes(after.rank));
      },
    ),
    { numRuns: 1_000 },
  );
});

test("what the manifest of an agent or skill names raises what is done, never lowers it, and is told", () => {
  const floor = (rank: Rank): Partial<Standing> => ({ floor: { rank, by: "agent oracle" } });
  for (const rank of RANKS) {
    check(rank, {}, floor(rank));
    check(rank, { kind: "agent", scopes: ["agent:research"] }, floor(rank));
  }
  check("D", { kind: "note" }, floor("E"));
  check("A", { kind: "note" }, floor("A"));
  check("S", { rank: "S" }, floor("A"));
  check("A", { scopes: ["write:/etc/passwd"] }, floor("C"));
  // Thinking is no doing, and what a call asks back for is part of the call.
  check("E", { kind: "model" }, floor("S"));
  check("E", { kind: "run" }, floor("S"));
  check("C", fetching("GET"), { ...granted, ...floor("S") });
  check("D", { kind: "commit", scopes: ["write:/work/space/notes/a.md"] }, floor("S"));

  const raised = judge(anAction(), aStanding(floor("A")));
  expect(raised.raised).toBe("agent oracle");
  expect(explain(anAction(), raised)).toContain(
    "Rank A: such an action waits for the operator. The manifest of agent oracle raised it to that.",
  );
  const own = judge(anAction({ rank: "A" }), aStanding(floor("A")));
  expect([own.rank, own.raised]).toEqual(["A", undefined]);
});
