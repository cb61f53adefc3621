import { expect, test } from "bun:test";
import type { Action } from "../contracts/action.ts";
import { Route, Rule, type RuleMatcher } from "../contracts/rules.ts";
import { LIMITS } from "../std/limits.ts";
import { parse } from "yaml";
import { aRule, aStanding, anAction } from "./gate.fixtures.ts";
import { judge } from "./judge.ts";
import { policyHash, ruleStatuses } from "./policy.ts";
import { checkRoutes, checkRules } from "./rules.ts";

const args = { path: "/etc/passwd", count: 12, list: ["a", "b"], text: "" };
const action: Partial<Action> = {
  name: "web_fetch",
  args,
  scopes: ["write:/work/space/notes", "net:EXAMPLE.org:8080"],
};

const MATCHES: readonly (readonly [RuleMatcher, boolean])[] = [
  [{}, true],
  [{ kind: "tool" }, true],
  [{ kind: ["model", "tool"] }, true],
  [{ kind: [] }, false],
  [{ kind: "fetch" }, false],
  [{ name: "web_fetch" }, true],
  [{ name: "web_*" }, true],
  [{ name: "*" }, true],
  [{ name: "*_f*ch" }, true],
  [{ name: ["other", "web*h"] }, true],
  [{ name: "web" }, false],
  [{ name: "web_fetch*x" }, false],
  [{ name: "web_f*_fetch" }, false],
  [{ match: "^web_" }, true],
  [{ match: "^fetch" }, false],
  [{ unless: "fetch$" }, false],
  [{ match: "web", unless: "^fetch" }, true],
  // A pattern that is broken stops what it could be about, as the rule does.
  [{ match: "(" }, true],
  [{ unless: "(" }, true],
  [{ agent: "oracle", skill: "notes" }, true],
  [{ agent: "research" }, false],
  [{ skill: "web" }, false],
  [{ scope: "net:example.org:8080" }, true],
  [{ scope: "net:example.org" }, true],
  [{ scope: "net:*.org" }, true],
  [{ scope: "net:*" }, true],
  [{ scope: "net:example.org:443" }, false],
  [{ scope: "write:./notes" }, true],
  [{ scope: "write:notes" }, true],
  [{ scope: "write:/work/*" }, true],
  [{ scope: "write:*" }, true],
  [{ scope: "*notes" }, true],
  [{ scope: "read:./notes" }, false],
  [{ scope: ["exec:git", "write:./*"] }, true],
  [{ rank: "B" }, true],
  [{ rank: "A" }, false],
  [{ args: { path: "^/etc/" } }, true],
  [{ args: { path: "^/ETC/" } }, false],
  [{ args: { count: "^12$" } }, true],
  [{ args: { list: '"b"' } }, true],
  [{ args: { text: "^$" } }, true],
  [{ args: { path: "etc", count: "13" } }, false],
  [{ args: { missing: "" } }, false],
  [{ args: { toString: "" } }, false],
];

for (const [when, expected] of MATCHES) {
  test(`${JSON.stringify(when)} ${expected ? "matches" : "does not match"}`, () => {
    const { rules } = judge(anAction(action), aStanding({ rules: [aRule("r", "deny", { when })] }));
    expect(rules.length).toBe(expected ? 1 : 0);
  });
}

test("text too long to look at matches a rule that stops, and none that allows", () => {
  const padded = anAction({ args: { file: `${"x".repeat(LIMITS.patternInputChars)}secret` } });
  const when = { args: { file: "secret" } };
  const verdictOf = (then: Rule["then"], mode: Rule["mode"] = "enforce") =>
    judge(padded, aStanding({ rules: [aRule("r", then, { when, mode })] })).rules.length;
  expect([verdictOf("deny"), verdictOf("ask"), verdictOf("allow")]).toEqual([1, 1, 0]);
});

test("a rule whose pattern is broken stops what it is about", () => {
  const when = { name: "notes_append", args: { file: "(a+)+" } };
  const broken = (then: Rule["then"]) =>
    judge(anAction(), aStanding({ rules: [aRule("r", then, { when })] })).verdict;
  expect([broken("deny"), broken("allow")]).toEqual(["deny", "allow"]);
  expect(
    judge(anAction({ name: "x" }), aStanding({ rules: [aRule("r", "deny", { when })] })).verdict,
  ).toBe("allow");
});

/** Rules as they stand in a file. */
const RULE_FILES: readonly (readonly [string, readonly (readonly [string, RegExp])[]])[] = [
  [
    `- id: no-etc
  when: { name: "files_*", scope: "write:/etc/*", args: { path: '\\bpasswd\\b' } }
  then: deny
  example: { name: files_write, scopes: ["write:/etc/x"], args: { path: /etc/passwd } }
  counter: { name: files_write, scopes: ["write:./etc/x"], args: { path: /etc/passwd } }`,
    [],
  ],
  [
    `- id: trap
  when: { args: { text: "\\bcalc" } }
  then: deny
  example: { args: { text: calc } }
  counter: {}`,
    [["rules.control_character", /backspace.*single quotes/u]],
  ],
  [
    `- id: slow
  when: { args: { text: '(a+)+' } }
  then: ask
  example: { args: { text: a } }
  counter: {}`,
    [["rules.slow_pattern", /argument `text`.*repeats a repetition/u]],
  ],
  [
    `- id: broken
  when: { args: { text: '(a' } }
  then: ask
  example: { args: { text: a } }
  counter: {}`,
    [["rules.bad_pattern", /is no regular expression/u]],
  ],
  [
    `- id: same
  when: { rank: A }
  then: deny
  example: { scopes: ["read:/etc"] }
  counter: { scopes: ["read:./etc"] }
- id: same
  when: { name: a }
  then: ask
  example: { name: b }
  counter: { name: a }`,
    [
      ["rules.duplicate_id", /already has/u],
      ["rules.example_misses", /own example/u],
      ["rules.counter_matches", /counter/u],
    ],
  ],
  [
    `- id: tab
  when: { name: "a\\tb" }
  then: deny
  example: {}
  counter: {}
- id: home
  when: { scope: "write:~/secret" }
  then: deny
  example: {}
  counter: {}`,
    [
      ["rules.control_character", /control character/u],
      ["rules.home_path", /absolute path/u],
    ],
  ],
];

