import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Json } from "../../std/json.ts";
import { evaluate } from "../../../starters/toy/skills/basics/lib/arithmetic.ts";
import { type Lab, openLab } from "../testing/lab.ts";
import { filesOf, outputOf, STARTERS } from "../testing/starter.ts";

setDefaultTimeout(60_000);

describe("the basics", () => {
  let lab: Lab;
  beforeAll(() => {
    lab = openLab({ files: filesOf("toy"), skills: { basics: [] } });
  });
  afterAll(() => lab.close());

  test("load, reach nothing and may be repeated", async () => {
    const { tools, broken } = await lab.host.list();
    expect(broken).toEqual([]);
    const listed = tools.map(({ manifest }) => [
      manifest.name,
      manifest.scopes,
      manifest.repeatable,
    ]);
    expect(listed.toSorted()).toEqual([
      ["calculate", [], true],
      ["echo", [], true],
      ["eval", [], false],
    ]);
  });

  test.each<[Json, Json]>([
    [{ expression: "2 + 2" }, { expression: "2 + 2", result: 4 }],
    [
      { operation: "divide", a: 1, b: 4 },
      { operation: "divide", operands: [1, 4], result: 0.25 },
    ],
    [
      { operation: "subtract", a: 1, b: 4 },
      { operation: "subtract", operands: [1, 4], result: -3 },
    ],
    [
      { operation: "multiply", a: 3, b: 4 },
      { operation: "multiply", operands: [3, 4], result: 12 },
    ],
    [
      { operation: "add", a: 0.1, b: 0.2 },
      { operation: "add", operands: [0.1, 0.2], result: 0.3 },
    ],
  ])("calculate %j", async (args, output) => {
    expect(outputOf(await lab.call("calculate", args))).toEqual(output);
  });

  test.each<[Json, string, RegExp]>([
    [{ operation: "divide", a: 1, b: 0 }, "tool.failed", /zero/u],
    [{ expression: "1 / (2 - 2)" }, "tool.failed", /zero/u],
    [{}, "tool.failed", /expression, or an operation/u],
    [{ operation: "add", a: 1 }, "tool.failed", /a and b/u],
    [{ expression: "1", operation: "add" }, "tool.failed", /not both/u],
    [{ operation: "power", a: 1, b: 1 }, "tool.bad_arguments", /operation/u],
    [{ operation: "add", a: "1", b: 1 }, "tool.bad_arguments", /a:/u],
  ])("calculate %j is refused with %s", async (args, code, says) => {
    const result = await lab.call("calculate", args);
    expect(result).toMatchObject({
      ok: false,
      failure: { code, message: expect.stringMatching(says) as string },
    });
  });

  test("echo", async () => {
    expect(outputOf(await lab.call("echo", { text: "hello world" }))).toEqual({
      echoed: "hello world",
      timestamp: "2026-11-21T12:00:00.000Z",
    });
  });
});

describe("arithmetic", () => {
  test("comes to what its page says", () => {
    const page = readFileSync(join(STARTERS, "../docs/safe-calculator.md"), "utf8");
    const rows = Array.from(page.matchAll(/^\| `(.+?)` \| (.+) \|$/gmu));
    expect(rows).toHaveLength(6);
    for (const [, expression = "", says = ""] of rows) {
      const result = /^`(.+?)`/u.exec(says)?.[1];
      if (result !== undefined) expect(String(evaluate(expression))).toBe(result);
      else {
        const error = says.replace(/^an error: /u, "");
        expect(() => evaluate(expression)).toThrow(new RegExp(RegExp.escape(error), "iu"));
      }
    }
  });

  test.each<[string, number | RegExp]>([
    ["1", 1],
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["2 ^ -1", 0.5],
    ["--3", 3],
    ["+-+3", -3],
    ["7 % 4", 3],
    ["8 / 4 / 2", 1],
    ["1e3 + .5", 1000.5],
    ["0.1 + 0.2", 0.3],
    ["6 × 7", 42],
    ["8 ÷ 2 − 1", 3],
    [" ( ( 4 ) ) ", 4],
    ["", /too early/u],
    ["1 +", /too early/u],
    ["(1", /not closed/u],
    ["1)", /Nothing fits/u],
    ["1 2", /Nothing fits/u],
    ["* 2", /number is missing/u],
    ["2x", /no use for “x” at character 2/u],
    ["process.exit()", /no use/u],
    ["1 / 0", /zero/u],
    ["1 % 0", /zero/u],
    ["9 ^ 999", /too large/u],
    ["1e999", /too large/u],
    ["(".repeat(200) + "1", /deep/u],
    ["2^".repeat(200) + "1", /deep/u],
    ["1".repeat(1_001), /longer/u],
    ["()", /number is missing/u],
  ])("%s", (expression, expected) => {
    if (typeof expected === "number") expect(evaluate(expression)).toBe(expected);
    else expect(() => evaluate(expression)).toThrow(expected);
  });

  test("agrees with the language on sums and products", () => {
    const sign = fc.constantFrom("+", "-", "*");
    fc.assert(
      fc.property(
        fc.integer({ min: -999, max: 999 }),
        fc.array(fc.tuple(sign, fc.nat(999)), { maxLength: 4 }),
        (first, rest) => {
          // Worked out term by term, as the language itself may not be asked to run a text. Five factors
          // at most: more do not fit a number whole, and are rounded in another order.
          let sum = 0;
          let product = first;
          for (const [op, n] of rest) {
            if (op === "*") product *= n;
            else {
              sum += product;
              product = op === "+" ? n : -n;
            }
          }
          const text = `${first}${rest.map(([op, n]) => ` ${op} ${n}`).join("")}`;
          expect(evaluate(text)).toBe(Number((sum + product).toPrecision(15)));
        },
      ),
    );
  });

  test("any text gives a number or one sentence", () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from("0123456789.+-*/%^() e×")),
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (expression) => {
        try {
          expect(Number.isFinite(evaluate(expression))).toBe(true);
        } catch (error) {
          expect((error as Error).message).toMatch(/\.$/u);
        }
      }),
    );
  });
});
