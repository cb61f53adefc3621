import { expect } from "bun:test";
import { textOf } from "../../src/cli/render/line.ts";
import { traceTree } from "../../src/cli/render/trace/tree.ts";
import type { RunOutcome } from "../../src/contracts/run.ts";
import type { FunctionTool } from "../../src/kernel/testing/function-tools.ts";
import type { LabSetup } from "../../src/kernel/testing/lab.ts";
import { traceOf } from "../../src/kernel/views/trace.ts";
import { type Followed, followPlan, type Written } from "../../src/missions/testing/mission-lab.ts";

/** Missions in a lab, each read from what `trace show` prints of it. */

const flaky = (failures: number): FunctionTool["run"] => {
  let left = failures;
  return () => {
    if (left-- > 0) throw new Error("not yet");
    return "there";
  };
};

export function setup(more: Partial<LabSetup> = {}): LabSetup {
  return {
    tools: [
      { name: "say", run: ({ text }) => text ?? "said" },
      { name: "fail", run: () => Promise.reject(new Error("as it was told")) },
      { name: "flaky", run: flaky(2) },
      { name: "data", run: () => ({ count: 3, names: ["a", "b"] }) },
    ],
    agents: [
      { manifest: { name: "oracle" } },
      { manifest: { name: "writer", skills: ["say"], agents: [] } },
      { manifest: { name: "other", skills: [], agents: [] } },
    ],
    script: {
      turns: [
        { agent: "writer", when: { last: "use it" }, calls: [{ name: "say", args: {} }] },
        { agent: "writer", say: "Done, I promise.", once: false },
        { agent: "other", say: "Another did it.", once: false },
        { say: "The oracle did it.", once: false },
      ],
    },
    ...more,
  };
}

export interface Expected {
  readonly outcome: RunOutcome;
  /** Code of the run's failure. */
  readonly code?: string;
  readonly text?: string;
  /** Status of each task, and what was tried. */
  readonly tasks: Readonly<Record<string, string>>;
  /** Lines of `trace show` hold these. */
  readonly shows?: readonly string[];
}

/** The trace as a person reads it. */
export function shown({ made, run }: Followed): string {
  return traceTree(traceOf(made.journal, run), 200, "/ws").map(textOf).join("\n");
}

export async function check(
  written: Written,
  { outcome, code, text, tasks, shows = [] }: Expected,
  more: Partial<LabSetup> = {},
  given: Parameters<typeof followPlan>[2] = {},
): Promise<void> {
  const seen = await followPlan(setup(more), written, given);
  expect([seen.end?.outcome, seen.end?.failure?.code]).toEqual([outcome, code]);
  if (text !== undefined) expect(seen.end?.text).toBe(text);
  const came = Object.entries(seen.tasks).map(([id, { status, recovery }]) => [
    id,
    [status, ...recovery].join(" "),
  ]);
  expect(Object.fromEntries(came)).toEqual({ ...tasks });
  const tree = shown(seen);
  for (const line of shows) expect(tree).toContain(line);
}
