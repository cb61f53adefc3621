import { expect, test } from "bun:test";
import fc from "fast-check";
import { Events, Lines } from "./lines.ts";

function linesOf(bytes: Uint8Array, cuts: readonly number[], limit = 1_000): string[] | null {
  const lines = new Lines(limit);
  const out: string[] = [];
  let at = 0;
  for (const end of [...cuts, bytes.length].toSorted((a, b) => a - b)) {
    if (!lines.push(bytes.subarray(at, end), (line) => out.push(line))) return null;
    at = end;
  }
  return lines.end((line) => out.push(line)) ? out : null;
}

test("any text in any chunks gives its lines", () => {
  const bit = fc.constantFrom("a", "é", "東", "👋", "\n", "\r\n", "\r", ":", "data: ");
  fc.assert(
    fc.property(fc.array(bit, { maxLength: 30 }), fc.array(fc.nat(90)), (bits, cuts) => {
      const text = bits.join("");
      const bytes = new TextEncoder().encode(text);
      const expected = text.split(/\r?\n/u);
      if (expected.at(-1) === "") expected.pop();
      const within = cuts.map((cut) => cut % (bytes.length + 1));
      expect(linesOf(bytes, within)).toEqual(expected);
    }),
  );
});

test("a line over the limit is refused, in one chunk and in many", () => {
  const bytes = new TextEncoder().encode(`ok\n${"x".repeat(50)}\n`);
  expect(linesOf(bytes, [], 49)).toBeNull();
  expect(linesOf(bytes, [10, 20, 30], 49)).toBeNull();
  expect(linesOf(bytes, [10, 20, 30], 50)).toEqual(["ok", "x".repeat(50)]);
});

function check(name: string, lines: readonly string[], expected: readonly string[]): void {
  test(name, () => {
    const events = new Events();
    const data = lines.flatMap((line) => events.line(line) ?? []);
    expect([...data, ...(events.rest() === null ? [] : ["unreached"])]).toEqual([...expected]);
  });
}

check("data with and without a space", ["data: a", "", "data:b", ""], ["a", "b"]);
check("several data lines are one event", ["data: a", "data: b", ""], ["a\nb"]);
check("comments, names, ids are no data", [": x", "event: e", "id: 1", "retry: 5", ""], []);
check("a field called error is data", ["error: {}", ""], ["{}"]);
check("blank lines alone are nothing", ["", "", ""], []);

test("the last event needs no blank line", () => {
  const events = new Events();
  events.line("data: [DONE]");
  expect(events.rest()).toBe("[DONE]");
  expect(events.rest()).toBeNull();
});
