import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/std/clock.ts";
import type { Action } from "../../src/contracts/action.ts";
import type { Label } from "../../src/contracts/label.ts";
import { MEMORY_OFF } from "../../src/contracts/memory.ts";
import type { Rule } from "../../src/contracts/rules.ts";
import type { Standing } from "../../src/gate/gate.ts";
import { judge } from "../../src/gate/judge.ts";
import { joinLabels } from "../../src/gate/labels.ts";
import { policyHash } from "../../src/gate/policy.ts";
import { findSensitive } from "../../src/std/sensitive/sensitive.ts";
import { storedMatcher } from "../../src/std/sensitive/stored.ts";
import { type Case, repeat } from "./case.ts";

const RULES = 200;

/** Microseconds a verdict takes among 200 rules, and a join of two labels. */
export const gate: Case = ({ quick }) => {
  const rules = Array.from({ length: RULES }, (_, i) => ruleOf(i));
  const standing = standingOf(rules);
  const count = quick ? 100 : 2_000;
  let i = 0;
  return repeat(quick ? 2 : 9, () => ({
    verdictUs: usOf(count, () => judge(actionOf(i++), standing)),
    joinUs: usOf(count * 10, () => joinLabels(labelOf(i++), labelOf(i + 7))),
  }));
};

function usOf(count: number, act: () => unknown): number {
  const start = systemClock.elapsed();
  for (let n = 0; n < count; n++) act();
  return ((systemClock.elapsed() - start) * 1_000) / count;
}

/** A rule as people write them: by tool, by argument, by scope; one in twenty matches. */
function ruleOf(i: number): Rule {
  const when: Rule["when"] = [
    { name: `tool_${i}_*` },
    { name: "notes_append", args: { file: `^secret-${i}/.*\\.md$` } },
    { scope: `write:./private-${i}/*` },
    { name: i % 20 === 3 ? "notes_append" : `other_${i}`, agent: "oracle" },
  ][i % 4] as Rule["when"];
  const example = { kind: "tool", name: "x", agent: "oracle", scopes: [], args: {} } as const;
  return {
    id: `rule-${i}`,
    then: "allow",
    mode: "enforce",
    when,
    example,
    counter: example,
  } as unknown as Rule;
}

function actionOf(i: number): Action {
  return {
    gate: "call",
    kind: "tool",
    name: "notes_append",
    agent: "oracle",
    skill: "notes",
    args: { file: `notes/day-${i}.md`, text: "A line that is appended to the notes of that day." },
    scopes: ["read:/work/space/notes", "write:/work/space/notes"],
    destinations: [],
    label: labelOf(i),
  };
}

function labelOf(i: number): Label {
  return { integrity: "untrusted", secrecy: "private", sources: [`host-${i % 20}`, "web"] };
}

function standingOf(rules: readonly Rule[]): Standing {
  return {
    now: 1_790_000_000_000,
    policy: policyHash(rules, []),
    workspace: "/work/space",
    home: "/home/ada/.nano-os",
    declared: ["read:/work/space/notes", "write:/work/space/notes"],
    attached: true,
    listed: true,
    run: "r1",
    grant: null,
    skillHash: "hash",
    locked: true,
    rules,
    said: "tidy today's notes",
    answers: new Map(),
    budget: { turns: 50, calls: 200, tokens: 2_000_000, ms: 60_000, depth: 1 },
    spent: { turns: 1, calls: 2, tokens: 300, ms: 40, cost: 0, unpriced: false },
    depth: 0,
    localOnly: false,
    priced: true,
    chosen: true,
    held: true,
    memory: MEMORY_OFF,
    inDoubt: false,
  };
}

/** Microseconds that looking through a KB of ordinary text takes: by shapes, and for stored values. */
export const texts: Case = ({ quick }) => {
  const root = join(import.meta.dirname, "../..");
  const text = ["ARCHITECTURE.md", "STYLE.md", "package-lock.json"]
    .map((name) => readFileSync(join(root, name), "utf8"))
    .join("\n");
  const stored = storedMatcher(
    Array.from({ length: 50 }, (_, i) => ({ name: `s${i}`, value: `a stored value, number ${i}` })),
  );
  const usPerKb = (act: () => unknown): number => {
    const start = systemClock.elapsed();
    act();
    return ((systemClock.elapsed() - start) * 1_000) / (text.length / 1_024);
  };
  return repeat(quick ? 2 : 9, () => ({
    sensitiveUs: usPerKb(() => findSensitive(text)),
    storedUs: usPerKb(() => stored.find(text)),
  }));
};
