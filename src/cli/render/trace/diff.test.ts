import { expect, test } from "bun:test";
import type { StepDiff, StepSide, TraceDiff } from "../../../contracts/trace.ts";
import { cellsOf } from "../width.ts";
import { paintAll } from "../line.ts";
import { diffLines } from "./diff.ts";

const side = (step: string, kind: string, name: string): StepSide => ({
  ...{ step, kind, name, decided: "allow E", reason: "allow:in_scope" },
  ...{ status: "done", cost: kind === "model" ? 0.01 : null },
});
const step = (place: string, is: StepDiff["is"], kind: string, name: string): StepDiff => ({
  ...{ place, is, differs: is === "changed" ? ["arguments", "cost"] : [] },
  a: is === "only b" ? null : side(`ra.${place}`, kind, name),
  b: is === "only a" ? null : side(`rb.${place}`, kind, `${name}${is === "changed" ? " two" : ""}`),
});

function check(diff: Pick<TraceDiff, "parts" | "steps">, width: number): string {
  const lines = diffLines({ a: "ra", b: "rb", outcome: ["succeeded", "waiting"], ...diff }, width);
  const text = paintAll(lines, false);
  for (const line of text.split("\n")) expect(cellsOf(line)).toBeLessThanOrEqual(width);
  return text;
}

test("two runs that part are shown beside each other, at 80 columns", () => {
  const steps = [
    step("1", "shared", "model", "one"),
    step("2", "changed", "model", "one"),
    step("2.1", "only a", "fetch", "example.org"),
    step("3", "only b", "tool", `very long ${"name ".repeat(40)}`),
  ];
  const shown = check({ parts: "2", steps }, 80).split("\n");
  expect(shown.map((line) => line.trimEnd())).toEqual([
    "a ra  succeeded",
    "b rb  waiting",
    "parts at 2 and not before: 1 step the same",
    "",
    "step     verdict  went     what",
    "1        allow E  ✓ $0.01  model one                   shared",
    "2     a  allow E  ✓ $0.01  model one                   arguments, cost",
    "2     b  allow E  ✓ $0.01  model one two",
    "2.1   a  allow E  ✓        fetch example.org           not in b",
    "3     b  allow E  ✓        tool very long name name…   not in a",
    "",
  ]);
});

test("two that are the same say so", () => {
  expect(check({ parts: null, steps: [] }, 80)).toContain("the same in 0 steps");
});
