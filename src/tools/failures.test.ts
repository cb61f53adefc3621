import { expect, test } from "bun:test";
import type { Ended } from "../sandbox/sandbox.ts";
import {
  endedFailure,
  failure,
  lastLine,
  TOOL_FAILURES,
  type ToolFailureCode,
} from "./failures.ts";

test.each<[Ended, ToolFailureCode, string]>([
  [{ kind: "exited", code: 3 }, "tool.crashed", "x ended with exit code 3: Error: why"],
  [{ kind: "signalled", signal: "SIGSEGV" }, "tool.crashed", "x ended by SIGSEGV: Error: why"],
  [{ kind: "stopped", by: "time" }, "tool.timeout", "in time"],
  [{ kind: "stopped", by: "memory" }, "tool.memory", "memory"],
  [{ kind: "stopped", by: "processes" }, "tool.processes", "processes"],
  [{ kind: "stopped", by: "output" }, "tool.flooded", "output"],
  [{ kind: "stopped", by: "stage" }, "tool.stage_full", "wrote more"],
  [{ kind: "stopped", by: "cancelled" }, "tool.cancelled", "cancelled"],
])("a process that %j is %s", (ended, code, says) => {
  const why = endedFailure("x", ended, "noise\nError: why\n    at x\n");
  expect(why).toMatchObject({ code, next: TOOL_FAILURES[code] });
  expect(why.message).toContain(says);
});

test("a failure says what to do, its own word before the usual one", () => {
  expect(failure("tool.unknown", "m", "n")).toEqual({
    code: "tool.unknown",
    message: "m",
    next: "n",
  });
  for (const [code, next] of Object.entries(TOOL_FAILURES)) {
    expect(code).toMatch(/^(?:tool|mcp|acp)\.[a-z_]+$/u);
    expect(next).toMatch(/\.$/u);
  }
});

test.each([
  ["", ""],
  ["one\n", "one"],
  ["a\nb\n\n", "b"],
  ["x: not found\nBun v1\n", "x: not found"],
])("%j says %j", (text, line) => {
  expect(lastLine(text)).toBe(line);
});
