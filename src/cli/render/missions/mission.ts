import type { MissionLine, MissionView, TaskView } from "../../../contracts/mission.ts";
import { plainText } from "../../../std/text.ts";
import { type Line, span, type Style } from "../line.ts";
import { table } from "../table.ts";
import { fit, fitLine, pad, wrap } from "../width.ts";
import { clockTime, cost } from "../words.ts";

/** Missions as a table; one whose rank asks for it is marked until it is looked at. */
export function missionTable(lines: readonly MissionLine[], width: number): readonly Line[] {
  if (lines.length === 0) return ["No missions. nanos mission new PLAN begins one."];
  return table(
    [
      { title: "mission", text: ({ run }) => run, style: () => "bold" },
      { title: "when", text: ({ at }) => clockTime(at) },
      { title: "state", text: (line) => stateOf(line), style: (line) => STYLES[stateOf(line)] },
      { title: "rank", text: ({ rank, review }) => `${rank ?? "-"}${review ? " review" : ""}` },
      { title: "tasks", text: ({ tasks }) => `${tasks.ended}/${tasks.all}` },
      { title: "plan", text: ({ plan }) => plan },
    ],
    lines,
    width,
  );
}

function stateOf({ state, outcome }: MissionLine): string {
  return outcome ?? state;
}

const STYLES: Readonly<Record<string, Style>> = {
  succeeded: "green",
  degraded: "yellow",
  waiting: "yellow",
  interrupted: "yellow",
  failed: "red",
};

/** One mission with its tasks, and what to do next. */
export function missionLines(view: MissionView, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const state = stateOf(view);
  const { run, plan, rank, review, by, failure } = view;
  const widest = Math.max(...view.steps.map(({ id }) => id.length));
  return [
    fitLine(
      [
        span(run, "bold"),
        `  ${plan}  `,
        span(state, STYLES[state]),
        span(`  rank ${rank ?? "not begun"}${review ? ", look at what it did" : ""}`, "dim"),
        span(by === "operator" ? "" : `  proposed by ${by}`, "yellow"),
      ],
      across,
    ),
    ...Object.entries(view.inputs).map(([name, value]): Line => [
      span(fit(`  ${name} = ${plainText(JSON.stringify(value))}`, across), "dim"),
    ]),
    "",
    ...view.steps.flatMap((task) => taskLines(task, widest, across)),
    "",
    ...(failure === null ? [] : [[span(fit(failure.message, across), "yellow")] as Line]),
    ...view.notFollowed.flatMap(({ plan: one, why }) =>
      wrap(`${plainText(one)} did not follow: ${why.message} ${why.next ?? ""}`, across).map(
        (line): Line => [span(line, "yellow")],
      ),
    ),
    fitLine([span(nextFor(view), "dim")], across),
  ];
}

const MARKS = {
  succeeded: ["✓", "green"],
  degraded: ["~", "yellow"],
  failed: ["✗", "red"],
  skipped: ["-", "dim"],
} as const;

function taskLines(task: TaskView, widest: number, width: number): readonly Line[] {
  const { ended, id, does } = task;
  const [sign, style] = ended ? MARKS[ended.status] : task.state === "running" ? ["·"] : [" "];
  const money = ended?.usage.cost ? `  ${cost(ended.usage.cost)}` : "";
  const line = fitLine(
    [span(`${sign} `, style), pad(id, widest), span(`  ${does}${money}`, "dim")],
    width,
  );
  const notes = [
    ...(ended?.recovery ?? []),
    ...(ended?.checks ?? [])
      .filter(({ status }) => status !== "met")
      .map(({ id: check, status }) => `${check} ${status}`),
    ...(ended?.failure ? [ended.failure.message] : []),
  ];
  if (notes.length === 0) return [line];
  return [line, [span(fit(`    ${notes.join(" · ")}`, width), "yellow")]];
}

function nextFor({ run, state, asks }: MissionView): string {
  const [ask] = asks;
  if (ask)
    return `waits for ${ask.id}: nanos mission approve ${run}, then nanos mission run ${run}`;
  if (state === "interrupted") return `was cut off: nanos mission run ${run} goes on`;
  if (state === "waiting") return `nothing is asked any more: nanos mission run ${run} goes on`;
  if (state === "running") return `nanos mission watch ${run} follows it`;
  return `nanos trace show ${run} shows every step`;
}