for (const [file, expected] of RULE_FILES) {
  test(`rules: ${expected.map(([code]) => code).join(", ") || "all is well"}`, () => {
    const rules = Rule.array().parse(parse(file));
    const problems = checkRules(rules, "rules.yaml");
    expect(problems.map(({ code }) => code)).toEqual(expected.map(([code]) => code));
    for (const [i, [, sentence]] of expected.entries()) {
      expect(problems[i]?.sentence).toMatch(sentence);
      expect(problems[i]?.sentence).toContain("rules.yaml");
    }
  });
}

const ROUTE_FILES: readonly (readonly [string, readonly (readonly [string, RegExp])[]])[] = [
  [
    `- id: calc
  match: '\\bcalc(?:ulate)?\\s+(?<what>.+)'
  tool: calculate
  args: { expression: "{what}", twice: ["{1}", "{0}"], n: "{1:number}", on: "{today}" }
  say: "{what} is {result} on {today}: {result.value}"
  example: please calculate 2 + 2
  counter: recalculate 2`,
    [],
  ],
  [
    `- id: trap
  match: "\\bcalc"
  say: hello
  example: calc
  counter: x`,
    [["routes.control_character", /backspace.*single quotes/u]],
  ],
  [
    `- id: block
  match: |
    calc
  say: hello
  example: calc
  counter: x`,
    [["routes.control_character", /on one line/u]],
  ],
  [
    `- id: slow
  match: '(?:\\w+\\s*)+$'
  say: hello
  example: a
  counter: ''`,
    [["routes.slow_pattern", /take one of them out/u]],
  ],
  [
    `- id: places
  match: '^add (.+)'
  tool: t
  args: { a: "{1}", b: "{2}", c: "{name:number}" }
  example: add x
  counter: sub x`,
    [
      ["routes.unknown_place", /\{2\}/u],
      ["routes.unknown_place", /\{name\}/u],
    ],
  ],
  [
    `- id: same
  match: '^a$'
  say: a
  example: a
  counter: b
- id: same
  match: '^a$'
  say: a
  example: b
  counter: A`,
    [
      ["routes.duplicate_id", /already has/u],
      ["routes.example_misses", /own example/u],
      ["routes.counter_matches", /counter/u],
    ],
  ],
];

for (const [file, expected] of ROUTE_FILES) {
  test(`routes: ${expected.map(([code]) => code).join(", ") || "all is well"}`, () => {
    const problems = checkRoutes(Route.array().parse(parse(file)), "routes.yaml");
    expect(problems.map(({ code }) => code)).toEqual(expected.map(([code]) => code));
    for (const [i, [, sentence]] of expected.entries())
      expect(problems[i]?.sentence).toMatch(sentence);
  });
}

test("a file holds so many rules or routes and no more", () => {
  const many = Array.from({ length: LIMITS.rules + 1 }, (_, i) => aRule(`r${i}`, "deny"));
  expect(checkRules(many, "rules.yaml").map(({ code }) => code)).toEqual(["rules.too_many"]);
  const routes = many.map(({ id }): Route => ({
    id,
    match: "^a$",
    say: "a",
    example: "a",
    counter: "b",
  }));
  expect(checkRoutes(routes, "routes.yaml").map(({ code }) => code)).toEqual(["routes.too_many"]);
});

test("a run says how each rule took part", () => {
  const rules = [
    aRule("seen", "deny", { when: { name: "other" } }),
    aRule("watched", "deny", { mode: "observe" }),
    aRule("friendly", "allow", { mode: "observe" }),
  ];
  const allowed = judge(anAction(), aStanding({ rules }));
  const denied = judge(anAction(), aStanding({ rules, attached: false }));
  const statuses = (decisions: Parameters<typeof ruleStatuses>[1]): string[] =>
    ruleStatuses(rules, decisions).map(({ status }) => status);
  expect(statuses([])).toEqual(["configured", "configured", "configured"]);
  expect(statuses([denied])).toEqual(["evaluated", "evaluated", "evaluated"]);
  expect(statuses([denied, allowed])).toEqual(["evaluated", "bypassed", "evaluated"]);
});

test("the policy's hash changes with every rule and route and with nothing else", () => {
  const route: Route = { id: "a", match: "a", say: "a", example: "a", counter: "b" };
  const rules = [aRule("a", "deny")];
  const hash = policyHash(rules, [route]);
  expect(policyHash(structuredClone(rules), [{ ...route }])).toBe(hash);
  const others = [
    policyHash([], [route]),
    policyHash(rules, []),
    policyHash([aRule("a", "deny", { mode: "observe" })], [route]),
    policyHash(rules, [{ ...route, say: "b" }]),
  ];
  expect(new Set([hash, ...others]).size).toBe(5);
});
