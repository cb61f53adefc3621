import { expect, test } from "bun:test";
import fc from "fast-check";
import { diffLines } from "./diff.ts";
import { LIMITS } from "./limits.ts";

const shown = (before: string, after: string): string =>
  diffLines(before, after)
    .lines.map(({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`)
    .join("\n");

const CASES: readonly (readonly [before: string, after: string, diff: string])[] = [
  ["a\n", "a\n", ""],
  ["", "a\n", "+a"],
  ["a\n", "", "-a"],
  ["a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c"],
  ["a\nb\n", "b\na\n", "-a\n b\n+a"],
  ["1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\n5\nsix\n", " 4\n 5\n-6\n+six"],
];

for (const [before, after, diff] of CASES) {
  test(`${JSON.stringify(before)} to ${JSON.stringify(after)}`, () => {
    expect(shown(before, after)).toBe(diff);
  });
}

test("what is taken out and put in leads from one text to the other", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 });
  fc.assert(
    fc.property(text, text, (old, now) => {
      const { lines, more } = diffLines(
        old.map((l) => `${l}\n`).join(""),
        now.map((l) => `${l}\n`).join(""),
      );
      const count = (kind: string): number => lines.filter((line) => line.kind === kind).length;
      expect(more).toBe(0);
      expect(count("added") - count("removed")).toBe(now.length - old.length);
      if (JSON.stringify(old) !== JSON.stringify(now))
        expect(count("added") + count("removed")).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});

test("a difference is bounded, whatever the texts are", () => {
  const long = (word: string, count: number): string => `${word}\n`.repeat(count);
  const { lines, more } = diffLines(long("a", 50_000), long("b", 50_000));
  expect(lines.length).toBe(LIMITS.diffShown);
  expect(more).toBe(100_000 - LIMITS.diffShown);
});
