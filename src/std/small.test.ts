import { expect, test } from "bun:test";
import { fakeClock, localDate, systemClock } from "./clock.ts";
import { NanosError, assert, codeOf, messageOf } from "./error.ts";
import { hashOf, saltedDigest, sha256 } from "./hash.ts";
import { canonical } from "./canonical.ts";
import { isObject, sameJson, type Json } from "./json.ts";
import fc from "fast-check";
import { nearest } from "./nearest.ts";
import { countingRandom, newId, systemRandom } from "./random.ts";

const NAMES = ["skills", "tools", "agents", "model", "description"];
const NEAREST: readonly (readonly [string, string | undefined])[] = [
  ["skils", "skills"],
  ["Tools", "tools"],
  ["modle", "model"],
  ["descripton", "description"],
  ["zebra", undefined],
  ["", undefined],
];

for (const [wrong, right] of NEAREST) {
  test(`nearest to ${wrong || "nothing"} is ${right ?? "nothing"}`, () => {
    expect(nearest(wrong, NAMES)).toBe(right);
  });
}

test("hashes are those of the standard, and a salt changes a digest", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(hashOf({ b: 1, a: 2 })).toBe(hashOf({ a: 2, b: 1 }));
  expect(saltedDigest("00", "x")).not.toBe(saltedDigest("01", "x"));
});

test("ids sort by time and do not repeat", () => {
  const random = countingRandom();
  const ids = [1, 2, 40_000, 1_795_000_000_000].map((at) => newId("r", at, random));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(newId("r", 1, systemRandom)).toMatch(/^r[0-9a-z]{15}$/u);
});

test("a fake clock stands still until it is moved; sleeping moves it", async () => {
  const clock = fakeClock(1_000);
  expect(clock.now()).toBe(1_000);
  clock.advance(500);
  await clock.sleep(500);
  expect([clock.now(), clock.elapsed()]).toEqual([2_000, 1_000]);
});

test("a sleep ends when its signal does", async () => {
  const stop = new AbortController();
  const slept = systemClock.sleep(3_600_000, stop.signal);
  stop.abort();
  await slept;
  await systemClock.sleep(3_600_000, stop.signal);
});

test("dates are the machine's own", () => {
  expect(localDate(new Date(2026, 0, 5, 23, 59).getTime())).toBe("2026-01-05");
});

test("errors carry a code and the next step; a bug is a bug", () => {
  const error = new NanosError("a.b", "It broke.", "Mend it.", new Error("why"));
  expect([error.code, error.message, error.next]).toEqual(["a.b", "It broke.", "Mend it."]);
  expect(() => assert(false, "x")).toThrow("bug: x");
  expect(messageOf("text")).toBe("text");
  expect([codeOf({ code: "ENOENT" }), codeOf(null), codeOf({ code: 1 })]).toEqual([
    "ENOENT",
    "",
    "",
  ]);
  expect([isObject({}), isObject([]), isObject(null)]).toEqual([true, false, false]);
});

test("sameJson says what canonical JSON says", () => {
  const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(sameJson(a, b)).toBe(canonical(a) === canonical(b));
      expect(sameJson(a, JSON.parse(JSON.stringify(a)) as Json)).toBe(true);
    }),
  );
  const absent = { a: undefined, b: [1, { c: null }] } as unknown as Json;
  expect(sameJson(absent, { b: [1, { c: null }] })).toBe(true);
  expect(sameJson([1], { 0: 1 } as unknown as Json)).toBe(false);
});
