import { expect, test } from "bun:test";
import { z } from "zod";
import { mcpTool, result } from "./tool.ts";

test("a tool of ours that answers otherwise than its schema says is a bug", async () => {
  const about = { name: "wrong", description: "Wrong.", input: z.strictObject({}) };
  const output = z.looseObject({ run: z.string() });
  const wrong = mcpTool({ ...about, output, run: () => result({ run: 1 }) });
  const call = { signal: new AbortController().signal, progress: () => {}, log: () => {} };
  expect(wrong.run({}, call)).rejects.toThrow(
    "wrong answered otherwise than its schema says: run.",
  );
});
