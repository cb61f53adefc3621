import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Line, paint, paintAll, span, type Style } from "./line.ts";

test("a line is painted with its looks, and plain without colours", () => {
  const line: Line = ["a ", span("b", "red"), span("", "bold"), span(" c")];
  expect(paint(line, true)).toBe("a \x1b[31mb\x1b[39m c");
  expect(paint(line, false)).toBe("a b c");
  expect(paintAll([line, "x"], false)).toBe("a b c\nx\n");
});

test("whatever is in a line, only our own colours reach the terminal", () => {
  const nasty = fc.array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\x1b[2J",
        "\x1b]52;c;aGk=\x07",
        "\x9b31m",
        "\u202e",
        "\r",
        "\x1b",
        "[8m",
        "\x1bP",
        "\n",
        "\x08",
      ),
    ),
  );
  const style = fc.constantFrom<Style[]>("bold", "dim", "green", "yellow", "red", "cyan");
  fc.assert(
    fc.property(fc.array(fc.tuple(nasty, style)), (parts) => {
      const text = paint(
        parts.map(([words, look]) => span(words.join(""), look)),
        true,
      );
      // oxlint-disable-next-line no-control-regex -- what must not be there
      const left = text.replace(/\x1b\[(?:1|2|22|3[1236]|39)m/gu, "");
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(left).not.toMatch(/[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
