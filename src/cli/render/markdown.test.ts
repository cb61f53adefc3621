import { expect, test } from "bun:test";
import fc from "fast-check";
import { markdown, MarkdownStream } from "./markdown.ts";

/** What markdown reads on a coloured terminal, colours aside. */
function reads(source: string): string {
  return markdown(source, 200, true).replace(SGR, "");
}
// oxlint-disable-next-line no-control-regex -- colours are what this removes
const SGR = /\x1b\[[0-9;]*m/gu;
// oxlint-disable-next-line no-control-regex -- what must not be there
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

test("links show where they lead, whatever they say", () => {
  expect(reads("[docs](https://example.org/a)")).toBe("docs (https://example.org/a)");
  expect(reads("[https://good.example](https://evil.example)")).toBe(
    "https://good.example (https://evil.example)",
  );
  expect(reads("see https://a.example/b and <https://c.example>")).toBe(
    "see https://a.example/b and https://c.example",
  );
  expect(reads("[x](javascript:alert(1))")).toBe("x (javascript:alert(1))");
});

test("without colours the source is shown, made plain", () => {
  expect(markdown("# a **b**\x1b[2J", 60, false)).toBe("# a **b**");
});

test("hostile markdown can colour itself and nothing else", () => {
  expect(reads("a\x1b]52;c;aGk=\x07b\x1b[2Jc\x9b2Jd")).toBe("abcd");
  expect(reads("&#27;[2J&#x9b;2J&#x202e;x&#8;")).not.toMatch(UNSAFE);
  const part = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "\x1b[2J",
      "\x1b]8;;http://e\x07",
      "&#27;[2J",
      "&#x202e;",
      "&#x9b;",
      "```",
      "\n",
      "[a](",
      ")",
      "**",
      "`",
      "| a |",
      "<b>",
      "# ",
      "- ",
    ),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      expect(reads(parts.join(""))).not.toMatch(UNSAFE);
    }),
  );
});

test("a stream gives out whole blocks, and loses nothing", () => {
  const stream = new MarkdownStream();
  expect(stream.push("# a\n")).toBe("");
  expect(stream.push("\ntext\n```\nco")).toBe("# a\n\n");
  expect(stream.push("de\n\nmore\n```\n\nend")).toBe("text\n```\ncode\n\nmore\n```\n\n");
  expect(stream.end()).toBe("end");
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "\n", "\n\n", "```\n", "~~~", " ", "b\n")),
      (deltas) => {
        const whole = new MarkdownStream();
        const given = deltas.map((delta) => whole.push(delta)).join("") + whole.end();
        expect(given).toBe(deltas.join(""));
      },
    ),
  );
});

test("a block without end is given out in pieces", () => {
  const stream = new MarkdownStream();
  const long = "x".repeat(20_000);
  expect(stream.push(long)).toBe(long);
  expect(stream.push("\n\n")).toBe("\n\n");
});
