import { expect, test } from "bun:test";
import fc from "fast-check";
import { clip, firstLine, plainText } from "./text.ts";

const CASES: readonly (readonly [string, string, string])[] = [
  ["a plain text stays", "a\tb\nc é 😂", "a\tb\nc é 😂"],
  ["colours", "\x1b[31mred\x1b[0m", "red"],
  ["clearing the screen", "a\x1b[2J\x1b[Hb", "ab"],
  ["writing the clipboard", "a\x1b]52;c;ZXZpbA==\x07b", "ab"],
  ["a title ended by ST", "a\x1b]0;title\x1b\\b", "ab"],
  ["eight-bit CSI and OSC", "a\x9b2Jb\x9d0;x\x9cc", "abc"],
  ["an unfinished sequence", "a\x1b]52;c;ZXZp", "a"],
  ["carriage return, backspace, bell", "a\rb\bc\x07d", "abcd"],
  ["bidirectional overrides", "a\u202eb\u2066c\u200fd", "abcd"],
];

for (const [name, given, kept] of CASES) {
  test(`plainText: ${name}`, () => {
    expect(plainText(given)).toBe(kept);
  });
}

test("nothing that drives a terminal is ever left, and doing it twice changes nothing", () => {
  const nasty = fc.constantFrom(
    "\x1b",
    "\x9b",
    "[",
    "]",
    "2J",
    "52;c;",
    "\x07",
    "\x9c",
    "\\",
    "a",
    "\u202e",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(nasty, { maxLength: 40 }), (parts) => {
      const kept = plainText(parts.join(""));
      // eslint-disable-next-line no-control-regex -- control characters are what must be gone
      expect(kept).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u);
      expect(plainText(kept)).toBe(kept);
    }),
  );
});

test("clip never cuts through a pair of surrogates", () => {
  expect(clip("abc", 3)).toBe("abc");
  expect(clip("abcd", 3)).toBe("ab…");
  expect(clip("a😂b", 3)).toBe("a…");
  expect(firstLine("  one\ntwo", 10)).toBe("one");
});
