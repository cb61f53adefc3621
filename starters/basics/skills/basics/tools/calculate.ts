import { fail, tool, z } from "nanos/tool";
import { evaluate, operate } from "../lib/arithmetic.ts";

const value = z.number().describe("A number.");

export default tool({
  name: "calculate",
  description:
    'Does arithmetic. Give either `expression`, e.g. "(2 + 3) * 4", or `operation` with the ' +
    "numbers `a` and `b`. Returns the result; dividing by zero fails.",
  input: z.object({
    expression: z.string().min(1).optional().describe("Numbers, + - * / % ^ and parentheses."),
    operation: z.enum(["add", "subtract", "multiply", "divide"]).optional(),
    a: value.optional(),
    b: value.optional(),
  }),
  returns: { secrecy: "public" },
  args: { expression: "content", operation: "content", a: "content", b: "content" },
  repeatable: true,
  run({ expression, operation, a, b }) {
    if (expression !== undefined) {
      if (operation !== undefined) fail("Give an expression or an operation, not both.");
      return { expression, result: evaluate(expression) };
    }
    if (operation === undefined || a === undefined || b === undefined) {
      return fail("Give an expression, or an operation with a and b.");
    }
    return { operation, operands: [a, b], result: operate(operation, a, b) };
  },
});
