import type { Trace, TraceStep } from "../../../contracts/trace.ts";
import type { Refused } from "../../../contracts/outcome.ts";
import type { AskedOnce } from "../../../contracts/question.ts";
import { REASONS } from "../../../contracts/reason.ts";
import type { Usage } from "../../../contracts/usage.ts";
import { isObject } from "../../../std/json.ts";
import { firstLine } from "../../../std/text.ts";
import { target, title } from "../args.ts";
import { MARK, offeredWords } from "../call-tree.ts";
import { type Line, type Span, span } from "../line.ts";
import { askedIn, summary } from "../summary.ts";
import { fit, fitLine, pad, wrap } from "../width.ts";
import { clockTime, cost, count, duration, shortCount, shortDuration } from "../words.ts";

/** A trace as a call tree with time, tokens and cost, verdict and isolation of every step. */
export function traceTree(trace: Trace, width: number, workspace: string): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const lines: Line[] = [
    fitLine(headline(trace), across),
    ...wrap(firstLine(trace.request, 400), across - 2).map((text): Line => [`  ${text}`]),
    ...(trace.fork ? [forkLine(trace.run, trace.fork.step)] : []),
    ...(trace.tools
      ? []
      : [[span(`  ${trace.model} cannot call tools, so none were offered`, "yellow")] as Line]),
    ...(trace.dialect === undefined
      ? []
      : [
          [
            span(`  ${trace.model} is told of its tools in words, and prints its calls`, "dim"),
          ] as Line,
        ]),
    ...(trace.offered === undefined
      ? []
      : [[span(`  ${offeredWords(trace.model, trace.offered)}`, "dim")] as Line]),
    "",
    ...(trace.steps.length === 0 ? [] : [heading(across)]),
    ...stepLines(trace.steps, "", across),
    "",
  ];
  if (trace.end !== null) lines.push(summary(trace.end, workspace, undefined, askedIn(trace)));
  else lines.push([span(STANDS[trace.state](trace.run), "yellow")]);
  lines.push([
    span(`${count(trace.events, "event")}, newest ${trace.head.slice(0, 16)} · `, "dim"),
    span("nanos why RUN.N explains a step", "dim"),
  ]);
  return lines;
}

function headline(trace: Trace): Line {
  return [
    span(trace.run, "bold"),
    span(`  ${clockTime(trace.at)}  `, "dim"),
    `${trace.agent} on ${trace.model || "no model"}  `,
    trace.end === null ? span(trace.state, "yellow") : trace.end.outcome,
    span(trace.rehearsal ? "  a rehearsal: nothing was done" : "", "yellow"),
  ];
}

function forkLine(run: string, step: string): Line {
  const from = step.slice(0, step.indexOf("."));
  const how = `goes on from ${from} instead of its step ${step.slice(from.length + 1)}`;
  return [span(`  ${how}: nanos trace diff ${from} ${run}`, "dim")];
}

const STANDS: Readonly<Record<Trace["state"], (run: string) => string>> = {
  running: (run) => `still running; nanos cancel ${run} stops it`,
  waiting: (run) => `waits for an answer: nanos approvals list, then nanos resume ${run}`,
  interrupted: (run) => `was cut off: nanos resume ${run} goes on from here`,
  ended: () => "ended",
};

function stepLines(steps: readonly TraceStep[], indent: string, width: number): readonly Line[] {
  const here = steps.filter((step) => !steps.some((other) => isInside(step, other)));
  return here.flatMap((step, i) => {
    const last = i === here.length - 1;
    const under = `${indent}${last ? "   " : "│  "}`;
    const inside = steps.filter((other) => isInside(other, step));
    return [
      stepLine(step, `${indent}${last ? "└─ " : "├─ "}`, width),
      ...noteLines(step, `${under}  `, width),
      ...stepLines([...inside, ...(step.child?.steps ?? [])], under, width),
    ];
  });
}

/** What a running tool asked for is the step `RUN.N.M`, inside the tool's `RUN.N`; a task's own are in it. */
function isInside(step: TraceStep, other: TraceStep): boolean {
  return step.step.startsWith(`${other.step}.`) || step.within === other.step;
}

// Cells of the columns at the right, two of them space.
const RIGHT = { time: 8, tokens: 8, cost: 9, verdict: 9, isolation: 11 } as const;
const RIGHT_CELLS = Object.values(RIGHT).reduce((sum, cells) => sum + cells, 0);

function heading(width: number): Line {
  const titles = Object.entries(RIGHT).map(([title, cells]) => cell(title, cells));
  return [span(" ".repeat(Math.max(0, width - RIGHT_CELLS))), ...titles];
}

function stepLine(step: TraceStep, branch: string, width: number): Line {
  const mark = MARK[step.status];
  const number = step.step.slice(step.step.indexOf(".") + 1);
  const left = Math.max(8, width - RIGHT_CELLS - branch.length - number.length - 3);
  const name = fit(`${title(step)} ${aboutOf(step)}`.trim(), left);
  const line = [
    span(branch, "dim"),
    span(mark.sign, mark.style),
    span(` ${number}`, "dim"),
    ` ${pad(name, left)}`,
    cell(step.ms === null ? "" : shortDuration(step.ms), RIGHT.time),
    cell(step.usage === null ? "" : tokensOf(step.usage), RIGHT.tokens),
    cell(step.usage === null ? "" : costOf(step.usage), RIGHT.cost),
    verdictCell(step),
    span(`  ${step.isolation ?? ""}`.trimEnd(), "dim"),
  ];
  // Only a screen too narrow for the columns cuts them.
  return fitLine(line, width);
}

