import type { Nanos, RunRequest } from "../contracts/nanos.ts";
import type { Plan, Question } from "../contracts/question.ts";
import type { RunState } from "../contracts/run.ts";
import { type Context, show } from "./command.ts";
import { EXIT } from "./exit.ts";
import { follow, watcherOf } from "./follow.ts";
import { exact } from "./render/args.ts";
import { isCritical } from "./render/ask.ts";
import { type Line, paintAll, span } from "./render/line.ts";
import { table } from "./render/table.ts";
import { fit, wrap } from "./render/width.ts";
import { count } from "./render/words.ts";
import { attended } from "./setup.ts";

/**
 * `nanos run --plan`: the request is rehearsed with every effect withheld, what it would ask is shown
 * as one table and answered at once, and then it runs. Where nobody can answer it stops after the
 * table: exit 0 when it would ask nothing, else 3.
 */
export async function runPlan(
  context: Context,
  nanos: Nanos,
  request: RunRequest,
): Promise<number> {
  const { terminal } = context;
  const { code, state } = await rehearse(context, nanos, request);
  if (code !== EXIT.succeeded && code !== EXIT.degraded) {
    (await import("./closing.ts")).say(terminal, nanos, state);
    return code;
  }
  const plan = nanos.approvals.plan(state.run);
  if (!attended(context)) {
    await show(context, plan, () => planLines(plan, columnsOf(context)));
    return plan.asks.length === 0 ? EXIT.succeeded : EXIT.waiting;
  }
  terminal.err(paintAll(planLines(plan, columnsOf(context)), terminal.color("err")));
  const chosen = await choose(context, plan.asks);
  if (chosen === null) return EXIT.cancelled;
  const given = chosen.length === 0 ? [] : await nanos.approvals.give(chosen);
  const approvals = [...(request.approvals ?? []), ...given.map(({ id }) => id)];
  const watcher = await watcherOf(context, nanos);
  return follow(context, (hooks) => nanos.run({ ...request, ...hooks, approvals }), watcher);
}

/** Runs it with every effect withheld; nothing of it shows. */
async function rehearse(
  context: Context,
  nanos: Nanos,
  { approvals: _, ...request }: RunRequest,
): Promise<{ readonly code: number; readonly state: RunState }> {
  const seen: RunState[] = [];
  const watcher = { on: () => undefined, done: (came: RunState) => void seen.push(came) };
  const start: Parameters<typeof follow>[1] = (hooks) =>
    nanos.run({ ...request, ...hooks, rehearsal: true });
  const code = await follow(context, start, watcher);
  const [state] = seen;
  if (state === undefined) throw new Error("bug: a rehearsal came to nothing");
  return { code, state };
}

function columnsOf({ terminal }: Context): number {
  return Number.isFinite(terminal.columns) ? terminal.columns : 80;
}

/** What a rehearsal showed: a numbered row for each ask with its exact arguments, and its limits. */
export function planLines({ asks, withheld, run }: Plan, width: number): readonly Line[] {
  const rows = asks.map((question, i) => ({ question, number: i + 1 }));
  const [heading = "", ...lines] = table(
    [
      { title: "#", text: ({ number }) => String(number), style: () => "bold" },
      { title: "who wants what", text: ({ question }) => `${question.agent}: ${question.name}` },
      { title: "where", text: ({ question }) => question.where.join(", ") },
      { title: "cost", text: ({ question }) => `${question.rank}: ${question.cost}` },
    ],
    rows,
    width,
  );
  const shown = rows.flatMap(({ question }, i): Line[] => [
    lines[i] ?? "",
    [span(`   ${fit(exact(question.args), width - 3)}`, "dim")],
  ]);
  return [
    asks.length === 0
      ? `It would ask nothing. Rehearsed as ${run}; nothing was done.`
      : `It would ask ${count(asks.length, "time")}. Rehearsed as ${run}; nothing was done.`,
    ...(asks.length === 0 ? [] : [heading, ...shown]),
    ...wrap(unseen(asks.length + withheld), width).map((text): Line => [span(text, "dim")]),
  ];
}

/** What a rehearsal cannot see, said as it is. */
function unseen(withheld: number): string {
  if (withheld === 0) return "Nothing had to be withheld: it would go like this.";
  const results = `${count(withheld, "result")} ${withheld === 1 ? "was" : "were"} withheld`;
  return `${results}: what it does because of them is not known yet, and may be asked as it runs.`;
}

/** The questions said yes to; null to leave it. Enter alone is no yes. */
async function choose(
  context: Context,
  asks: readonly Question[],
): Promise<readonly Question[] | null> {
  const batch = asks.filter((question) => !isCritical(question));
  const { terminal } = context;
  if (batch.length < asks.length) {
    const later = "Rank S is answered by its name, when it is asked.";
    terminal.err(paintAll([[span(later, "dim")]], terminal.color("err")));
  }
  if (batch.length === 0) return [];
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const typed = await terminal.question(
      "yes to: a all, numbers like 1 3, Enter none, q leave > ",
    );
    const word = typed?.trim() ?? "q";
    if (word === "q") return null;
    if (word === "a") return batch;
    const numbers = word.split(/[\s,]+/u).filter(Boolean);
    const found = numbers.map((number) => asks[Number(number) - 1]);
    if (found.every((one) => one !== undefined && batch.includes(one)))
      return [...new Set(found as Question[])];
    terminal.err(`Type numbers from 1 to ${asks.length}, a, q, or nothing.\n`);
  }
  return null;
}

/** Wrong answers taken before the plan is left. */
const MOST_TRIES = 5;
