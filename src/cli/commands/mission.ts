import type { MissionRequest, Missions, MissionView } from "../../contracts/mission.ts";
import type { Nanos, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, type Context, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { follow, followWhole, watcherOf } from "../follow.ts";
import { paintAll, span } from "../render/line.ts";
import { numberLines } from "../render/missions/numbers.ts";
import { missionLines, missionTable } from "../render/missions/mission.ts";
import { estimateLines } from "../render/missions/plan.ts";
import { requestOf } from "./run.ts";

const MISSION = {
  name: "MISSION",
  about: "the mission's id",
  required: true,
  offers: "runs",
} as const;

export const command: Command = {
  name: "mission",
  summary: "work that follows a plan, task by task",
  example: "nanos mission new release --input version=1.2.0",
  alone: "list",
  subs: [
    {
      name: "new",
      summary: "begin a mission; of rank A or S it waits for your yes first",
      example: "nanos mission new release --input version=1.2.0",
      args: [
        {
          ...{ name: "PLAN", about: "a plan's name, or its file; with --by, the goal" },
          ...{ required: true, offers: "files" },
        },
      ],
      options: [
        { flag: "--by", value: "AGENT", about: "have this agent make the plan", offers: "agents" },
        { flag: "--model", value: "NAME", about: "the model it is made with", offers: "models" },
        { flag: "--max-cost", value: "DOLLARS", about: "the most such a mission may cost" },
        { flag: "--max-calls", value: "N", about: "the most actions such a mission may take" },
        { flag: "--input", value: "NAME=VALUE", about: "one of the plan's inputs", many: true },
        { flag: "--waive", value: "TASK.CHECK", about: "let a check go", many: true },
      ],
      run: (context, input) => {
        const by = option(input, "--by");
        checkFlags(input, by);
        if (by !== undefined) return planned(context, input, by);
        const { "--waive": waived = [] } = input.options;
        const request = { plan: arg(input, "PLAN"), inputs: inputsOf(input), waived };
        return carried(context, async ({ missions }, hooks) => {
          await sayEstimate(context, missions, request);
          return missions.begin(request, hooks);
        });
      },
    },
    {
      name: "list",
      summary: "missions, the newest first",
      example: "nanos mission list --json",
      run: async (context) => {
        const lines = (await context.nanos()).missions.list();
        await show(context, lines, () => missionTable(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "a mission with its tasks",
      example: "nanos mission show r1k3f9x2ab7qz0m",
      args: [MISSION],
      run: async (context, input) => {
        const view = (await context.nanos()).missions.show(arg(input, "MISSION"));
        await show(context, view, () => missionLines(view, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "approve",
      summary: "say yes to what a mission waits for",
      example: "nanos mission approve r1k3f9x2ab7qz0m",
      args: [MISSION],
      options: [
        { flag: "--confirm", value: "NAME", about: "the mission's name, which rank S takes" },
      ],
      run: async (context, input) => {
        const mission = arg(input, "MISSION");
        const typed = option(input, "--confirm");
        const reply = { verdict: "allow", reach: "once", ...(typed && { typed }) } as const;
        const approved = await (await context.nanos()).missions.approve(mission, reply);
        await show(context, { mission, approved }, () => [
          [span("approved ", "green"), approved.join(", ")],
          [span(`nanos mission run ${mission} goes on`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "waive",
      summary: "let a check of a mission go, while its task has not come to its end",
      example: 'nanos mission waive r1k3f9x2ab7qz0m note.read --because "read by hand"',
      args: [MISSION, { name: "CHECK", about: "TASK.CHECK, as `plan show` says", required: true }],
      options: [{ flag: "--because", value: "TEXT", about: "why; it is kept on the record" }],
      run: async (context, input) => {
        const [mission, check] = [arg(input, "MISSION"), arg(input, "CHECK")];
        const because = option(input, "--because") ?? "";
        await (await context.nanos()).missions.waive(mission, check, because);
        await show(context, { mission, check, waived: true }, () => [
          [span("waived ", "yellow"), `${check}: it counts as let go, and never as met`],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "run",
      summary: "go on with a mission that waited or was cut off",
      example: "nanos mission run r1k3f9x2ab7qz0m",
      args: [MISSION],
      run: (context, input) =>
        carried(context, ({ missions }, hooks) => missions.run(arg(input, "MISSION"), hooks)),
    },
    {
      name: "rerun",
      summary: "begin another with the same plan and inputs",
      example: "nanos mission rerun r1k3f9x2ab7qz0m",
      args: [MISSION],
      run: (context, input) =>
        carried(context, ({ missions }, hooks) => missions.rerun(arg(input, "MISSION"), hooks)),
    },
    {
      name: "numbers",
      summary: "a mission's record in numbers: steps, failures, time, cost, what was asked",
      example: "nanos mission numbers r1k3f9x2ab7qz0m",
      args: [MISSION],
      run: async (context, input) => {
        const numbers = await (await context.nanos()).traits.numbers(arg(input, "MISSION"));
        await show(context, numbers, () => numberLines(numbers));
        return EXIT.succeeded;
      },
    },
    {
      name: "cancel",
      summary: "stop a mission, in whatever terminal it goes on",
      example: "nanos mission cancel r1k3f9x2ab7qz0m",
      args: [MISSION],
      run: async (context, input) => {
        const mission = arg(input, "MISSION");
        await (await context.nanos()).missions.cancel(mission);
        await show(context, { mission, cancelled: true }, () => [`${mission} was asked to stop.`]);
        return EXIT.succeeded;
      },
    },
    {
      name: "watch",
      summary: "follow a mission that goes on somewhere else, until it ends or waits",
      example: "nanos mission watch r1k3f9x2ab7qz0m",
      args: [MISSION],
      run: watch,
    },
  ],
};

/** An agent makes the plan; what holds is shown, and begins by the rules of its rank. */
async function planned(context: Context, input: Input, agent: string): Promise<number> {
  const { budget: most = {}, model } = requestOf("", input);
  const nanos = await context.nanos();
  const wish = { agent, goal: arg(input, "PLAN"), most, ...(model === undefined ? {} : { model }) };
  const none = (run: string): NanosError => {
    const next = `See what it said: nanos trace show ${run}`;
    return new NanosError("plan.none", `${agent} handed in no plan that holds.`, next);
  };
  return followWhole(context, nanos, (hooks) => nanos.missions.wish({ ...wish, ...hooks }), none);
}

/** Flags that are for a plan there is, or for one an agent makes. */
function checkFlags({ options }: Input, by: string | undefined): void {
  const wrong =
    by === undefined ? ["--model", "--max-cost", "--max-calls"] : ["--input", "--waive"];
  const found = wrong.find((flag) => options[flag] !== undefined);
  if (found === undefined) return;
  const message = `${found} is ${by === undefined ? "for a plan that --by has made" : "for a plan there is"}.`;
  throw new NanosError("usage.mission", message, "See `nanos mission new --help`.");
}

/** Carries a mission here and gives its exit code. */
async function carried(
  context: Context,
  start: (nanos: Nanos, hooks: RunHooks) => Promise<RunHandle>,
): Promise<number> {
  const nanos = await context.nanos();
  const watcher = await watcherOf(context, nanos);
  return follow(context, (hooks) => start(nanos, hooks), watcher);
}

async function sayEstimate(
  { terminal, json }: Context,
  missions: Missions,
  { plan, ...given }: MissionRequest,
): Promise<void> {
  // Read also where nobody is told: what is missing is refused before anything is said.
  const view = await missions.plan(plan, given);
  if (json) return;
  const across = Number.isFinite(terminal.columns) ? terminal.columns : 100;
  terminal.err(paintAll(estimateLines(view, across), terminal.color("err")));
}

/** Inputs of a plan as typed, `NAME=VALUE`. @throws NanosError `usage.input`. */
export function inputsOf({ options }: Input): Readonly<Record<string, string>> {
  const { "--input": given = [] } = options;
  return Object.fromEntries(
    given.map((one) => {
      const at = one.indexOf("=");
      if (at > 0) return [one.slice(0, at), one.slice(at + 1)];
      const message = `${one} names no input.`;
      throw new NanosError("usage.input", message, "Write it as --input NAME=VALUE.");
    }),
  );
}

/** Says each task as it begins and ends. What it shows is on the record; closing it stops nothing. */
async function watch(context: Context, input: Input): Promise<number> {
  const { missions } = await context.nanos();
  const { terminal } = context;
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  // What it waits for keeps no process alive by itself.
  void context.clock.sleep(LONG_MS, stop.signal);
  const said = new Set<string>();
  let last = missions.show(arg(input, "MISSION"));
  try {
    for await (const view of missions.follow(last.run, stop.signal)) {
      last = view;
      const news = newsIn(view).filter((line) => !said.has(line));
      for (const line of news) said.add(line);
      if (!context.json && news.length > 0) terminal.err(paintAll(news, terminal.color("err")));
    }
  } finally {
    release();
    stop.abort();
  }
  await show(context, last, () => missionLines(last, terminal.columns));
  return codeOf(last);
}

/** The longest a timer can be. */
const LONG_MS = 2 ** 31 - 1;

function newsIn({ steps }: MissionView): readonly string[] {
  return steps.flatMap(({ id, state, ended }) =>
    state === "waiting" ? [] : [`${id} began`, ...(ended ? [`${id} ${ended.status}`] : [])],
  );
}

function codeOf({ outcome, state }: MissionView): number {
  if (outcome !== null) return EXIT[outcome];
  return state === "waiting" ? EXIT.waiting : EXIT.failed;
}
