import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Action, Decision } from "../contracts/action.ts";
import type { MemorySettings } from "../contracts/memory.ts";
import type { Reason } from "../contracts/reason.ts";
import { aKeeping, anAction, aRule, aStanding, REMEMBERS, yesTo } from "./gate.fixtures.ts";
import type { Standing } from "./gate.ts";
import { judge, refuse } from "./judge.ts";
import { OPERATOR_LABEL, UNKNOWN_LABEL } from "./labels.ts";

/** The only names a memory write is decided by. */
const NINE: readonly Reason[] = [
  "allow:explicit_intent",
  "allow:dedupe_update",
  "allow:capture_only",
  "deny:feature_disabled",
  "deny:policy_write_disabled",
  "deny:no_explicit_intent",
  "deny:scrubbed_too_short",
  "deny:sensitive_content",
  "deny:error",
];

const SECRET = { kind: "jwt", class: "secret" } as const;
const IBAN = { kind: "iban", class: "personal" } as const;

function remember(
  keeping: Parameters<typeof aKeeping>[0],
  memory: Partial<MemorySettings> = {},
  more: { action?: Partial<Action>; standing?: Partial<Standing> } = {},
): Decision {
  const action = anAction({
    ...{ gate: "remember", kind: "note", name: "remember", skill: undefined },
    ...{ keeping: aKeeping(keeping), ...more.action },
  });
  return judge(action, aStanding({ memory: { ...REMEMBERS, ...memory }, ...more.standing }));
}

test("all that speaks against it at once: the first in order names it", () => {
  const worst = {
    intent: false,
    chars: 0,
    found: [SECRET],
    seen: "note" as const,
    fault: "broken",
  };
  const check = (
    reason: Reason,
    keeping: Parameters<typeof aKeeping>[0],
    memory: Partial<MemorySettings> = {},
  ): void => expect(remember({ ...worst, ...keeping }, memory).reason).toBe(reason);
  check("deny:feature_disabled", {}, { enabled: false, policy: "off" });
  check("deny:feature_disabled", {}, { capture: false, policy: "off" });
  check("deny:policy_write_disabled", {}, { policy: "off" });
  check("deny:sensitive_content", {});
  check("deny:no_explicit_intent", { found: [] });
  check("deny:scrubbed_too_short", { found: [], intent: true });
  check("deny:error", { found: [], intent: true, chars: 10 });
  check("allow:dedupe_update", { found: [], intent: true, chars: 10, fault: null });
  check("allow:explicit_intent", { found: [], intent: true, chars: 10, fault: null, seen: null });
});

test("what is captured needs no word of the operator, more text, and always a review", () => {
  const policy = "capture_only";
  expect(remember({ intent: false, chars: 20 }, { policy }).reason).toBe("allow:capture_only");
  expect(remember({ intent: true, chars: 20 }, { policy }).reason).toBe("allow:capture_only");
  expect(remember({ chars: 19 }, { policy }).reason).toBe("deny:scrubbed_too_short");
});

test("tainted, personal or somebody else's is held; what the operator takes out is kept", () => {
  const held = "allow:capture_only";
  const byOperator = { action: { agent: "operator", label: UNKNOWN_LABEL } };
  expect(remember({}, {}, { action: { label: UNKNOWN_LABEL } }).reason).toBe(held);
  expect(remember({ found: [IBAN] }).reason).toBe(held);
  expect(remember({ own: false }).reason).toBe(held);
  expect(remember({ found: [IBAN] }, {}, byOperator).reason).toBe("allow:explicit_intent");
  expect(remember({ found: [SECRET] }, {}, byOperator).reason).toBe("deny:sensitive_content");
});

test("a value with a secret in it is sensitive, whatever its text looks like", () => {
  const label = { ...OPERATOR_LABEL, secrecy: "secret" } as const;
  expect(remember({}, {}, { action: { label } }).reason).toBe("deny:sensitive_content");
});

test("where another layer forbids it, it is an error, and what was said is kept aside", () => {
  const rules = [aRule("no-notes", "deny", { when: { kind: "note" } })];
  const { verdict, reason, rule, layers } = remember({}, {}, { standing: { rules } });
  expect([verdict, reason, rule]).toEqual(["deny", "deny:error", "no-notes"]);
  expect(layers).toContainEqual({
    ...{ layer: "rule", verdict: "deny", reason: "deny:by_rule", rule: "no-notes" },
  });
  const refused = refuse(
    anAction({ gate: "remember", kind: "note", keeping: aKeeping() }),
    aStanding({ memory: REMEMBERS }),
    "deny:by_operator",
  );
  expect(refused.reason).toBe("deny:error");
});

test("a rule may ask first; the answer lets it be kept for the reason it has", () => {
  const rules = [aRule("ask-first", "ask", { when: { kind: "note" } })];
  const asked = remember({}, {}, { standing: { rules } });
  expect([asked.verdict, asked.reason]).toEqual(["ask", "ask:by_rule"]);
  const answers = yesTo(asked.keys);
  const kept = remember({}, {}, { standing: { rules, answers } });
  expect([kept.verdict, kept.reason]).toEqual(["allow", "allow:explicit_intent"]);
  expect(kept.keys).toEqual(asked.keys);
});

test("whatever comes together, it is one of the nine, and a secret is never kept", () => {
  const keeping = fc.record({
    intent: fc.boolean(),
    chars: fc.integer({ min: 0, max: 600 }),
    found: fc.subarray([SECRET, IBAN]),
    own: fc.boolean(),
    seen: fc.constantFrom(null, "note", "candidate"),
    fault: fc.constantFrom(null, "broken"),
  });
  const memory = fc.record({
    enabled: fc.boolean(),
    capture: fc.boolean(),
    policy: fc.constantFrom("off", "strict", "capture_only"),
  });
  const action = fc.record({
    agent: fc.constantFrom("oracle", "operator"),
    label: fc.constantFrom(OPERATOR_LABEL, UNKNOWN_LABEL),
  });
  const standing = fc.record({
    rules: fc.constantFrom([], [aRule("no", "deny", { when: { kind: "note" } })]),
    inDoubt: fc.constant(false),
  });
  fc.assert(
    fc.property(keeping, memory, action, standing, (k, m, a, s) => {
      const decision = remember(k, m, { action: a, standing: s });
      expect(NINE).toContain(decision.reason);
      expect(decision.reason.startsWith(decision.verdict)).toBe(true);
      if (decision.verdict !== "allow") return;
      expect([m.enabled, m.capture, k.found.includes(SECRET)]).toEqual([true, true, false]);
      const isHeld = decision.reason === "allow:capture_only";
      const needsReview = a.label === UNKNOWN_LABEL || k.found.length > 0 || !k.own;
      if (a.agent !== "operator" && k.seen === null && needsReview) expect(isHeld).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
