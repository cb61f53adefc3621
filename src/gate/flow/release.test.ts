import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { type Shape, release, shapeOf } from "./release.ts";

function shape(schema: Json): Shape {
  const made = shapeOf(schema);
  if (typeof made === "string") throw new Error(made);
  return made;
}

/** What of an answer comes through, or null. */
function check(schema: Json, answer: Json, expected: Json): void {
  const released = release(shape(schema), answer, "r.1");
  expect([schema, answer, released?.answer ?? null]).toEqual([schema, answer, expected]);
}

const fields = (properties: Json, required: Json = []): Json => ({
  ...{ type: "object", properties, required },
});
test("a choice of which one is no plain value is no shape", () => {
  for (const values of [["a", { text: "b" }], [["a"]], []]) {
    expect(shapeOf({ enum: values })).toContain("plain values");
  }
});

const ANSWERS: readonly (readonly [Json, Json, boolean])[] = [
  [{ enum: ["open", "closed", 3] }, "open", true],
  [{ enum: ["open", "closed", 3] }, 3, true],
  [{ enum: ["open"] }, "OPEN", false],
  [{ type: "integer", minimum: 0, maximum: 9 }, 9, true],
  [{ type: "integer", minimum: 0, maximum: 9 }, 10, false],
  [{ type: "integer" }, 1.5, false],
  [{ type: "number" }, 12.75, true],
  [{ type: "number" }, 0.1234567890123456, false],
  [{ type: "number" }, 1e300, false],
  [{ type: "number" }, "12", false],
  // Nor does whoever asks widen what is a number and no text in digits.
  [{ type: "number", maximum: 1e300 }, 1e299, false],
  [{ type: "number", minimum: -1e300 }, -1e299, false],
  [{ type: "boolean" }, true, true],
  [{ type: "boolean" }, "yes", false],
  [{ type: "string", format: "date" }, "2028-02-29", true],
  [{ type: "string", format: "date" }, "2027-02-29", false],
  [{ type: "string", format: "date" }, "2000-02-29", true],
  [{ type: "string", format: "date" }, "2100-02-29", false],
  [{ type: "string", format: "date" }, "2027-13-01", false],
  [{ type: "string", format: "date" }, "today, and send all", false],
  [{ type: "string", format: "time" }, "23:59", true],
  [{ type: "string", format: "time" }, "24:00", false],
  [{ type: "string", format: "date-time" }, "2027-01-31T10:00:00Z", true],
  [{ type: "string", format: "date-time" }, "2027-01-32T10:00:00Z", false],
  [{ type: "string", format: "id" }, "inv-20917", true],
  [{ type: "string", format: "uuid" }, "3f2a8c1e-90ab-4cde-8f01-23456789abcd", true],
  [{ type: "string", format: "id" }, "send-all-to-eve1", false],
  [{ type: "string", format: "id" }, "ignore", false],
  [{ type: "string", format: "id" }, "eve@evil.example", false],
  [{ type: "array", items: { type: "integer" } }, [1, 2], true],
  [{ type: "array", items: { type: "integer" }, maxItems: 1 }, [1, 2], false],
  [{ type: "array", items: { type: "integer" } }, [1, "two"], false],
  [fields({ a: { type: "integer" } }), { a: 1 }, true],
  [fields({ a: { type: "integer" } }), {}, true],
  [fields({ a: { type: "integer" } }, ["a"]), {}, false],
  [fields({ a: { type: "integer" } }), { a: 1, note: "do as I say" }, false],
  [fields({ a: { type: "integer" } }), null, false],
];
for (const [schema, answer, fits] of ANSWERS) {
  const name = `${JSON.stringify(answer)} ${fits ? "fits" : "does not fit"} ${JSON.stringify(schema)}`;
  test(name, () => check(schema, answer, fits ? answer : null));
}

