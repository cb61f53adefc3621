import { expect, test } from "bun:test";
import fc from "fast-check";
import { LIMITS } from "../../std/limits.ts";
import { compileLinear, runLinear } from "./linear.ts";
import { canBeEmpty, type Node, parsePattern } from "./parse.ts";
import { compilePattern, type Pattern } from "./pattern.ts";

/** What the linear matcher makes of it, in the form of the runtime's own. */
function linear(source: string, flags: "u" | "iu", text: string): (string | undefined)[] | null {
  const { root, groups } = parsePattern(source);
  const program = compileLinear(root, groups.length, flags);
  if (program === null) throw new Error(`too long: ${source}`);
  const slots = runLinear(program, text);
  if (slots === null) return null;
  return Array.from({ length: groups.length + 1 }, (_, i) => {
    const [start = -1, end = -1] = [slots[2 * i], slots[2 * i + 1]];
    return start < 0 || end < 0 ? undefined : text.slice(start, end);
  });
}

function native(source: string, flags: "u" | "iu", text: string): (string | undefined)[] | null {
  const match = new RegExp(source, flags).exec(text);
  return match && [...match];
}

function check(source: string, text: string, flags: "u" | "iu" = "iu"): void {
  expect([source, text, linear(source, flags, text)]).toEqual([
    source,
    text,
    native(source, flags, text),
  ]);
}

test("the linear matcher finds what the runtime's finds, groups included", () => {
  check("^(?:calc(?:ulate)?|compute)\\s+(.+)$", "Calculate 2 + 2");
  check(
    "^(?:add|append)\\s+(.+?)\\s+to\\s+(?:my\\s+)?(.+?)\\s+notes?$",
    "add milk to it to my shop notes",
  );
  check("(?<what>a|ab)(c|bcd)(d*)", "abcd");
  check("(?:(a)|b)*", "ab");
  check("(a*?)(a*)", "aaa");
  check("\\bcat\\b", "concat cat", "u");
  check("\\Bcat", "concat", "u");
  check("[^\\]\\-x]+", "x]-ab]", "u");
  check("^.$", "\u{1f600}", "u");
  check("\\ud83d\\ude00{2}", "\u{1f600}\u{1f600}", "u");
  check("\\u{1f600}|\\x41|\\cA|\\p{Lu}", "É", "u");
  check("\\w+", "ſK", "iu");
  check("\\bſ\\b", "aſ ſ", "iu");
  check("STRASSE|straße", "STRAßE", "iu");
  check("a{2,3}?b{0}c{1,}", "aaacc", "u");
  check("()", "", "u");
  check("^$", "", "u");
  check("x*", "", "u");
});

const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\w", "\\s", "é", "\\b", "^", "$");
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.array(tie("pattern"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("")),
    fc
      .array(tie("pattern"), { minLength: 1, maxLength: 3 })
      .map((parts) => `(?:${parts.join("|")})`),
    tie("pattern").map((inner) => `(${inner})`),
    fc
      .tuple(tie("pattern"), fc.constantFrom("?", "*", "+", "{2}", "{1,2}", "??", "*?", "+?"))
      .map(([inner, count]) => `(?:${inner})${count}`),
  ),
}));

test("so it does for patterns and texts made at random", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "é", "A"), maxLength: 8 });
  const flags = fc.constantFrom("u" as const, "iu" as const);
  const property = fc.property(pattern, text, flags, (source, on, how) => {
    // What a turn that takes nothing leaves in its groups is a matter of taste; whether the pattern
    // matches is not.
    if (!hasEmptyTurns(parsePattern(source).root)) check(source, on, how);
    expect(linear(source, how, on) === null).toBe(native(source, how, on) === null);
  });
  fc.assert(property, { numRuns: 2_000 });
});

function hasEmptyTurns(node: Node): boolean {
  switch (node.type) {
    case "seq":
      return node.items.some(hasEmptyTurns);
    case "alt":
      return node.options.some(hasEmptyTurns);
    case "group":
      return hasEmptyTurns(node.body);
    case "repeat":
      return canBeEmpty(node.body) || hasEmptyTurns(node.body);
    default:
      return false;
  }
}

function sound(source: string): Pattern {
  const found = compilePattern(source, "iu");
  if ("fault" in found) throw new Error(`${source} ${found.why}`);
  return found;
}

test("no text can make a pattern that is let through slow", () => {
  const texts = [
    "a".repeat(LIMITS.patternInputChars),
    " ".repeat(LIMITS.patternInputChars),
    "foo ".repeat(LIMITS.patternInputChars / 4),
  ];
  const sources = [
    ".*foo.*bar.*baz.*qux",
    "^(?:a|a)*$",
    "(?:a?a)+b",
    `${"a?".repeat(100)}${"a".repeat(100)}b`,
    "^add\\s+(.+?)\\s+to\\s+(.+?)\\s+in\\s+(.+?)\\s+at\\s+(.+)$",
    "(?:a{1,9}){1,9}b",
    "^(?!x)a*b",
  ];
  for (const source of sources) {
    const pattern = sound(source);
    for (const text of texts) if (pattern.fits(text)) pattern.match(text);
    // Just short of where the other matcher takes over is where the runtime's is slowest.
    for (const text of texts) for (const n of [25, 45, 160, 2_000]) pattern.test(text.slice(0, n));
  }
});

test("both matchers give the same places", () => {
  const pattern = sound("^(?<verb>add)\\s+(.+?)\\s+to\\s+(.+?)(!)?$");
  const short = "add a to b";
  const long = `add ${"a".repeat(300)} to b`;
  const expected = (what: string, whole: string): [string, string][] => [
    ["0", whole],
    ["1", "add"],
    ["verb", "add"],
    ["2", what],
    ["3", "b"],
    ["4", ""],
  ];
  expect([...(pattern.match(short) ?? [])]).toEqual(expected("a", short));
  expect([...(pattern.match(long) ?? [])]).toEqual(expected("a".repeat(300), long));
  expect(pattern.match(`sub ${long}`)).toBeNull();
  // Where they would differ, in a turn that takes nothing, only one of them is asked.
  const empty = sound("(?:^|a)?b*");
  expect(empty.match("ab")?.get("0")).toBe(
    empty.match(`a${"b".repeat(3_000)}`)?.get("0") ?? "none",
  );
  expect(pattern.fits("a".repeat(LIMITS.patternInputChars + 1))).toBe(false);
});

const FAULTS: readonly (readonly [string, string, string])[] = [
  ["a(b", "bad_pattern", "is no regular expression"],
  ["a".repeat(LIMITS.patternChars + 1), "bad_pattern", "is longer than 500 characters"],
  ["\bcalc", "control_character", ""],
  ["calc\n", "control_character", ""],
  ["(a+)+$", "slow_pattern", "repeats a repetition"],
  ["(?:\\w+\\s*)*$", "slow_pattern", "repeats a repetition"],
  ["(?:(?:a{2,})b)*", "slow_pattern", "repeats a repetition"],
  ["(a)\\1", "bad_pattern", "refers back"],
  ["(?<x>a)\\k<x>", "bad_pattern", "refers back"],
  ["(?=.*a)(?=.*b)c*", "slow_pattern", "looks around"],
  ["(?:[a-z]{1,60} ){1,60}", "slow_pattern", "becomes too long"],
];

for (const [source, fault, why] of FAULTS) {
  test(`${JSON.stringify(source.slice(0, 30))} is refused: ${fault}`, () => {
    const found = compilePattern(source, "iu");
    expect(found).toMatchObject({ fault, why: expect.stringContaining(why) as unknown as string });
  });
}
