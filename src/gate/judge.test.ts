import type { Rule } from "../contracts/rules.ts";
import type { Checked } from "../contracts/checked.ts";
import { expect, test } from "bun:test";
import type { Action, Decision } from "../contracts/action.ts";
import { Decision as DecisionSchema } from "../contracts/action.ts";
import { REASON_NAMES, type Reason } from "../contracts/reason.ts";
import { hashOf } from "../std/hash.ts";
import {
  aKeeping,
  aRule,
  aStanding,
  aValue,
  REMEMBERS,
  anAction,
  anAnswer,
  NOW,
  yesTo,
} from "./gate.fixtures.ts";
import type { DenyReason, Standing } from "./gate.ts";
import { OPERATOR_LABEL, UNKNOWN_LABEL } from "./labels.ts";
import { judge, refuse } from "./judge.ts";

type Case = readonly [Partial<Action>, Partial<Standing>, Partial<Decision>?];

const grant = { skill: "notes", scopes: ["net:example.org:443"], hash: "hash", at: 0 };
const fetching: Partial<Action> = { name: "web_fetch", destinations: ["net:example.org"] };
const key = "net:web_fetch|example.org:443|operator";
const args = hashOf({ file: "today.md" });
const full = { turns: 10, calls: 10, tokens: 1_000, ms: 60_000, cost: 2, unpriced: false };
const empty = { turns: 0, calls: 0, tokens: 0, ms: 0, cost: 0, unpriced: false };
const budget = { turns: 10, calls: 10, tokens: 1_000, ms: 60_000, cost: 1, depth: 1 };
const model: Partial<Action> = { kind: "model", name: "small", scopes: ["model:small"] };
const noting: Partial<Action> = { gate: "remember", kind: "note", keeping: aKeeping() };
const accepting: Partial<Action> = { gate: "accept", kind: "task", name: "write", scopes: [] };
const aChecked = (status: Checked["status"], observe = false): Checked => ({
  id: "short",
  status,
  ...(observe ? { observe } : {}),
});

const sending: Partial<Action> = { destinations: ["net:example.org"], decides: [] };
const flow = { planned: true, uses: 0 };

