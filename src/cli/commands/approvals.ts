import type { AskReply, Traces } from "../../contracts/nanos.ts";
import type { Ask } from "../../contracts/run.ts";
import { arg, type Command, type Context, flag, type Input, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { askCard, askedOf, why } from "../render/ask.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { duration } from "../render/words.ts";

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
      run: async (context) => {
        const asks = (await context.nanos()).approvals.list();
        const { terminal, clock } = context;
        await show(context, asks, () => askTable(asks, clock.now(), terminal.columns));
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
          ...askCard(ask, askedOf(ask.action), width, true),
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
      options: [{ flag: "--for-run", about: "also for this destination in the rest of the run" }],
      run: (context, input) => {
        const reach = flag(input, "--for-run") ? "run" : "once";
        return answer(context, input, { verdict: "allow", reach });
      },
    },
    {
      name: "deny",
      summary: "say no",
      example: "nanos approvals deny a7f3",
      args: [{ name: "ID", about: "the ask", required: true, offers: "asks" }],
      run: (context, input) => answer(context, input, { verdict: "deny", reach: "once" }),
    },
  ],
};

async function answer(context: Context, input: Input, reply: AskReply): Promise<number> {
  const { approvals, traces } = await context.nanos();
  const ask = approvals.show(arg(input, "ID"));
  const given = await approvals.answer(ask.id, reply);
  const said = reply.verdict === "allow" ? span("approved ", "green") : span("denied ", "red");
  await show(context, given, () => [
    [said, `${ask.name} for ${ask.agent}`, span(reply.reach === "run" ? ", this run" : "", "dim")],
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
