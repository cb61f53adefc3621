import type { StepWhy, TraceStep } from "../../contracts/trace.ts";
import { REASONS } from "../../contracts/reason.ts";
import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { exactLines } from "../render/args.ts";
import { MARK } from "../render/call-tree.ts";
import { fields } from "../render/table.ts";
import { type Line, span } from "../render/line.ts";
import { wrap } from "../render/width.ts";
import { duration, mebibytes } from "../render/words.ts";

export const command: Command = {
  name: "why",
  summary: "which layer and rule decided a step",
  example: "nanos why r1k3f9x2ab7qz0m.2",
  args: [{ name: "STEP", about: "a step, RUN.N", required: true, offers: "steps" }],
  run: async (context, input) => {
    const step = (await context.nanos()).traces.why(arg(input, "STEP"));
    const width = Math.min(context.terminal.columns, 100);
    await show(context, step, () => whyLines(step, width));
    return EXIT.succeeded;
  },
};

/** A step's proposal, its decision, and what every layer said about it. */
export function whyLines(step: StepWhy, width: number): readonly Line[] {
  const { decision } = step;
  const args = exactLines(step.args);
  return [
    [
      span(`${MARK[step.status].sign} `, MARK[step.status].style),
      span(step.name, "bold"),
      `  ${step.kind} by ${step.agent}`,
    ],
    ...fields([
      ["step", step.step],
      [
        "verdict",
        decision === null ? "not judged yet" : `${decision.verdict}, rank ${decision.rank}`,
      ],
      ["because", decision === null ? "" : REASONS[decision.reason]],
      ["reason", decision?.reason ?? ""],
      ["layer", decision?.layer ?? ""],
      ["rule", [decision?.rule, step.line].filter(Boolean).join(", ")],
      ["missing", decision?.missing ?? ""],
      ["isolation", step.isolation ?? ""],
      ...heldFields(step.held),
    ]),
    "",
    ...step.explanation.flatMap((text) => wrap(text, width)),
    ...(args.join("") === "{}" ? [] : ["", [span("exact arguments", "dim")] as Line]),
    ...(args.join("") === "{}" ? [] : args.slice(0, MOST_LINES).map((line) => `  ${line}`)),
    ...(args.length > MOST_LINES ? [`  … ${args.length - MOST_LINES} more lines in --json`] : []),
  ];
}

/** What the process was held to: `none, 60 s, 512 MiB, 64 processes, …`. */
function heldFields(held: TraceStep["held"]): [string, string][] {
  if (held === undefined) return [];
  const { ms, memoryBytes, processes, cpuSeconds, outputBytes, stageBytes } = held.limits;
  const limits = [
    duration(ms),
    ...(memoryBytes === null ? [] : [`${mebibytes(memoryBytes)} memory`]),
    ...(processes === null ? [] : [`${processes} processes`]),
    ...(cpuSeconds === null ? [] : [`${cpuSeconds} s CPU`]),
    `${mebibytes(outputBytes)} output`,
    `${mebibytes(stageBytes)} written`,
  ];
  return [
    ["network", held.net],
    ["limits", limits.join(", ")],
  ];
}

const MOST_LINES = 60;