/** Every reason, and the smallest case that makes the gate give it. */
const CASES: Readonly<Record<Reason, Case>> = {
  "ask:low_confidence": [
    { gate: "route", kind: "run", name: "r", scopes: [], args: { route: "r", confidence: 0.8 } },
    {},
    { layer: "rule" },
  ],
  "ask:ambiguous": [
    {
      ...{ gate: "route", kind: "run", name: "r", scopes: [] },
      args: { route: "r", confidence: 0.9, rival: { route: "q", confidence: 0.86 } },
    },
    {},
    { layer: "rule" },
  ],
  "ask:value": [
    { ...sending, decides: [aValue({ origin: "none" })] },
    { grant, flow },
    { keys: ["to:notes_append|bob@example.org|operator"], layer: "label" },
  ],
  "ask:unplanned": [
    { ...sending, label: UNKNOWN_LABEL },
    { grant, flow: { planned: false, uses: 0 } },
    { keys: ["plan:notes_append"], layer: "label" },
  ],
  "ask:private_data": [
    { ...sending, label: UNKNOWN_LABEL, decides: [aValue({ origin: "directory" })] },
    { grant, flow },
    { keys: ["to:notes_append|bob@example.org|untrusted"], layer: "label" },
  ],
  "ask:repeated": [
    { ...sending, label: UNKNOWN_LABEL },
    { grant, flow: { planned: true, uses: 1 } },
    { keys: [`again:notes_append|1|${hashOf(["net:example.org"])}`], layer: "label" },
  ],
  "allow:in_scope": [{}, {}, { layer: null, rank: "E" }],
  "allow:by_rule": [{}, { rules: [aRule("yes", "allow")] }, { layer: "rule", rule: "yes" }],
  "allow:by_answer": [fetching, { answers: yesTo([key]) }, { keys: [key], layer: "danger" }],
  "allow:endorsed": [fetching, { grant }, { layer: "danger", rank: "C", review: true }],
  "allow:operator": [{ agent: "operator" }, {}, { layer: null }],
  "allow:chosen_model": [{ ...model, destinations: ["net:127.0.0.1:11434"] }, {}, { rank: "E" }],
  "allow:explicit_intent": [noting, { memory: REMEMBERS }, { layer: "remember", rank: "D" }],
  "allow:dedupe_update": [
    { ...noting, keeping: aKeeping({ seen: "note" }) },
    { memory: REMEMBERS },
    { layer: "remember" },
  ],
  "allow:checks_met": [
    { ...accepting, checks: [aChecked("met"), aChecked("waived"), aChecked("missed", true)] },
    {},
    { layer: "accept" },
  ],
  "allow:capture_only": [
    { ...noting, label: UNKNOWN_LABEL },
    { memory: REMEMBERS },
    { layer: "remember" },
  ],

  "ask:net": [fetching, {}, { keys: [key], rank: "B", review: false }],
  "ask:private_address": [
    { name: "web_fetch", destinations: ["net:127.0.0.1:8000"] },
    { said: "http://127.0.0.1:8000/" },
    { keys: ["private:web_fetch|127.0.0.1:8000|operator"] },
  ],
  "ask:exec": [
    { scopes: ["exec:git"] },
    {},
    { keys: ["exec:notes_append|git|operator"], rank: "C" },
  ],
  "ask:write_outside": [
    { kind: "commit", destinations: ["write:/srv/out.txt"], label: UNKNOWN_LABEL },
    { answers: yesTo([`rank:commit:notes_append|${args}`]) },
    { keys: ["write:notes_append|/srv/out.txt|untrusted"], rank: "A" },
  ],
  "ask:secret": [
    { kind: "secret", scopes: ["secret:GITHUB"] },
    { answers: yesTo([`rank:secret:notes_append|${args}`]) },
    { keys: ["secret:notes_append|GITHUB|operator"], rank: "A" },
  ],
  "ask:rank": [{ rank: "S" }, {}, { keys: [`rank:tool:notes_append|${args}`], layer: "rank" }],
  "ask:by_rule": [
    {},
    { rules: [aRule("careful", "ask")] },
    { keys: [`rule:careful|tool:notes_append|${args}`], rule: "careful" },
  ],
  "ask:unlocked": [{}, { locked: false }, { keys: ["unlocked:notes@hash"], layer: "grant" }],
  "ask:in_doubt": [{}, { inDoubt: true }, { keys: [`doubt:tool:notes_append|${args}`] }],
  "ask:protected_file": [
    { kind: "commit", destinations: ["write:/work/space/sub/.git/hooks/pre-push"] },
    {},
    { keys: ["protected:notes_append|/work/space/sub/.git/hooks/pre-push|operator"], rank: "D" },
  ],

  "deny:scope_missing": [
    { scopes: ["read:/work/space/b"] },
    { declared: ["read:/work/space/a"] },
    { layer: "scope", missing: "read:/work/space/b" },
  ],
  "deny:scope_too_wide": [{ scopes: ["read:/home/ada"] }, {}, { missing: "read:/home/ada" }],
  "deny:not_granted": [{}, { attached: false }, { layer: "grant" }],
  "deny:grant_expired": [{}, { grant: { ...grant, expires: NOW } }],
  "deny:grant_suspended": [{}, { grant: { ...grant, hash: "before" } }],
  "deny:grant_elsewhere": [{}, { grant: { ...grant, run: "r2" } }],
  "deny:grant_revoked": [{}, { grant: { ...grant, revoked: true } }],
  "deny:not_listed": [{}, { listed: false, attached: false }],
  "deny:by_rule": [{}, { rules: [aRule("no", "deny")] }, { layer: "rule", rule: "no" }],
  "deny:by_operator": [fetching, { answers: new Map([[key, anAnswer("deny")]]) }, { layer: null }],
  "deny:approval_expired": [fetching, { answers: new Map([[key, anAnswer("allow", NOW)]]) }],
  "deny:private_address": [
    { name: "web_fetch", destinations: ["net:169.254.169.254:80"] },
    { said: "http://169.254.169.254/" },
    { missing: "net:169.254.169.254:80" },
  ],
  "deny:local_only": [fetching, { localOnly: true, grant }, { missing: "net:example.org:443" }],
  "deny:secret_in_arguments": [
    { ...fetching, label: { ...OPERATOR_LABEL, secrecy: "secret" } },
    { grant },
    { layer: "label" },
  ],
  "allow:deep": [
    { kind: "agent", name: "research" },
    { budget: { ...budget, depth: 2, warnDepth: 0 } },
    { layer: "budget" },
  ],
  "deny:depth": [{ kind: "agent", name: "research" }, { depth: 1 }, { layer: "budget" }],
  "deny:budget_turns": [model, { spent: { ...empty, turns: 10 } }],
  "deny:budget_calls": [{}, { spent: { ...empty, calls: 10 } }],
  "deny:budget_tokens": [model, { spent: { ...empty, tokens: 1_000 } }],
  "deny:budget_day": [
    model,
    {
      day: {
        limit: { tokens: 100 },
        used: { calls: 0, tokens: 50, cost: 0 },
        takes: { calls: 1, tokens: 51, cost: 0, answer: 1 },
      },
    },
  ],
  "deny:budget_cost": [model, { budget, spent: { ...empty, cost: 1 } }],
  "deny:budget_time": [{ kind: "commit" }, { spent: full }],
  "deny:unknown_price": [model, { budget, priced: false }],
  "deny:resting": [model, { resting: true }],
  "deny:no_isolation": [{}, { held: false }, { layer: "scope" }],
  "deny:feature_disabled": [noting, {}, { layer: "remember" }],
  "deny:policy_write_disabled": [noting, { memory: { ...REMEMBERS, policy: "off" } }],
  "deny:no_explicit_intent": [
    { ...noting, keeping: aKeeping({ intent: false }) },
    { memory: REMEMBERS },
  ],
  "deny:scrubbed_too_short": [
    { ...noting, keeping: aKeeping({ chars: 9 }) },
    { memory: REMEMBERS },
  ],
  "deny:sensitive_content": [
    { ...noting, keeping: aKeeping({ found: [{ kind: "jwt", class: "secret" }] }) },
    { memory: REMEMBERS },
  ],
  "deny:check_missed": [
    { ...accepting, checks: [aChecked("unknown"), aChecked("missed")] },
    {},
    { layer: "accept" },
  ],
  "deny:check_unknown": [{ ...accepting, checks: [aChecked("met"), aChecked("unknown")] }, {}],
  "deny:error": [{ ...noting, keeping: aKeeping({ fault: "broken" }) }, { memory: REMEMBERS }],
  "deny:unlabelled": [{ kind: "note", label: { ...UNKNOWN_LABEL, secrecy: "secret" } }, {}],
};

