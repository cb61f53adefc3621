import { expect, test } from "bun:test";
import fc from "fast-check";
import { lines } from "./lines.ts";

function read(
  chunks: readonly Uint8Array[],
  limit = 1_000,
): { said: string[]; fault: string | null } {
  const cutter = lines(limit);
  const said: string[] = [];
  for (const chunk of chunks) {
    const fault = cutter.push(chunk, (line) => said.push(line));
    if (fault !== null) return { said, fault };
  }
  return { said, fault: null };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("however a stream is cut, the same lines come out", () => {
  const line = fc
    .string({ unit: "grapheme", maxLength: 40 })
    .map((text) => text.replaceAll(/[\r\n]/gu, " "));
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 8 }),
      fc.array(fc.nat(60), { maxLength: 30 }),
      (texts, cuts) => {
        const whole = bytes(texts.map((text) => `${text}\n`).join(""));
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts)
          chunks.push(whole.subarray(at, (at = Math.min(whole.length, at + cut))));
        chunks.push(whole.subarray(at));
        expect(read(chunks)).toEqual({ said: texts.filter((text) => text !== ""), fault: null });
      },
    ),
  );
});

test.each([
  ["a line that is too long at once", [bytes(`${"x".repeat(11)}\n`)], [], "too_long"],
  ["a line that grows too long", [bytes("123456"), bytes("789012")], [], "too_long"],
  ["a line of exactly the limit", [bytes("1234567890\n")], ["1234567890"], null],
  ["many lines within the limit", [bytes("1234567\n1234567\n")], ["1234567", "1234567"], null],
  ["bytes that are no text", [Uint8Array.from([65, 10, 0xff, 10])], ["A"], "not_utf8"],
  ["half a letter before the break", [Uint8Array.from([0xc3, 10])], [], "not_utf8"],
  ["line breaks of another system", [bytes("a\r\n\r\nb\r\n")], ["a\r", "b\r"], null],
])("%s", (_, chunks, said, fault) => {
  expect(read(chunks, 10)).toEqual({ said, fault: fault ?? null });
});

test("a chunk that is reused for the next one changes nothing that waits", () => {
  const cutter = lines(100);
  const said: string[] = [];
  const chunk = bytes("abc");
  cutter.push(chunk, (line) => said.push(line));
  chunk.fill(120);
  cutter.push(bytes("\n"), (line) => said.push(line));
  expect(said).toEqual(["abc"]);
});
