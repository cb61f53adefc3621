import type { Action, Deciding } from "../contracts/action.ts";
import { type Keeping, MEMORY_OFF, type MemorySettings } from "../contracts/memory.ts";
import type { Rule } from "../contracts/rules.ts";
import type { Answer } from "../contracts/run.ts";
import type { Standing } from "./gate.ts";
import { OPERATOR_LABEL } from "./labels.ts";

/** A tool call that needs nothing, with what a test changes about it. */
export function anAction(change: Partial<Action> = {}): Action {
  return {
    gate: "call",
    kind: "tool",
    name: "notes_append",
    agent: "oracle",
    skill: "notes",
    args: { file: "today.md" },
    scopes: [],
    destinations: [],
    label: OPERATOR_LABEL,
    ...change,
  };
}

/** A value that decides something, as the operator said it, with what a test changes about it. */
export function aValue(change: Partial<Deciding> = {}): Deciding {
  return { arg: "to", role: "destination", value: "bob@example.org", origin: "said", ...change };
}

/** Something the operator said to keep, that nothing speaks against. */
export function aKeeping(change: Partial<Keeping> = {}): Keeping {
  return { intent: true, chars: 40, found: [], own: true, seen: null, fault: null, ...change };
}

/** Memory switched on, for what the operator says to keep. */
export const REMEMBERS: MemorySettings = { ...MEMORY_OFF, enabled: true, policy: "strict" };

export const NOW = 1_790_000_000_000;

/** A standing in which the action above is allowed, with what a test changes about it. */
export function aStanding(change: Partial<Standing> = {}): Standing {
  return {
    now: NOW,
    policy: "policy",
    workspace: "/work/space",
    home: "/home/ada/.nano-os",
    declared: null,
    attached: true,
    listed: true,
    run: "r1",
    grant: null,
    skillHash: "hash",
    locked: true,
    rules: [],
    said: "",
    answers: new Map(),
    budget: { turns: 10, calls: 10, tokens: 1_000, ms: 60_000, depth: 1 },
    spent: { turns: 0, calls: 0, tokens: 0, ms: 0, cost: 0, unpriced: false },
    depth: 0,
    localOnly: false,
    priced: true,
    chosen: true,
    held: true,
    memory: MEMORY_OFF,
    inDoubt: false,
    ...change,
  };
}

/** A rule that matches tools of this name. */
export function aRule(id: string, then: Rule["then"], change: Partial<Rule> = {}): Rule {
  return {
    id,
    then,
    mode: "enforce",
    when: { name: "notes_append" },
    example: { kind: "tool", name: "notes_append", agent: "oracle", scopes: [], args: {} },
    counter: { kind: "tool", name: "other", agent: "oracle", scopes: [], args: {} },
    ...change,
  };
}

/** An answer that can be used now. */
export function anAnswer(verdict: Answer["verdict"] = "allow", expires = NOW + 1): Answer {
  return {
    id: "a1",
    verdict,
    reach: "once",
    argsHash: "",
    by: "operator@terminal",
    at: NOW - 1,
    expires,
    signature: "",
  };
}

/** Answers to these keys, all yes. */
export function yesTo(keys: readonly string[]): ReadonlyMap<string, Answer> {
  return new Map(keys.map((key) => [key, anAnswer()]));
}
