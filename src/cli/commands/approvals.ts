import type { Traces } from "../../contracts/trace.ts";
import type { AskReply } from "../../contracts/question.ts";
import type { Ask } from "../../contracts/run.ts";
import {
  arg,
  argsOf,
  type Command,
  type Context,
  flag,
  type Input,
  option,
  show,
} from "../command.ts";
import { EXIT } from "../exit.ts";
import { askCard, isCritical, toType, why } from "../render/ask.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { scheduleNotes } from "../render/missions/schedule.ts";
import { table } from "../render/table.ts";
import { duration } from "../render/words.ts";
import { attended } from "../setup.ts";

export const command: Command = {
  name: "approvals",
  summary: "what waits for your answer",
  example: "nanos approvals approve a7f3",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all open asks",
      example: "nanos approvals list --json",
      options: [{ flag: "--given", about: "answers that were not used yet instead" }],
      run: async (context, input) => {
        if (flag(input, "--given")) return listGiven(context);
        const { approvals, schedules } = await context.nanos();
        const asks = approvals.list();
        const { terminal, clock, json } = context;
        const across = Number.isFinite(terminal.columns) ? terminal.columns : 100;
        // A schedule that may not begin waits for the operator as well, and no answer is bound to it.
        const waiting = json ? [] : scheduleNotes(await schedules.list(), across);
        await show(context, asks, () => [
          ...askTable(asks, clock.now(), terminal.columns),
          ...waiting,
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "one ask with its exact arguments",
      example: "nanos approvals show a7f3",
      args: [{ name: "ID", about: "the ask", required: true, offers: "asks" }],
      run: async (context, input) => {
        const { approvals } = await context.nanos();
        const ask = approvals.show(arg(input, "ID"));
        const width = Math.min(context.terminal.columns, 100);
        await show(context, ask, () => [
          ...askCard(ask, width, true),
          [span(`  nanos approvals approve ${ask.id}  ·  nanos approvals deny ${ask.id}`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "approve",
      summary: "say yes to exactly this",
      example: "nanos approvals approve a7f3",
      args: [{ name: "ID", about: "the ask", required: true, offers: "asks" }],
      options: [
        { flag: "--for-run", about: "also for this destination in the rest of the run" },
        { flag: "--confirm", value: "NAME", about: "the action's name, which rank S takes" },
      ],
      run: async (context, input) => {
        const reach = flag(input, "--for-run") ? "run" : "once";
        const typed = option(input, "--confirm") ?? (await typedName(context, arg(input, "ID")));
        const named = typed === undefined ? {} : { typed };
        return answer(context, input, { verdict: "allow", reach, ...named });
      },
    },
    {
      name: "deny",
      summary: "say no",
      example: "nanos approvals deny a7f3",
      args: [{ name: "ID", about: "the ask", required: true, offers: "asks" }],
      run: (context, input) => answer(context, input, { verdict: "deny", reach: "once" }),
    },
    {
      name: "give",
      summary: "say yes before it is asked: one call, exactly these arguments, once",
      example: `nanos approvals give research web_fetch '{"url":"https://example.org/"}'`,
      args: [
        {
          name: "AGENT",
          about: "who may call; operator for yourself",
          required: true,
          offers: "agents",
        },
        { name: "TOOL", about: "the tool", required: true, offers: "tools" },
        { name: "JSON", about: "its exact arguments; - reads standard input" },
      ],
      run: give,
    },
    {
      name: "revoke",
      summary: "take an answer back that was not used yet",
      example: "nanos approvals revoke a7f3",
      args: [{ name: "ID", about: "the ask or approval", required: true }],
      run: async (context, input) => {
        const id = arg(input, "ID");
        await (await context.nanos()).approvals.revoke(id);
        await show(context, { id, revoked: true }, () => [[span("taken back ", "yellow"), id]]);
        return EXIT.succeeded;
      },
    },
  ],
};

async function give(context: Context, input: Input): Promise<number> {
  const args = argsOf(context.terminal, input.args["JSON"]);
  const nanos = await context.nanos();
  const { question } = await nanos.can(arg(input, "AGENT"), arg(input, "TOOL"), args);
  const given = question === null ? [] : await nanos.approvals.give([question]);
  const [answer] = given;
  await show(context, answer ?? null, () =>
    answer === undefined
      ? ["Nothing to approve: it would not be asked about. nanos can says more."]
      : [
          [span("approved ", "green"), span(answer.id, "bold"), ` for one use, 15 min`],
          [span(`nanos run --approval ${answer.id} "TEXT" may use it`, "dim")],
        ],
  );
  return EXIT.succeeded;
}

async function listGiven(context: Context): Promise<number> {
  const given = (await context.nanos()).approvals.given();
  const { terminal, clock } = context;
  await show(context, given, () =>
    given.length === 0
      ? ["No answer waits to be used."]
      : table(
          [
            { title: "id", text: ({ id }) => id, style: () => "bold" },
            { title: "says", text: ({ verdict }) => verdict },
            { title: "left", text: ({ expires }) => left(expires - clock.now()) },
            {
              title: "for",
              text: (one) => (one.for ? `${one.for.agent}: ${one.for.name}` : "its ask"),
            },
          ],
          given,
          terminal.columns,
        ),
  );
  return EXIT.succeeded;
}

/** At a terminal the name that a yes to rank S takes is asked for; elsewhere `--confirm` says it. */
async function typedName(context: Context, id: string): Promise<string | undefined> {
  const ask = (await context.nanos()).approvals.show(id);
  if (!isCritical(ask.question) || !attended(context)) return undefined;
  const width = Math.min(context.terminal.columns, 100);
  const { terminal } = context;
  terminal.err(paintAll(askCard(ask, width, true), terminal.color("err")));
  return (await terminal.typed(`  ${toType(ask)}: `, new AbortController().signal)) ?? undefined;
}

async function answer(context: Context, input: Input, reply: AskReply): Promise<number> {
  const { approvals, traces } = await context.nanos();
  const ask = approvals.show(arg(input, "ID"));
  const given = await approvals.answer(ask.id, reply);
  const said = reply.verdict === "allow" ? span("approved ", "green") : span("denied ", "red");
  await show(context, given, () => [
    [said, `${ask.name} for ${ask.agent}`, span(given.reach === "run" ? ", this run" : "", "dim")],
    [span(`nanos resume ${runToResume(traces, ask)} goes on`, "dim")],
  ]);
  return EXIT.succeeded;
}

/** The run an ask holds up: the one that asks, or the one that delegated to it. */
export function runToResume(traces: Traces, ask: Ask): string {
  const lines = traces.list({ limit: MOST_RUNS, children: true });
  let { run } = ask;
  for (let up = 0; up < MOST_DEPTH; up++) {
    const parent = lines.find((line) => line.run === run)?.parent;
    if (parent === undefined || parent === null) break;
    run = parent;
  }
  return run;
}

const MOST_RUNS = 1_000;
const MOST_DEPTH = 8;

/** Open asks as a table. */
export function askTable(asks: readonly Ask[], now: number, width: number): readonly Line[] {
  if (asks.length === 0) return ["Nothing waits for you."];
  return table(
    [
      { title: "id", text: ({ id }) => id, style: () => "bold" },
      { title: "run", text: ({ run }) => run },
      { title: "who wants what", text: ({ agent, name }) => `${agent}: ${name}` },
      { title: "left", text: ({ expires }) => left(expires - now) },
      { title: "why", text: (ask) => why(ask) },
    ],
    asks,
    width,
  );
}

function left(ms: number): string {
  return ms <= 0 ? "expired" : duration(ms);
}