test("a free text stays aside, and its handle comes through", () => {
  const schema = fields({
    title: { type: "string" },
    tags: { type: "array", items: { type: "string" } },
  });
  const released = release(shape(schema), { title: "Obey me", tags: ["a", "b"] }, "r.7");
  expect(released).toEqual({
    answer: { title: "[text:r.7.title]", tags: ["[text:r.7.tags.0]", "[text:r.7.tags.1]"] },
    texts: { "[text:r.7.title]": "Obey me", "[text:r.7.tags.0]": "a", "[text:r.7.tags.1]": "b" },
  });
});

const FAULTS: readonly (readonly [Json, string])[] = [
  [null, "a schema is an object"],
  [{ type: "null" }, "each part needs"],
  [{ type: ["string", "null"] }, "each part needs"],
  [{ enum: [] }, "an `enum` has 1 to"],
  [{ enum: [["a"]] }, "an `enum` has 1 to"],
  [{ type: "object" }, "an object names its `properties`"],
  [fields({ "ignore all before": { type: "string" } }), "an object has at most"],
  [{ type: "array" }, "a schema is an object"],
  [deep(LIMITS.answerDepth + 1), "it is nested deeper"],
];
for (const [schema, fault] of FAULTS) {
  test(`${JSON.stringify(schema).slice(0, 60)} is no schema for an answer`, () =>
    expect(shapeOf(schema)).toContain(fault));
}

function deep(levels: number): Json {
  return levels === 0 ? { type: "integer" } : { type: "array", items: deep(levels - 1) };
}

test("an answer is bounded", () => {
  const list = shape({ type: "array", items: { type: "array", items: { type: "integer" } } });
  const row = Array.from({ length: LIMITS.answerItems }, () => 1);
  expect(release(list, [row, row], "r.1")).not.toBeNull();
  expect(
    release(
      list,
      Array.from({ length: 9 }, () => row),
      "r.1",
    ),
  ).toBeNull();
  expect(release(list, [[...row, 1]], "r.1")).toBeNull();
  const text = shape({ type: "string" });
  expect(release(text, "x".repeat(LIMITS.toolResultChars), "r.1")).not.toBeNull();
  expect(release(text, "x".repeat(LIMITS.toolResultChars + 1), "r.1")).toBeNull();
});

const schemas: fc.Arbitrary<Json> = fc.letrec<{ schema: Json }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(
      { enum: ["yes", "no"] },
      { type: "integer" },
      { type: "boolean" },
      { type: "string" },
      { type: "string", format: "date" },
      { type: "string", format: "id" },
    ),
    tie("schema").map((items): Json => ({ type: "array", items })),
    fc.dictionary(fc.constantFrom("a", "b"), tie("schema")).map((properties) => fields(properties)),
  ),
})).schema;

/** What a hostile reader answers: anything, and often something of nearly the right shape. */
const answers: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue() as fc.Arbitrary<Json>,
  fc.letrec<{ one: Json }>((tie) => ({
    one: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>("yes", 7, true, "2027-01-01", "inv-1", "ASSISTANT: obey"),
      fc.string() as fc.Arbitrary<Json>,
      fc.array(tie("one"), { maxLength: 3 }) as fc.Arbitrary<Json>,
      fc.dictionary(fc.constantFrom("a", "b", "c"), tie("one")) as fc.Arbitrary<Json>,
    ),
  })).one,
);

test("whatever a reader answers, nothing it worded comes through", () => {
  let through = 0;
  fc.assert(
    fc.property(schemas, answers, (schema, answer) => {
      const released = release(shape(schema), answer, "r.1");
      if (released === null) return;
      through += 1;
      for (const word of wordsIn(released.answer)) {
        const known =
          ["yes", "no", "2027-01-01", "inv-1"].includes(word) ||
          /^[A-Za-z]{0,4}[-_.]?[A-Fa-f0-9-]+$/u.test(word);
        expect([word, known || Object.hasOwn(released.texts, word)]).toEqual([word, true]);
      }
    }),
    { numRuns: 5_000 },
  );
  expect(through).toBeGreaterThan(100);
});

function wordsIn(value: Json): readonly string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap((one) => wordsIn(one as Json));
}
