import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { commandLine } from "./testing/command-line.ts";

const SCRIPT = { home: tmpdir(), plays: {} };

/** What is typed at the question, the code it comes to, and whether the arrangement is taken over. */
const CASES = [
  ["apply", "y", 4, false],
  ["apply", "small", 0, true],
  ["import", "", 4, false],
  ["import", "small", 0, true],
] as const;

describe("what an arrangement says yes to beforehand takes its name, typed", () => {
  for (const [verb, answer, code, applied] of CASES) {
    test(`${verb}, answered with ${JSON.stringify(answer)}`, async () => {
      const came = await commandLine([verb, "d"], { script: SCRIPT, tty: { answers: [answer] } });
      expect([came.code, came.log.includes("apply /a")]).toEqual([code, applied]);
    });
  }

  test("a marketplace is listed, and nothing of it is taken over", async () => {
    const came = await commandLine(["import", "market"], { script: SCRIPT });
    expect([came.code, came.log]).toEqual([0, []]);
    expect(came.out.split("\n").map((line) => line.trimEnd())).toEqual([
      "tone                     Kind words.",
      "far                      (elsewhere, not fetched)",
      "Bring one in: nanos import market --plugin NAME",
      "",
    ]);
  });

  test("--yes is no such answer", async () => {
    const came = await commandLine(["apply", "d", "--yes"], { script: SCRIPT });
    expect([came.code, came.log]).toEqual([2, []]);
    expect(came.err).toContain("apply.standing");
  });
});
