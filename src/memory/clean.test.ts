import { expect, test } from "bun:test";
import { LIMITS } from "../std/limits.ts";
import { clean, hasIntent } from "./clean.ts";

const INTENDED: readonly (readonly [string, boolean])[] = [
  ["Remember this: tea", true],
  ["please REMEMBER THAT she likes tea", true],
  ["Don\u2019t forget the milk", true],
  ["dont forget the milk", true],
  ["save this, please", true],
  ["could you store this", true],
  ["keep in mind that it rains", true],
  ["make a note", true],
  ["I remember the day", false],
  ["remember", false],
  ["they remembered this and that", false],
  ["", false],
];

for (const [said, expected] of INTENDED) {
  test(`intent in "${said}": ${expected}`, () => expect(hasIntent(said)).toBe(expected));
}

const CLEANED: readonly (readonly [string, string, number])[] = [
  ["Remember this: Dora  likes\n\n tea.", "Dora likes tea.", 15],
  ["Please remember that she likes tea", "she likes tea", 13],
  ["Make a note of the date", "the date", 8],
  ["She said: remember this", "She said: remember this", 23],
  ["a\u001b[31mred\u001b[0m\u202e text", "ared text", 9],
  ["mail dora@example.org", "mail dora@example.org", 4],
  ["the token is ghp_0123456789abcdefghijABCDEFGHIJ012345", "the token is [github-token]", 12],
];

for (const [raw, text, chars] of CLEANED) {
  test(`cleaned: ${JSON.stringify(raw)}`, () => {
    expect(clean(raw)).toMatchObject({ text, chars, cut: 0 });
  });
}

test.each([
  ["bytes of nothing", "\0"],
  ["a control character", "\u0001"],
  ["a sequence for the terminal", "\u001b[0m"],
  ["a direction of writing", "\u202e"],
])("a secret is found with %s in it, which would not be kept", (_, between) => {
  const token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  const hidden = token.split("").join(between);
  const { found, text } = clean(`the token is ${hidden}`);
  expect(found).toEqual([{ kind: "github-token", class: "secret" }]);
  expect(text).toBe("the token is [github-token]");
});

test("what does not fit is cut, and how much that was is told", () => {
  const { text, cut } = clean("tea ".repeat(200));
  expect([text.length, cut]).toEqual([LIMITS.noteChars, 799 - LIMITS.noteChars]);
});

test("where the value of a stored secret stood is a secret, too", () => {
  expect(clean("it is called [secret:GITHUB]").found).toEqual([
    { kind: "stored", class: "secret" },
  ]);
});

test("what was found is found in the text as it came", () => {
  const { found, text } = clean("password: hunter22!, iban DE89 3704 0044 0532 0130 00");
  expect(found).toEqual([
    { kind: "password", class: "secret" },
    { kind: "iban", class: "personal" },
  ]);
  expect(text).not.toContain("hunter22");
  expect(text).toContain("DE89 3704");
});