function check([action, standing, expected]: Case, reason: Reason): void {
  const decision = judge(anAction(action), aStanding(standing));
  const verdict = reason.slice(0, reason.indexOf(":"));
  expect(decision).toMatchObject({ verdict, reason, policy: "policy", ...expected } as Decision);
  expect(DecisionSchema.safeParse(decision).error).toBeUndefined();
}

for (const reason of REASON_NAMES) {
  test(`${reason} fires`, () => check(CASES[reason], reason));
}

test("the kernel's own denials keep what the layers said", () => {
  for (const reason of REASON_NAMES) {
    if (!reason.startsWith("deny:")) continue;
    const decision = refuse(anAction(fetching), aStanding(), reason as DenyReason);
    expect(decision).toMatchObject({
      verdict: "deny",
      reason,
      layer: null,
      keys: [],
      review: false,
    });
    expect(decision.layers).toEqual([{ layer: "danger", verdict: "ask", reason: "ask:net", key }]);
  }
});

test("the most restrictive answer wins, and among equals the earlier layer names it", () => {
  const rules = [aRule("yes", "allow"), aRule("hm", "ask"), aRule("no", "deny")];
  const denied = judge(anAction(fetching), aStanding({ rules, attached: false }));
  expect([denied.reason, denied.layer]).toEqual(["deny:not_granted", "grant"]);
  const named = judge(anAction(), aStanding({ rules }));
  expect([named.reason, named.rule]).toEqual(["deny:by_rule", "no"]);
  expect(named.rules).toEqual([
    { rule: "yes", verdict: "allow", mode: "enforce" },
    { rule: "hm", verdict: "ask", mode: "enforce" },
    { rule: "no", verdict: "deny", mode: "enforce" },
  ]);
  const asked = judge(anAction(), aStanding({ rules: rules.slice(0, 2), locked: false }));
  expect([asked.reason, asked.layer]).toEqual(["ask:unlocked", "grant"]);
  expect(asked.keys).toHaveLength(2);
});

