import { expect, test } from "bun:test";
import fc from "fast-check";
import { storedMatcher, writingsOf } from "./stored.ts";

const VALUE = `h&r"7/ü+k<9'z`;
const MATCHER = storedMatcher([
  { name: "gh", value: VALUE },
  { name: "db", value: "correct horse" },
  { name: "db-long", value: "correct horse battery" },
  { name: "short", value: "abc" },
]);

const bytes = Buffer.from(VALUE);
const WRITTEN: readonly (readonly [string, string])[] = [
  ["as it is", VALUE],
  ["base64", bytes.toString("base64")],
  ["base64url", bytes.toString("base64url")],
  ["hex", bytes.toString("hex")],
  ["upper-case hex", bytes.toString("hex").toUpperCase()],
  ["percent-encoded", encodeURIComponent(VALUE)],
  ["inside JSON", JSON.stringify({ token: VALUE })],
  ["inside HTML", "h&amp;r&quot;7/ü+k&lt;9&#39;z"],
  ["in a basic header", Buffer.from(`ada:${VALUE}`).toString("base64")],
  ["one further", Buffer.from(`adam:${VALUE}.`).toString("base64")],
  ["two further", Buffer.from(`adams:${VALUE}.`).toString("base64")],
];

for (const [name, text] of WRITTEN) {
  test(`a stored secret is found ${name}`, () => {
    const found = MATCHER.find(`before ${text} after`);
    expect(found.map((hit) => hit.name)).toEqual(["gh"]);
    const redacted = MATCHER.redact(`before ${text} after`);
    expect(redacted.startsWith("before ") && redacted.endsWith(" after")).toBe(true);
    expect(redacted).toContain("[secret:gh]");
    expect(writingsOf(VALUE).filter((one) => redacted.includes(one))).toEqual([]);
  });
}

test("of two that overlap nothing is left, and what is too short is not looked for", () => {
  expect(MATCHER.redact("a correct horse battery, abc")).toBe("a [secret:db], abc");
  expect(MATCHER.redact("correct horse bat")).toBe("[secret:db] bat");
  expect(storedMatcher([]).redact("abc")).toBe("abc");
});

test("wherever a text is cut, the same comes out, and only a secret's beginning is kept back", () => {
  const bits = fc.constantFrom(
    ...WRITTEN.map(([, text]) => text),
    "correct ",
    "horse",
    " bat",
    "x ",
    "h&",
  );
  const check = fc.property(
    fc.array(bits, { maxLength: 12 }),
    fc.infiniteStream(fc.nat(9)),
    (some, cuts) => {
      const text = some.join("");
      const stream = MATCHER.stream();
      let out = "";
      for (let at = 0; at < text.length;) {
        const size = Number(cuts.next().value);
        out += stream.push(text.slice(at, at + size + 1));
        at += size + 1;
      }
      expect(out + stream.end()).toBe(MATCHER.redact(text));
    },
  );
  fc.assert(check, { numRuns: 300 });
  const stream = MATCHER.stream();
  expect([stream.push("hello wor"), stream.push("ld cor"), stream.push("n")]).toEqual([
    "hello wor",
    "ld ",
    "corn",
  ]);
});

test("many secrets cost no more than one, and hostile text is read in a straight line", () => {
  const many = storedMatcher(
    Array.from({ length: 200 }, (_, i) => ({ name: `s${i}`, value: `${"a".repeat(60)}${i}` })),
  );
  expect(many.find("a".repeat(200_000))).toEqual([]);
  expect(many.find(`${"a".repeat(100_000)}7x`).map(({ name }) => name)).toEqual(["s7"]);
});
