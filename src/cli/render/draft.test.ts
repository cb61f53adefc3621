import { expect, test } from "bun:test";
import fc from "fast-check";
import { Draft } from "./draft.ts";
import { cellsOf } from "./width.ts";

test("text shows at once, breaks at the edge, and its rows are known", () => {
  const draft = new Draft(10);
  expect(draft.empty).toBe(true);
  expect(draft.push("one tw")).toBe("one tw");
  expect(draft.push("o three")).toBe("o t\nhree");
  expect(draft.erase(24)).toBe("\r\x1b[1A\x1b[J");
  expect(draft.erase(2)).toBeNull();
});

test("whatever is written, the rows it takes are the rows it takes back", () => {
  const part = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("\n", " ", "\x1b[2J", "日本", "\x1b", "]52;c;", "\u202e", "word"),
  );
  fc.assert(
    fc.property(fc.array(part), fc.integer({ min: 8, max: 40 }), (parts, columns) => {
      const draft = new Draft(columns);
      const out = parts.map((text) => draft.push(text)).join("");
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/u);
      const lines = out.split("\n");
      for (const line of lines) expect(cellsOf(line)).toBeLessThan(columns);
      const up = lines.length === 1 ? "\r\x1b[J" : `\r\x1b[${lines.length - 1}A\x1b[J`;
      expect(draft.erase(Infinity)).toBe(up);
    }),
  );
});