test("every ask needs its own answer", () => {
  const rules = [aRule("one", "ask"), aRule("two", "ask")];
  const open = judge(anAction({ rank: "A" }), aStanding({ rules }));
  expect(open.keys).toHaveLength(3);
  const left = judge(
    anAction({ rank: "A" }),
    aStanding({ rules, answers: yesTo(open.keys.slice(1)) }),
  );
  expect([left.verdict, left.keys]).toEqual(["ask", open.keys.slice(0, 1)]);
  const all = judge(anAction({ rank: "A" }), aStanding({ rules, answers: yesTo(open.keys) }));
  expect([all.reason, all.keys]).toEqual(["allow:by_answer", open.keys]);
});

test("an answer is bound to the arguments, the tool, the destination and the label", () => {
  const ranked = judge(anAction({ rank: "A" }), aStanding());
  const asked = judge(anAction(fetching), aStanding());
  const others: readonly (readonly [Decision, Partial<Action>])[] = [
    [ranked, { rank: "A", args: { file: "other.md" } }],
    [ranked, { rank: "A", name: "notes_tag" }],
    [ranked, { rank: "A", kind: "commit" }],
    [asked, { ...fetching, destinations: ["net:example.org:8443"] }],
    [asked, { ...fetching, name: "web_post" }],
    [asked, { ...fetching, label: UNKNOWN_LABEL }],
  ];
  for (const [decision, change] of others) {
    const again = judge(anAction(change), aStanding({ answers: yesTo(decision.keys) }));
    expect(again.verdict).toBe("ask");
  }
});

test("a decision is of mode observe where some rule would have stopped it, and nowhere else", () => {
  const watched = aRule("watched", "deny", { mode: "observe" });
  const friendly = aRule("friendly", "allow", { mode: "observe" });
  const said = aRule("said", "allow");
  const mode = (...rules: readonly Rule[]): string =>
    judge(anAction(), aStanding({ rules: [...rules] })).mode;
  expect([mode(said, watched), mode(friendly), mode(said), mode()]).toEqual([
    ...["observe", "enforce", "enforce", "enforce"],
  ]);
});

test("a rule in mode observe is recorded the same and stops nothing", () => {
  for (const then of ["deny", "ask"] as const) {
    const enforced = judge(anAction(), aStanding({ rules: [aRule("r", then)] }));
    const rules = [aRule("r", then, { mode: "observe" })];
    const observed = judge(anAction(), aStanding({ rules }));
    expect(enforced.verdict).toBe(then);
    expect(observed).toMatchObject({ verdict: "allow", reason: "allow:in_scope", mode: "observe" });
    expect(observed.rules).toEqual([{ rule: "r", verdict: then, mode: "observe" }]);
    const stopped = judge(anAction(), aStanding({ rules, attached: false }));
    expect([stopped.verdict, stopped.mode]).toEqual(["deny", "enforce"]);
  }
});