function aboutOf(step: TraceStep): string {
  // The run it delegated to, as its steps are named after that.
  if (step.child !== null) return step.child.run;
  const files = step.outcome?.status === "done" ? step.outcome.files : [];
  return target({ ...step, destinations: [] }, files);
}

function cell(text: string, cells: number): Span {
  return span(`  ${pad(fit(text, cells - 2), cells - 2)}`, "dim");
}

function tokensOf({ input, output }: Usage): string {
  return shortCount(input + output);
}

function costOf(usage: Usage): string {
  // Nothing known is not nothing spent.
  return usage.cost === undefined ? "?" : usage.cost === 0 ? "" : cost(usage.cost);
}

function verdictCell(step: TraceStep): Span {
  const { decision } = step;
  if (decision === null) return span(" ".repeat(RIGHT.verdict));
  const text = pad(`  ${decision.verdict} ${decision.rank}`, RIGHT.verdict);
  if (decision.verdict === "deny") return span(text, "red");
  return span(text, decision.verdict === "ask" ? "yellow" : undefined);
}

/** Why a host was refused to a program while it ran. */
const WHY: Readonly<Record<Refused["why"], string>> = {
  undeclared: "the tool's scopes do not name it",
  private_address: "its name leads to a private address, and no grant names it",
  other_name: "the connection was opened for another host",
  unreadable: "what was asked for could not be read",
  limit: "more connections than one process may open",
};

/** What a step that did not simply go well has to say, under it. */
function noteLines(step: TraceStep, indent: string, width: number): readonly Line[] {
  const notes: string[] = [];
  const { decision, outcome } = step;
  if (decision !== null && decision.verdict !== "allow") {
    const missing = decision.missing === undefined ? "" : ` (missing ${decision.missing})`;
    notes.push(`${decision.verdict}: ${REASONS[decision.reason]}${missing}`);
  }
  notes.push(...(step.asked ?? []).map(askedNote));
  if (outcome !== null && "failure" in outcome && outcome.status !== "denied") {
    notes.push(outcome.failure.message);
  }
  notes.push(...taskNotes(step));
  const shown = evidenceNote(step);
  if (shown !== null) notes.push(shown);
  if (decision?.layers.some(({ reason }) => reason === "allow:deep")) {
    notes.push("delegated deeper than the arrangement wants unremarked");
  }
  if (outcome?.status === "done" && outcome.unkept) {
    notes.push(`too large to keep what was before, so not undone: ${outcome.unkept.join(", ")}`);
  }
  if (step.isolation === "none") notes.push("ran held by no sandbox: it is marked unconfined");
  if (outcome !== null && outcome.status !== "denied") {
    notes.push(...(outcome.refused ?? []).map(({ scope, why }) => `refused ${scope}: ${WHY[why]}`));
  }
  const left = step.kind === "model" && isObject(step.args) ? step.args["left"] : undefined;
  if (typeof left === "number") notes.push(`${count(left, "earlier message")} left out to fit`);
  if (step.fallback !== undefined) notes.push(`${step.fallback} was asked in its place`);
  return notes.map((note): Line => [
    span(indent, "dim"),
    span(fit(note, width - indent.length), "yellow"),
  ]);
}

/** What became of a task: what was done about failures, its checks, and how it ended. */
function taskNotes({ task }: TraceStep): readonly string[] {
  if (!task) return [];
  const notes = task.recovered.map(({ how, attempt, why, wait, to }) => {
    const what = wait === undefined ? "" : ` after ${shortDuration(wait)}`;
    const place = to === undefined ? "" : `: ${to}`;
    return `${how}${what}${place}, as attempt ${attempt} failed: ${why.message} (${why.code})`;
  });
  if (task.ended === null) return notes;
  const { status, checks, failure } = task.ended;
  notes.push(
    ...checks.map(({ id, status: stands, observe, why }) => {
      const only = observe ? ", only observed" : "";
      return `check ${id}: ${stands}${only}${why === undefined ? "" : `: ${why}`}`;
    }),
  );
  const why = failure === undefined ? "" : `: ${failure.message} (${failure.code})`;
  return [...notes, `task ${status}${why}`];
}

/** What stands behind the word of an agent that was handed work. */
function evidenceNote({ outcome }: TraceStep): string | null {
  const evidence = outcome?.status === "done" ? outcome.child?.evidence : undefined;
  if (!evidence) return null;
  const { steps, files } = evidence;
  if (steps.length + files.length === 0) return "answered; no evidence that anything was done";
  const all = [count(steps.length, "step"), count(files.length, "file")];
  return `evidence: ${all.filter((text) => !text.startsWith("0 ")).join(", ")}`;
}

/** One ask and its answer: `asked: allowed by operator@terminal after 4.2 s`. */
function askedNote({ came, ms, by }: AskedOnce): string {
  if (came === null) return "asked: not answered yet";
  if (came === "expired")
    return "asked: the answer came too late or was void, and it was asked anew";
  const said = came === "allow" ? "allowed" : "denied";
  return ms === null
    ? `${said} beforehand by ${by}`
    : `asked: ${said} by ${by} after ${duration(ms)}`;
}
