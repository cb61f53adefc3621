import type { ScheduleRequest, ScheduleWhat } from "../../contracts/schedule.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, type Context, type Input, numberOf, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { preflightLines, scheduleTable } from "../render/missions/schedule.ts";
import { inputsOf } from "./mission.ts";

const NAME = { name: "NAME", about: "the schedule's name", required: true } as const;

export const command: Command = {
  name: "schedule",
  summary: "missions and requests that begin at their time, while nanos watch goes on",
  example: 'nanos schedule add brief --cron "0 8 * * 1-5" --plan brief',
  alone: "list",
  subs: [
    {
      name: "add",
      summary: "save one, under what holds now; with a name alone, save it again",
      example: 'nanos schedule add news --cron "0 8 * * *" --agent oracle "What changed?"',
      args: [NAME, { name: "TEXT", about: "what an agent is asked", rest: true }],
      options: [
        { flag: "--cron", value: "FIELDS", about: "when: minute hour day month weekday" },
        { flag: "--at", value: "MOMENT", about: "when, once: 2026-12-01T09:00" },
        { flag: "--zone", value: "ZONE", about: "time zone, Europe/Berlin; this machine's" },
        { flag: "--plan", value: "PLAN", about: "begin a mission of it", offers: "files" },
        { flag: "--input", value: "NAME=VALUE", about: "one of the plan's inputs", many: true },
        { flag: "--agent", value: "AGENT", about: "ask it TEXT; the oracle", offers: "agents" },
        { flag: "--missed", value: "once|skip", about: "what of times nobody was there for; once" },
        { flag: "--max-cost", value: "DOLLARS", about: "the most one firing may cost" },
        { flag: "--max-tokens", value: "N", about: "the most tokens it may use" },
        { flag: "--max-calls", value: "N", about: "the most actions it may take" },
      ],
      run: add,
    },
    {
      name: "list",
      summary: "schedules, when each comes, and what it waits for or missed",
      example: "nanos schedule list --json",
      run: async (context) => {
        const lines = await (await context.nanos()).schedules.list();
        await show(context, lines, () => scheduleTable(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "rm",
      summary: "remove one; what it began goes on",
      example: "nanos schedule rm brief",
      args: [NAME],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        await (await context.nanos()).schedules.rm(name);
        await show(context, { name, removed: true }, () => [[span("removed ", "yellow"), name]]);
        return EXIT.succeeded;
      },
    },
  ],
};

async function add(context: Context, input: Input): Promise<number> {
  const { schedules, arrangement } = await context.nanos();
  const { terminal, json } = context;
  const request = requestOf(input, arrangement.manifest.oracle);
  const looked = await schedules.preflight(request);
  if (looked.problems.length > 0) {
    const lines = preflightLines(looked, terminal.columns);
    if (json) await show(context, looked, () => lines);
    else terminal.err(paintAll(lines, terminal.color("err")));
  }
  const saved = await schedules.add(request);
  await show(context, saved, (): readonly Line[] => [
    ...preflightLines(saved, terminal.columns),
    [span("saved", "green"), ": it begins under exactly this, and waits where it is changed"],
    [span("nanos watch or nanos serve begins it while it goes on", "dim")],
  ]);
  return EXIT.succeeded;
}

function requestOf(input: Input, oracle: string): ScheduleRequest {
  const [cron, at, zone] = [
    option(input, "--cron"),
    option(input, "--at"),
    option(input, "--zone"),
  ];
  const missed = option(input, "--missed");
  if (missed !== undefined && missed !== "once" && missed !== "skip") {
    throw new NanosError("usage.missed", `--missed takes once or skip, not ${missed}.`, "Say one.");
  }
  const [cost, tokens] = [
    numberOf(input, "--max-cost", false),
    numberOf(input, "--max-tokens", true),
  ];
  const calls = numberOf(input, "--max-calls", true);
  const budget = {
    ...(cost === undefined ? {} : { cost }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(calls === undefined ? {} : { calls }),
  };
  const what = whatOf(input, oracle);
  return {
    name: arg(input, "NAME"),
    ...(cron === undefined ? {} : { cron }),
    ...(at === undefined ? {} : { at }),
    ...(zone === undefined ? {} : { zone }),
    ...(missed === undefined ? {} : { missed }),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
    ...(what === null ? {} : { what }),
  };
}

/** Null where nothing is said of it. */
function whatOf(input: Input, oracle: string): ScheduleWhat | null {
  const [plan, agent] = [option(input, "--plan"), option(input, "--agent")];
  const text = input.rest.join(" ");
  const isAsking = agent !== undefined || text !== "";
  if (plan !== undefined && isAsking) throw unclear("A plan and a request are two things.");
  if (plan !== undefined) return { plan, inputs: inputsOf(input) };
  if (!isAsking) return null;
  if (text === "") throw unclear(`Nothing says what ${agent} is asked.`);
  return { agent: agent ?? oracle, text };
}

function unclear(message: string): NanosError {
  return new NanosError("usage.schedule", message, 'Give --plan PLAN, or --agent NAME "TEXT".');
}
