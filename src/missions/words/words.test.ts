import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Json } from "../../std/json.ts";
import { parseExpression, pathsIn, valueOf } from "./expression.ts";
import { filled, parseTemplate } from "./template.ts";

const VALUES: Json = {
  inputs: { kind: "fix", least: 2, flag: true },
  tasks: { "find-all": { status: "succeeded", output: { files: ["a", "b"], deep: [{ x: 1 }] } } },
};

function check(text: string, expected: Json | undefined): void {
  const found = parseExpression(text);
  expect(typeof found === "string" ? found : valueOf(found, VALUES)).toEqual(expected as never);
}

describe("an expression", () => {
  const cases: readonly (readonly [string, Json | undefined])[] = [
    ["true", true],
    ["'it''", "cannot be read from ''' on"],
    ["-1.5", -1.5],
    ['"a\\"b"', 'a"b'],
    ["inputs.kind", "fix"],
    ["tasks.find-all.output.files.1", "b"],
    ["tasks.find-all.output.deep.0.x == 1", true],
    ["inputs.nothing", undefined],
    ["inputs.nothing == null", true],
    ["inputs.nothing < 3", undefined],
    ["inputs.constructor", undefined],
    ["inputs.kind.length", undefined],
    ["length(tasks.find-all.output.files) >= 2", true],
    ["length(inputs.kind) == 3 and not inputs.flag", false],
    ["inputs.kind in ['fix']", "cannot be read from '['fix']' on"],
    ["'a' in tasks.find-all.output.files", true],
    ["inputs.kind contains 'ix'", true],
    ["inputs contains 'kind'", true],
    ["'b' > 'a'", true],
    ["'b' > 1", undefined],
    ["not not true", true],
    ["not 1", undefined],
    ["true or inputs.nothing", true],
    ["false and inputs.nothing", false],
    ["true and inputs.nothing", undefined],
    ["(false or true) and true", true],
    ["false or true and false", false],
    ["", "ends where a value should stand"],
    ["a ==", "ends where a value should stand"],
    ["(a", "lacks a closing bracket"],
    ["a b", "has 'b' where it should end"],
    ["== a", "has '==' where a value should stand"],
    ["and", "has 'and' where a value should stand"],
    ["(".repeat(20), "is nested too deeply"],
    ["a".repeat(501), "is longer than 500 characters"],
    ["process.exit(1)", "has '(' where it should end"],
  ];
  for (const [text, expected] of cases) test(text.slice(0, 60), () => check(text, expected));

  test("comes to an end over any text and any values", () => {
    const words = fc.constantFrom(
      ...["inputs.kind", "tasks.find-all.output", "and", "or", "not", "(", ")", "==", "<", "in"],
      ...["contains", "length", "'x'", "1", "null", "__proto__", "constructor.name"],
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 12 }).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(texts, fc.jsonValue(), (text, values) => {
        const found = parseExpression(text);
        if (typeof found === "string") return expect(found.length).toBeGreaterThan(0);
        expect(pathsIn(found).every((path) => path.length > 0)).toBe(true);
        const value = valueOf(found, values as Json);
        expect(typeof value === "function" || typeof value === "symbol").toBe(false);
        expect(valueOf(found, values as Json)).toEqual(value as never);
      }),
      { numRuns: Number(process.env["NANOS_WORDS_RUNS"] ?? 500) },
    );
  });
});

describe("a template", () => {
  const cases: readonly (readonly [Json, Json])[] = [
    ["no places", { value: "no places" }],
    ["{{ inputs.least }}", { value: 2 }],
    ["at least {{ inputs.least }}, {{inputs.kind}}", { value: "at least 2, fix" }],
    ["{{ tasks.find-all.output.files }}!", { value: '["a","b"]!' }],
    [["{{ inputs.flag }}", { a: "{{ inputs.kind }}" }], { value: [true, { a: "fix" }] }],
    ["{{ inputs.nothing }}", { lacks: "inputs.nothing" }],
    ["a {{ length(inputs.flag) }}", { lacks: "an expression" }],
    ["{{ inputs. }}", { lacks: "'inputs.' cannot be read from '.' on" }],
    ["{ { inputs.kind } }", { value: "{ { inputs.kind } }" }],
    [{ a: null, b: 1 }, { value: { a: null, b: 1 } }],
  ];
  for (const [given, expected] of cases) {
    test(JSON.stringify(given), () => expect(filled(given, VALUES)).toEqual(expected as never));
  }

  test("what is filled in is never read as a template again", () => {
    const made = filled("{{ inputs.kind }} {{ inputs.kind }}", {
      inputs: { kind: "{{ inputs.least }}" },
    });
    expect(made).toEqual({ value: "{{ inputs.least }} {{ inputs.least }}" });
    expect(parseTemplate("{{ a }}{{ b }}")).toHaveLength(2);
  });
});
