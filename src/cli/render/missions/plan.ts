import type { PlanView } from "../../../contracts/mission.ts";
import type { Plan, Recover, Task } from "../../../contracts/plan.ts";
import { type Line, span } from "../line.ts";
import { fit, fitLine } from "../width.ts";
import { cost, count, duration, shortCount } from "../words.ts";

/** A plan, drawn: each task under the last of those it needs, with what it asks for. */
export function planLines(view: PlanView, width: number): readonly Line[] {
  const { plan } = view;
  const across = Number.isFinite(width) ? width : 100;
  return [
    fitLine([span(plan.name, "bold"), `  ${plan.description}`], across),
    ...estimateLines(view, across),
    ...givenLines(plan, across),
    "",
    ...taskLines(plan.tasks, across),
  ];
}

/** What it could use at most, and that this is what such a number says. */
export function estimateLines({ rank, raised, by, estimate }: PlanView, across: number): Line[] {
  const { tasks, width, budget } = estimate;
  const money = budget.cost === undefined ? "" : `, ${cost(budget.cost)}`;
  const most = `at most ${count(budget.calls, "call")}, ${shortCount(budget.tokens)} tokens${money}`;
  const side = width > 1 ? `, ${width} at once` : "";
  const words = `rank ${rank} by ${raised} · ${count(tasks, "task")}${side} · ${most}`;
  const bound = "an upper bound: it stops there at the latest, and mostly uses far less";
  const whose = by === "operator" ? "" : ` · handed in by ${by}`;
  const first = [span(words, "dim"), span(whose, "yellow")];
  return [first, [span(bound, "dim")]].map((line) => fitLine(line, across));
}

function givenLines(
  { inputs, profiles, deadline, tasks, then = [] }: Plan,
  width: number,
): readonly Line[] {
  const lines = [
    ...Object.entries(inputs).map(([name, { type, choices, default: given }]) => {
      const kind = choices === undefined ? type : choices.join(" or ");
      return `input ${name}: ${kind}${given === undefined ? "" : `, else ${String(given)}`}`;
    }),
    ...Object.entries(profiles).map(([name, { mode, rules }]) => {
      const inside = tasks.flatMap((task) => (task.profiles?.includes(name) ? [task.id] : []));
      const where = inside.length === 0 ? "" : `, in ${inside.join(", ")}`;
      return `rules ${name}: ${mode}, ${count(rules.length, "rule")}${where}`;
    }),
    ...then.map(({ plan }) => `once it is proven, ${plan} follows (AUTONOMOUS_CHAIN)`),
    ...(deadline === undefined ? [] : [`nothing begins after ${duration(deadline)}`]),
  ];
  return lines.map((text): Line => [span(fit(text, width), "dim")]);
}

/** Tasks as a tree: what a task needs beside the one above it is said in its line. */
function taskLines(tasks: readonly Task[], width: number): readonly Line[] {
  const spare = new Map(
    tasks.flatMap(({ id, recover }) =>
      recover.flatMap(({ fallback }) => (fallback?.task ? [[fallback.task, id] as const] : [])),
    ),
  );
  const above = (task: Task): string | null => spare.get(task.id) ?? task.needs.at(-1) ?? null;
  const draw = (parent: string | null, indent: string): readonly Line[] => {
    const here = tasks.filter((task) => above(task) === parent);
    return here.flatMap((task, i) => {
      const isLast = i === here.length - 1;
      const under = `${indent}${isLast ? "   " : "│  "}`;
      const others = task.needs.filter((need) => need !== parent);
      const instead = spare.has(task.id) ? `, only in place of ${parent}` : "";
      const after = others.length === 0 || instead !== "" ? "" : `, and after ${others.join(", ")}`;
      const does = task.tool === undefined ? `agent ${task.agent}` : `tool ${task.tool}`;
      const line = [
        span(`${indent}${isLast ? "└─ " : "├─ "}`, "dim"),
        span(task.id, "bold"),
        `  ${does}`,
        span(`${after}${instead}`, "dim"),
      ];
      const notes = notesOf(task).map((note): Line => [span(fit(`${under}${note}`, width), "dim")]);
      return [fitLine(line, width), ...notes, ...draw(task.id, under)];
    });
  };
  return draw(null, "");
}

function notesOf({ when, rank, checks, recover }: Task): readonly string[] {
  return [
    ...(when === undefined ? [] : [`when ${when}`]),
    ...(rank === undefined ? [] : [`rank ${rank}`]),
    ...checks.map(({ id, says, observe, ...kind }) => {
      const [name, value] = Object.entries(kind)[0] ?? ["check", ""];
      const text = typeof value === "object" ? "" : ` ${String(value)}`;
      return `check ${id ?? name}: ${says ?? `${name}${text}`}${observe ? " (observed)" : ""}`;
    }),
    ...(recover.length === 0 ? [] : [`else ${recover.map(recoverWords).join(", then ")}`]),
  ];
}

function recoverWords({ retry, fallback, degrade }: Recover): string {
  if (retry) return `again up to ${count(retry.times, "time")}`;
  if (fallback) {
    const { model, agent, task = "" } = fallback;
    return model ? `model ${model}` : agent ? `agent ${agent}` : `task ${task}`;
  }
  return degrade ? `go on without it: "${degrade.says}"` : "stop";
}
