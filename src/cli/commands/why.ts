import type { StepWhy, TraceStep } from "../../contracts/trace.ts";
import { REASONS } from "../../contracts/reason.ts";
import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
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
  summary: "which layer and rule decided a step; what a code means and what to do",
  example: "nanos why r1k3f9x2ab7qz0m.2",
  args: [
    {
      name: "STEP",
      about: "a step, RUN.N; or a code of a failure, or a reason of the gate's",
      required: true,
      offers: "steps",
    },
  ],
  run: async (context, input) => {
    const given = arg(input, "STEP");
    if (/^(?:[a-z_]+\.[a-z_]+|(?:allow|ask|deny):\w+)$/u.test(given)) {
      const told = toldOf(given, (await context.house()).troubleshooting());
      await show(context, told, () => [
        [span(told.code, "bold")],
        "",
        ...[told.says, told.next].flatMap((text) => wrap(text, context.terminal.columns)),
      ]);
      return EXIT.succeeded;
    }
    const step = (await context.nanos()).traces.why(given);
    const width = Math.min(context.terminal.columns, 100);
    await show(context, step, () => whyLines(step, width));
    return EXIT.succeeded;
  },
};

/** What a code or a reason means, and what to do. @throws NanosError `usage.code`. */
function toldOf(given: string, page: string): { code: string; says: string; next: string } {
  const reason = Object.entries(REASONS).find(([name]) => name === given);
  const next = "Where it was: nanos trace show RUN, then nanos why STEP.";
  if (reason !== undefined) return { code: given, says: reason[1], next };
  const rows = Array.from(page.matchAll(/^\| `([^`]+)` \| (.*?) \| (.*?) \| [^|]* \|$/gmu));
  const [, code, says, then] = rows.find(([, name]) => name === given) ?? [];
  if (code !== undefined && says !== undefined && then !== undefined) {
    const plain = (text: string): string => text.replaceAll("\\|", "|");
    return { code, says: plain(says), next: plain(then) };
  }
  const near = nearest(
    given,
    rows.map(([, name = ""]) => name),
  );
  throw new NanosError(
    "usage.code",
    `There is no code ${given}.`,
    near === undefined ? "A code stands in brackets after what failed." : `Did you mean ${near}?`,
  );
}

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
