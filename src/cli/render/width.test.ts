import { expect, test } from "bun:test";
import fc from "fast-check";
import { span } from "./line.ts";
import { textOf } from "./line.ts";
import { cellsOf, fit, fitLine, pad, wrap } from "./width.ts";

test("cells are counted as a terminal draws them", () => {
  const check = (text: string, cells: number): void =>
    expect({ text, cells: cellsOf(text) }).toEqual({ text, cells });
  check("", 0);
  check("abc", 3);
  check("日本", 4);
  check("é", 1);
  check("e\u0301", 1);
  check("👍🏽", 2);
  check("\x1b[31mred\x1b[0m", 3);
  check("✓", 1);
});

test("text is cut by cells, with an ellipsis", () => {
  expect(fit("abcdef", 4)).toBe("abc…");
  expect(fit("abcd", 4)).toBe("abcd");
  expect(fit("日本語", 4)).toBe("日…");
  expect(fit("a\nb", 4)).toBe("a b");
  expect(fit("abc", 0)).toBe("");
  expect(pad("日", 4)).toBe("日  ");
  expect(fitLine([span("abc", "red"), "defgh"], 6)).toEqual([span("abc", "red"), span("de…")]);
});

test("words are wrapped, indents and line breaks stay", () => {
  expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
  expect(wrap('  "a": 1\n}', 20)).toEqual(['  "a": 1', "}"]);
  expect(wrap("abcdefgh", 3)).toEqual(["abc", "def", "gh"]);
  expect(wrap("", 8)).toEqual([""]);
});

test("no line is ever wider than asked", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 40 }), (text, cells) => {
      for (const line of wrap(text, cells)) expect(cellsOf(line)).toBeLessThanOrEqual(cells);
      expect(cellsOf(fit(text, cells))).toBeLessThanOrEqual(cells);
      expect(cellsOf(textOf(fitLine([span(text, "red"), text], cells)))).toBeLessThanOrEqual(cells);
    }),
  );
});
