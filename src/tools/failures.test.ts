import { expect, test } from "bun:test";
import type { Ended } from "../sandbox/sandbox.ts";
import {
  endedFailure,
  failure,
  lastWords,
  TOOL_FAILURES,
  type ToolFailureCode,
} from "./failures.ts";

test.each<[Ended, ToolFailureCode, string]>([
  [
    { kind: "exited", code: 3 },
    "tool.crashed",
    "x ended with exit code 3: noise / Error: why / at x",
  ],
  [
    { kind: "signalled", signal: "SIGSEGV" },
    "tool.crashed",
    "x ended by SIGSEGV: noise / Error: why",
  ],
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

test.each<[readonly string[], string]>([
  [[""], ""],
  [["one\n"], "one"],
  [["a\nb\n\n"], "a / b"],
  [["", "Not logged in\n"], "Not logged in"],
  [["warning\n", "answer\n"], "warning / answer"],
  [["x: not found\n1\n2\n3\n4\n5\n6\n7\n"], "x: not found / 2 / 3 / 4 / 5 / 6 / 7"],
  [["again\nagain\nagain\n"], "again"],
  [["\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07\x1b[2J"], "red"],
  [[`${"y".repeat(1_000)}\n`], `${"y".repeat(299)}…`],
])("of %j the last words are %j", (streams, words) => {
  expect(lastWords(...streams)).toBe(words);
});

test("what ran out of time says what it had said", () => {
  const why = endedFailure("x", { kind: "stopped", by: "time" }, "waiting for network\n");
  expect(why.message).toBe(
    "x did not finish in time and was stopped. It had said: waiting for network",
  );
});
