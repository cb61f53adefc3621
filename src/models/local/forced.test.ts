import { expect, test } from "bun:test";
import type { Json } from "../../std/json.ts";
import { forced, leaned } from "./forced.ts";

/** What the engine is told of a schema, and what is left of arguments made after it. */
function check(name: string, schema: Json, told: Json, args?: readonly [Json, Json]): void {
  test(name, () => {
    expect(forced(schema)).toEqual(told as never);
    if (args !== undefined) expect(leaned(args[0], schema)).toEqual(args[1] as never);
  });
}

const NULL = { type: "null" };
const text = { type: "string" };
const object = (properties: Record<string, Json>, required: readonly string[] = []): Json => ({
  ...{ type: "object", properties, required },
});

check("what it knows stays", { type: "integer", minimum: 3 }, { type: "integer" });
check(
  "one of a list",
  { enum: ["a", 1], description: "It is." },
  { enum: ["a", 1], description: "It is." },
);
check("one value", { const: 7 }, { const: 7 });
check("several types", { type: ["string", "null"] }, { oneOf: [text, NULL] });
check("any of several", { anyOf: [text, NULL] }, { oneOf: [text, NULL] });
check(
  "lists in lists",
  { type: "array", items: { type: "array", items: text } },
  {
    ...{ type: "array", items: { type: "array", items: text } },
  },
);
check("what it does not know is anything", { $ref: "#/x" }, forced({}));
check(
  "a free object",
  { type: "object" },
  {
    ...{ type: "object", properties: {}, additionalProperties: true },
  },
);
check(
  "what may be left out may be null, and is left out then",
  object({ a: text, b: text, c: { anyOf: [text, NULL] } }, ["a", "c"]),
  {
    type: "object",
    properties: { a: text, b: { oneOf: [text, NULL] }, c: { oneOf: [text, NULL] } },
  },
  [
    { a: "x", b: null, c: null },
    { a: "x", c: null },
  ],
);
check(
  "inside lists and objects too",
  object({ list: { type: "array", items: object({ a: text }) } }, ["list"]),
  {
    type: "object",
    properties: {
      list: {
        type: "array",
        items: { type: "object", properties: { a: { oneOf: [text, NULL] } } },
      },
    },
  },
  [{ list: [{ a: null }, { a: "x" }] }, { list: [{}, { a: "x" }] }],
);
