import { expect, test } from "bun:test";
import fc from "fast-check";
import { canonical } from "./canonical.ts";
import type { Json } from "./json.ts";

const CASES: readonly (readonly [Json, string])[] = [
  [{ b: 1, a: [true, null, "x"] }, '{"a":[true,null,"x"],"b":1}'],
  [{ "10": 1, "9": 2 }, '{"10":1,"9":2}'],
  [
    { "€": 1, "\r": 2, "1": 3, "\u0080": 4, ö: 5, "😂": 6 },
    '{"\\r":2,"1":3,"\u0080":4,"ö":5,"€":1,"😂":6}',
  ],
  [[1e21, 0.000001, 1e-7, -0, 333333333.3333333], "[1e+21,0.000001,1e-7,0,333333333.3333333]"],
  ['\u2028"\\\n\u0007', '"\u2028\\"\\\\\\n\\u0007"'],
];

for (const [value, text] of CASES) {
  test(`canonical ${text}`, () => {
    expect(canonical(value)).toBe(text);
  });
}

test("keys without a value are left out, and a number JSON cannot carry is a bug", () => {
  expect(canonical({ a: undefined, b: 1 } as unknown as Json)).toBe('{"b":1}');
  expect(() => canonical({ a: Number.NaN })).toThrow(TypeError);
  expect(() => canonical([Number.POSITIVE_INFINITY])).toThrow(TypeError);
});

test("equal values have equal text in whatever order their keys came, and it reads back", () => {
  const shuffled = (value: Json): Json => {
    if (Array.isArray(value)) return value.map((item) => shuffled(item as Json));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).toReversed();
    return Object.fromEntries(entries.map(([key, item]) => [key, shuffled(item as Json)]));
  };
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false } as never), (value) => {
      const json = JSON.parse(JSON.stringify(value)) as Json;
      expect(canonical(shuffled(json))).toBe(canonical(json));
      expect(JSON.parse(canonical(json)) as Json).toEqual(json);
    }),
  );
});