test("a granted, locked skill needs nothing more for reach that is not dangerous", () => {
  const scopes = ["read:/work/space/notes", "write:/work/space/notes", "env:LANG"];
  const decision = judge(anAction({ scopes }), aStanding({ declared: scopes }));
  expect(decision).toMatchObject({ verdict: "allow", reason: "allow:in_scope", rank: "D" });
});

test("a grant bound to the files of an unlocked skill is its yes; one bound to nothing is not", () => {
  const held = judge(anAction(), aStanding({ locked: false, grant }));
  const bare = judge(anAction(), aStanding({ locked: false, grant: { ...grant, hash: null } }));
  expect([held.verdict, bare.reason]).toEqual(["allow", "ask:unlocked"]);
});

test("control values need the operator's words even where the place is granted", () => {
  const action = anAction({ ...fetching, controls: ["250 EUR", "DELETE"] });
  const asked = judge(action, aStanding({ grant, said: "delete it" }));
  expect(asked.keys).toEqual(["control:web_fetch|250 EUR|operator"]);
  const said = judge(action, aStanding({ grant, said: "Delete it and pay 250 EUR." }));
  expect(said.reason).toBe("allow:endorsed");
  const long = anAction({ ...fetching, controls: ["x".repeat(64)] });
  expect(judge(long, aStanding({ grant })).keys).toEqual([
    `control:web_fetch|${hashOf("x".repeat(64))}|operator`,
  ]);
  const inside = judge(anAction({ controls: ["x"] }), aStanding());
  expect(inside.reason).toBe("allow:in_scope");
});

test("a model nobody chose is a destination like any other", () => {
  const action = anAction({ ...model, destinations: ["net:api.example.org"] });
  expect(judge(action, aStanding({ chosen: false })).reason).toBe("ask:net");
  expect(judge(action, aStanding({ localOnly: true })).reason).toBe("deny:local_only");
  const local = anAction({ ...model, destinations: ["net:localhost:11434"] });
  expect(judge(local, aStanding({ localOnly: true })).reason).toBe("allow:chosen_model");
});

test("what is left of a budget decides, and finished work is not lost to it", () => {
  const spent = { ...full, ms: 0 };
  expect(judge(anAction({ kind: "commit" }), aStanding({ budget, spent })).verdict).toBe("allow");
  const delegated = judge(anAction({ kind: "agent" }), aStanding({ budget, spent }));
  expect(delegated.layers.map(({ reason }) => reason)).toEqual([
    "deny:budget_turns",
    "deny:budget_calls",
    "deny:budget_tokens",
    "deny:budget_cost",
  ]);
  const nothing = { ...budget, cost: 0 };
  const free = judge(anAction(model), aStanding({ budget: nothing, leastCost: 0 }));
  const paid = judge(anAction(model), aStanding({ budget: nothing, leastCost: 0.01 }));
  expect([free.verdict, paid.reason]).toEqual(["allow", "deny:budget_cost"]);
  const unpriced = { ...empty, unpriced: true };
  expect(judge(anAction(model), aStanding({ budget, spent: unpriced })).reason).toBe(
    "deny:unknown_price",
  );
});

test("models, notes and the start of a run need no grant", () => {
  for (const kind of ["model", "note", "run"] as const) {
    const standing = aStanding({ attached: false, listed: false, locked: false });
    expect(judge(anAction({ kind }), standing).verdict).toBe("allow");
  }
});

test("a stored secret leaves only as a handle, and is kept nowhere", () => {
  const label = { ...OPERATOR_LABEL, secrecy: "secret" as const };
  const check = (change: Partial<Action>, reason: Reason): void =>
    expect(judge(anAction({ label, ...change }), aStanding({ grant })).reason).toBe(reason);
  check({}, "allow:in_scope");
  check({ kind: "commit" }, "deny:unlabelled");
  check({ ...model, destinations: ["net:api.example.org"] }, "deny:secret_in_arguments");
  check({ ...model, destinations: ["net:127.0.0.1:11434"] }, "allow:chosen_model");
  check({ scopes: ["net:*"] }, "deny:secret_in_arguments");
});
