import fc from "fast-check";
import type { Action, Deciding } from "../contracts/action.ts";
import type { Checked } from "../contracts/checked.ts";
import { type Keeping, MEMORY_OFF } from "../contracts/memory.ts";
import type { Rule } from "../contracts/rules.ts";
import type { Grant } from "../contracts/config.ts";
import { aRule, aStanding, anAction, NOW, REMEMBERS } from "./gate.fixtures.ts";
import type { Day } from "../contracts/usage.ts";
import type { Standing } from "./gate.ts";

/** Actions and standings of every kind, for properties that must hold whatever comes together. */

export const SCOPES = [
  "read:/work/space/notes",
  "read:/srv/data",
  "write:/work/space/notes/a.md",
  "write:/work/space/package.json",
  "write:/srv/out",
  "write:/home/ada/.nano-os/keys",
  "net:example.org:443",
  "net:evil.example:443",
  "net:127.0.0.1:8000",
  "net:169.254.169.254:80",
  "net:*",
  "exec:git",
  "env:LANG",
  "secret:KEY",
  "agent:research",
  "read:/work/space/../x",
];
/** Mostly reach that could be had: what is always denied shows nothing of the rest. */
const COMMON = ["read:/work/space/notes", "write:/work/space/notes/a.md", "net:example.org:443"];
const scopes = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.subarray([...COMMON, "exec:git", "write:/srv/out"], { maxLength: 2 }),
  },
  fc.uniqueArray(fc.constantFrom(...SCOPES), { maxLength: 3 }),
);

export const value: fc.Arbitrary<Deciding> = fc.record({
  arg: fc.constant("to"),
  role: fc.constantFrom("destination", "control", "undeclared"),
  value: fc.constantFrom("bob@example.org", "250", "https://evil.example/"),
  origin: fc.constantFrom("said", "directory", "returned", "untrusted", "none"),
});

const keeping: fc.Arbitrary<Keeping> = fc.record({
  intent: fc.constantFrom(true, true, false),
  chars: fc.constantFrom(40, 40, 2),
  found: fc.subarray<Keeping["found"][number]>([
    { kind: "token", class: "secret" },
    { kind: "iban", class: "personal" },
  ]),
  own: fc.boolean(),
  seen: fc.constantFrom(null, null, "note", "candidate"),
  fault: fc.constantFrom(null, null, null, "full"),
});

const checked: fc.Arbitrary<Checked> = fc
  .record({
    id: fc.constantFrom("short", "evidence"),
    status: fc.constantFrom<Checked["status"]>("met", "met", "missed", "unknown", "waived"),
    observe: fc.constantFrom(true, false, undefined),
  })
  .map(({ observe, ...one }) => ({ ...one, ...(observe === undefined ? {} : { observe }) }));

/** What a route was taken by that is not certain. */
const guess = fc.record({
  route: fc.constant("r1"),
  confidence: fc.constantFrom(0.5, 0.9, 0.95),
  rival: fc.option(fc.record({ route: fc.constant("r2"), confidence: fc.constantFrom(0.4, 0.9) })),
});

