import type { Preflight, Schedule, ScheduleLine } from "../../../contracts/schedule.ts";
import { plainText } from "../../../std/text.ts";
import { type Line, span, type Style } from "../line.ts";
import { table } from "../table.ts";
import { fit, fitLine, wrap } from "../width.ts";
import { clockTime, cost, count, shortCount } from "../words.ts";

/** Schedules as a table, and under it what each that does not come by itself waits for. */
export function scheduleTable(lines: readonly ScheduleLine[], width: number): readonly Line[] {
  if (lines.length === 0) return ["No schedules. nanos schedule add NAME saves one."];
  const across = Number.isFinite(width) ? width : 100;
  const rows = table(
    [
      { title: "schedule", text: ({ name }) => name, style: () => "bold" },
      { title: "state", text: ({ state }) => state, style: ({ state }) => STYLES[state] },
      { title: "next", text: ({ next }) => (next === null ? "-" : clockTime(next)) },
      { title: "when", text: whenText },
      { title: "begins", text: whatText },
    ],
    lines,
    width,
  );
  return [...rows, ...scheduleNotes(lines, across)];
}

const STYLES: Readonly<Record<ScheduleLine["state"], Style>> = {
  armed: "green",
  running: "cyan",
  waiting: "yellow",
  held: "yellow",
  late: "yellow",
  over: "dim",
};

/** What the operator should know of schedules that wait or missed a time, a line each. */
export function scheduleNotes(lines: readonly ScheduleLine[], width: number): readonly Line[] {
  return lines.flatMap((line) =>
    notesOf(line).flatMap((note) =>
      wrap(plainText(`schedule ${line.name}: ${note}`), width).map((text): Line => [
        span(text, "yellow"),
      ]),
    ),
  );
}

function notesOf({ state, run, why, passed }: ScheduleLine): readonly string[] {
  const missed = passed > 0 ? [`${count(passed, "time")} passed and began nothing.`] : [];
  switch (state) {
    case "waiting":
      return [`its run ${run ?? ""} waits for an answer: nanos approvals list`, ...missed];
    case "held":
      return [[why?.message ?? "It may not begin.", why?.next ?? ""].join(" ").trim(), ...missed];
    case "late":
      return [`its time came and nothing was there to begin it: nanos watch`, ...missed];
    case "armed":
    case "running":
    case "over":
      return missed;
  }
}

function whenText({ when }: Schedule): string {
  return "at" in when ? "once" : `${when.cron} ${when.zone}`;
}

function whatText({ what }: Schedule): string {
  return "plan" in what ? `plan ${what.plan}` : `${what.agent}: ${plainText(what.text)}`;
}

/** What saving it takes, what it may use, and when it comes. */
export function preflightLines(preflight: Preflight, width: number): readonly Line[] {
  const { schedule, times, problems, changed } = preflight;
  const across = Number.isFinite(width) ? width : 100;
  const { calls, tokens, cost: most } = schedule.estimate;
  const bound = `each at most ${count(calls, "call")}, ${shortCount(tokens)} tokens, ${cost(most)}`;
  const missed =
    schedule.missed === "once" ? "begins once for all it missed" : "skips what it missed";
  return [
    fitLine([span(schedule.name, "bold"), `  ${whatText(schedule)}`], across),
    [span(fit(`  ${whenText(schedule)}; ${missed}`, across), "dim")],
    [span(fit(`  next ${times.map(clockTime).join(", ")}`, across), "dim")],
    [span(fit(`  ${bound}: an upper bound`, across), "dim")],
    ...(changed.length === 0
      ? []
      : [
          [
            span(fit(`  changed since it was saved: ${changed.join(", ")}`, across), "yellow"),
          ] as Line,
        ]),
    ...problems.flatMap(({ says, next }): readonly Line[] => [
      [span(fit(`  lacks: ${plainText(says)}`, across), "red")],
      [span(fit(`    ${plainText(next)}`, across), "dim")],
    ]),
  ];
}
