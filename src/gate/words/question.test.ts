import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Action } from "../../contracts/action.ts";
import type { Question } from "../../contracts/question.ts";
import { Rule } from "../../contracts/rules.ts";
import { aStanding, anAction } from "../gate.fixtures.ts";
import type { Standing } from "../gate.ts";
import { judge } from "../judge.ts";
import { questionOf } from "./question.ts";
import { checkRules } from "../rules.ts";

type Words = Pick<Question, "where" | "cost" | "covers">;

function check(change: Partial<Action>, words: Words, standing: Partial<Standing> = {}): void {
  const action = anAction({ name: "web_send", ...change });
  const decision = judge(action, aStanding(standing));
  expect([change, decision.verdict]).toEqual([change, "ask"]);
  const { where, cost, covers } = questionOf(action, decision, "/work/space");
  expect({ where, cost, covers }).toEqual(words);
}

const LEAVES = "what is asked for leaves this machine";
const FOR_GOOD = "cannot be taken back, and may cost money";
const NOTHING = "nothing that could not be undone";
const AGAIN = "exactly this again, this run";
const OUTSIDE = "until outside text";
const net = { destinations: ["net:example.org"] };

test("an ask says where to, what it could cost, and what a yes for the run would cover", () => {
  const host = ["example.org:443"];
  check(net, { where: host, cost: LEAVES, covers: `this destination, ${OUTSIDE}` });
  check(
    { destinations: ["net:10.0.0.1:80"] },
    { where: ["10.0.0.1:80"], cost: LEAVES, covers: `this destination, ${OUTSIDE}` },
  );
  check(
    { ...net, irreversible: true },
    { where: host, cost: FOR_GOOD, covers: `exactly this again, ${OUTSIDE}` },
  );
  check(
    { kind: "fetch", args: { method: "POST" }, ...net },
    { where: host, cost: FOR_GOOD, covers: `exactly this again, ${OUTSIDE}` },
  );
  check(
    { ...net, rank: "S" },
    { where: host, cost: `may pay, or delete for good; ${LEAVES}`, covers: null },
  );
  check(
    { destinations: ["exec:git"] },
    {
      where: ["git"],
      cost: "runs a program, held in the sandbox",
      covers: `this program, ${OUTSIDE}`,
    },
  );
  check(
    { destinations: ["secret:KEY"] },
    { where: ["KEY"], cost: "uses a secret of yours", covers: `exactly this again, ${OUTSIDE}` },
  );
  check(
    { destinations: ["write:/srv/a"] },
    {
      where: ["/srv/a"],
      cost: "files outside the workspace; what was there is kept",
      covers: `exactly this again, ${OUTSIDE}`,
    },
  );
  check(
    { kind: "commit", destinations: ["write:/work/space/.vscode/tasks.json"] },
    {
      where: ["/work/space/.vscode/tasks.json"],
      cost: "other programs run or obey it",
      covers: `these files, ${OUTSIDE}`,
    },
  );
  check(
    { kind: "commit", destinations: ["write:/work/space/.nano-os/rules.yaml"] },
    {
      where: ["/work/space/.nano-os/rules.yaml"],
      cost: "touches keys or policy, which guard the rest; other programs run or obey it",
      covers: null,
    },
  );
  check(
    { kind: "commit", destinations: ["write:/srv/a", "write:/srv/b"] },
    {
      where: ["/srv/a", "/srv/b"],
      cost: "files outside the workspace; what was there is kept",
      covers: `exactly this again, ${OUTSIDE}`,
    },
  );
  check(
    { unconfined: true },
    { where: ["web_send"], cost: "runs with all your rights, in no sandbox", covers: AGAIN },
  );
  check(
    { kind: "model", ...net },
    {
      where: host,
      cost: `${LEAVES}; its tokens may cost money`,
      covers: `this destination, ${OUTSIDE}`,
    },
    { chosen: false },
  );
  check(
    {},
    { where: ["web_send"], cost: NOTHING, covers: "this skill, this run" },
    { locked: false },
  );
  check(
    {},
    { where: ["web_send"], cost: "it may be done a second time", covers: AGAIN },
    { inDoubt: true },
  );
});

test("the rule that says never denies exactly such a use, and passes its own examples", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("a_b", "web*", "\u0000x", "net:*", "-", ""),
  );
  const scope = fc.oneof(
    fc.constantFrom(
      "net:*",
      "net:EXAMPLE.org",
      "net:other.example:443",
      "exec:other",
      "write:/a/*",
    ),
    fc
      .tuple(fc.constantFrom("net", "write", "exec", "secret", "memory"), text)
      .map(([kind, value]) => `${kind}:${kind === "write" ? "/" : ""}${value}`),
  );
  fc.assert(
    fc.property(
      fc.constantFrom<Action["kind"]>("tool", "commit", "fetch", "model", "secret", "agent"),
      fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/u),
      fc.array(scope, { maxLength: 12 }),
      (kind, name, destinations) => {
        const action = anAction({ kind, name, destinations });
        const decision = judge(action, aStanding());
        const { never } = questionOf(action, decision, "/work/space");
        expect(() => Rule.parse(never)).not.toThrow();
        expect(checkRules([never], "rules.yaml")).toEqual([]);
        const denied = judge(action, aStanding({ rules: [never] }));
        expect(denied.verdict).toBe("deny");
        expect(denied.rules).toEqual([{ rule: never.id, verdict: "deny", mode: "enforce" }]);
      },
    ),
    { numRuns: 500 },
  );
});

test("it leaves other uses alone", () => {
  const action = anAction({ name: "web_send", ...net });
  const { never } = questionOf(action, judge(action, aStanding()), "/work/space");
  expect(never).toEqual({
    id: "never-web-send-example.org-443",
    when: { name: "web_send", scope: "net:example.org:443" },
    then: "deny",
    mode: "enforce",
    example: {
      ...{ kind: "tool", name: "web_send", agent: "oracle" },
      scopes: ["net:example.org:443"],
      args: {},
    },
    counter: {
      ...{ kind: "tool", name: "web_send", agent: "oracle" },
      scopes: ["net:other.example:443"],
      args: {},
    },
  });
  for (const other of [{ destinations: ["net:example.com"] }, { name: "web_read", ...net }, {}]) {
    const verdict = judge(anAction(other), aStanding({ rules: [never] })).rules;
    expect([other, verdict]).toEqual([other, []]);
  }
});