export const action: fc.Arbitrary<Action> = fc
  .record({
    kind: fc.constantFrom(
      "model",
      "tool",
      "agent",
      "commit",
      "fetch",
      "secret",
      "note",
      "run",
      "permit",
      "task",
    ),
    name: fc.constantFrom("notes_append", "web_fetch"),
    agent: fc.constantFrom("oracle", "operator"),
    scopes,
    destinations: scopes,
    args: fc.record({
      file: fc.constantFrom("a", "b"),
      method: fc.constantFrom("GET", "GET", "POST"),
    }),
    label: fc.record({
      integrity: fc.constantFrom("operator", "directory", "untrusted"),
      secrecy: fc.constantFrom("public", "private", "secret"),
      sources: fc.constant<string[]>([]),
    }),
    more: fc.record(
      {
        rank: fc.constantFrom("E", "C", "A", "S"),
        irreversible: fc.boolean(),
        unconfined: fc.boolean(),
        reads: fc.boolean(),
        decides: fc.array(value, { maxLength: 3 }),
        controls: fc.uniqueArray(fc.constantFrom<string>("100", "send"), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  })
  .chain((one) => fc.tuple(fc.constant(one), keeping, fc.array(checked, { maxLength: 3 }), guess))
  .map(([{ more, ...rest }, kept, checks, guessed]) => {
    const gates: Partial<Record<Action["kind"], Partial<Action>>> = {
      note: { gate: "remember", keeping: kept },
      task: { gate: "accept", checks },
      run: { gate: "route", args: guessed },
    };
    return { ...anAction(rest), ...gates[rest.kind], ...(more as Partial<Action>) } as Action;
  });

export const rule: fc.Arbitrary<Rule> = fc
  .record({
    id: fc.constantFrom("r1", "r2", "r3"),
    then: fc.constantFrom("allow", "ask", "deny"),
    mode: fc.constantFrom("enforce", "enforce", "observe"),
    when: fc.record(
      {
        name: fc.constantFrom("web_*", "notes_append", "*"),
        kind: fc.constantFrom("tool", "commit"),
        scope: fc.constantFrom("net:*", "write:./*"),
        rank: fc.constantFrom("D", "A"),
        args: fc.record({ file: fc.constantFrom("^a$", ".") }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ id, then, mode, when }) => aRule(id, then, { mode, when: when as Rule["when"] }));

/** Mostly what lets things through, or every case would be a denial before anything is added. */
const used = fc.constantFrom(0, 0, 0, 0, 9, 10);
const grant: fc.Arbitrary<Grant> = fc
  .record({
    skill: fc.constant("notes"),
    scopes,
    hash: fc.constantFrom("hash", "hash", "hash", "old", null),
    at: fc.constant(0),
    more: fc.record(
      {
        expires: fc.constantFrom(NOW + 9_999, NOW + 9_999, NOW),
        run: fc.constantFrom("r1", "r1", "r2"),
        revoked: fc.constantFrom(undefined, undefined, true as const),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ more: { revoked, ...more }, ...rest }) => ({
    ...{ ...rest, ...more },
    ...(revoked === undefined ? {} : { revoked }),
  }));
/** A day in which so many of ten calls were used. */
export function dayOf(calls: number): Day {
  const takes = { calls: 2, tokens: 0, cost: 0, answer: 0 };
  return { limit: { calls: 10 }, used: { calls, tokens: 0, cost: 0 }, takes };
}

export const standing: fc.Arbitrary<Standing> = fc
  .record({
    declared: fc.option(fc.subarray(SCOPES, { minLength: 12 }), { freq: 1 }),
    attached: fc.constantFrom(true, true, true, false),
    listed: fc.constantFrom(true, true, true, true, true, false),
    grant: fc.option(grant),
    locked: fc.constantFrom(true, true, false),
    rules: fc.oneof(fc.constant([]), fc.array(rule, { maxLength: 3 })),
    said: fc.constantFrom("", "send 100 to https://example.org/ and /srv/out", "evil.example"),
    depth: fc.constantFrom(0, 0, 1),
    localOnly: fc.constantFrom(false, false, true),
    priced: fc.boolean(),
    chosen: fc.boolean(),
    held: fc.constantFrom(true, true, true, true, true, false),
    inDoubt: fc.constantFrom(false, false, true),
    flow: fc.option(fc.record({ planned: fc.boolean(), uses: fc.constantFrom(0, 0, 1) }), {
      nil: undefined,
    }),
    floor: fc.constantFrom<Standing["floor"]>(undefined, undefined, undefined, {
      ...{ rank: "C", by: "skill notes" },
    }),
    memory: fc.constantFrom(
      ...[REMEMBERS, REMEMBERS, MEMORY_OFF],
      ...[
        { ...MEMORY_OFF, enabled: true },
        { ...REMEMBERS, policy: "capture_only" as const },
      ],
    ),
    turns: used,
    calls: used,
    tokens: fc.constantFrom(0, 0, 0, 1_000),
    ms: fc.constantFrom(0, 0, 0, 0, 60_000),
    cost: fc.constantFrom(0, 1),
    limit: fc.oneof(fc.constant(null), fc.option(fc.constantFrom(0, 1, 2))),
    day: fc.constantFrom(undefined, undefined, undefined, undefined, dayOf(0), dayOf(9)),
  })
  .map(({ turns, calls, tokens, ms, cost, limit, flow, floor, day, ...rest }) => {
    const named = {
      ...(flow === undefined ? {} : { flow }),
      ...{ ...(floor && { floor }), ...(day && { day }) },
    };
    const base = aStanding({ ...rest, ...named });
    const budget = {
      ...base.budget,
      ...(limit === null ? {} : { cost: limit }),
      ...(tokens > 0 ? { warnDepth: 0 } : {}),
    };
    return { ...base, budget, spent: { turns, calls, tokens, ms, cost, unpriced: false } };
  });
