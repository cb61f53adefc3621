import { expect, test } from "bun:test";
import fc from "fast-check";
import { LIMITS } from "../../std/limits.ts";
import { pauseBefore, scoresIn } from "./opinion.ts";

const by = (hex: string) => ({ hex: () => hex });
const scores = { responsiveness: 1, quality: 2, consistency: 3, tools: 5 };

test("each pause is twice the one before, up to a limit, a tenth more or less", () => {
  const plain = by("7fffffff");
  const tries = [1, 2, 3, 6, 7, 8, 30];
  expect(tries.map((one) => pauseBefore(one, plain))).toEqual([
    100, 200, 400, 3_200, 5_000, 5_000, 5_000,
  ]);
  expect([by("00000000"), by("ffffffff")].map((random) => pauseBefore(2, random))).toEqual([
    180, 220,
  ]);
});

test.each([
  [JSON.stringify({ ...scores, why: "Fine." }), { ...scores, why: "Fine." }],
  [
    `Here:\n\`\`\`json\n${JSON.stringify({ ...scores, why: "x" })}\n\`\`\``,
    { ...scores, why: "x" },
  ],
  ["I like it.", "there is no JSON object in it"],
  ["} {", "there is no JSON object in it"],
  ["{ nearly }", "its JSON cannot be read"],
])("an answer is read whole or not at all: %s", (text, read) => {
  expect(scoresIn(text)).toEqual(read);
});

test.each([
  { ...scores, why: "x", quality: 6 },
  { ...scores, why: "x", quality: 0 },
  { ...scores, why: "x", quality: 2.5 },
  { ...scores, why: "x", quality: "5" },
  { ...scores, why: "x", passed: true },
  { ...scores },
])("scores of another form are none: %j", (value) => {
  expect(typeof scoresIn(JSON.stringify(value))).toBe("string");
});

test("whatever is said is scores within bounds, or why not", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const read = scoresIn(text);
      expect(typeof read === "string" || (read.quality >= 1 && read.quality <= 5)).toBe(true);
    }),
  );
  const long = scoresIn(JSON.stringify({ ...scores, why: "x".repeat(LIMITS.judgeChars + 5) }));
  expect(typeof long === "string" ? 0 : long.why.length).toBe(LIMITS.judgeChars);
});
