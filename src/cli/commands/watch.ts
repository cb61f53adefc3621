import type { Fired, SubscriptionView } from "../../contracts/skill.ts";
import { type Command, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { scheduleTable } from "../render/missions/schedule.ts";
import { table } from "../render/table.ts";
import { ready } from "../setup.ts";

/** `nanos watch`: what may begin by itself does so for as long as it goes on. */
export const command: Command = {
  name: "watch",
  summary: "let skills answer events, schedules begin and missions go on, until Ctrl-C",
  example: "nanos watch",
  options: [{ flag: "--list", about: "only show what would begin by itself" }],
  run: async (context, input) => {
    const { terminal, json } = context;
    const nanos = await ready(context);
    const all = await nanos.events.list();
    const schedules = await nanos.schedules.list();
    const { missions } = await nanos.engines.list();
    const isIdle =
      all.every(({ refused }) => refused !== null) && schedules.length + missions.length === 0;
    const lines = (): readonly Line[] => [
      ...subscriptionTable(all, terminal.columns),
      ...(schedules.length === 0 ? [] : ["", ...scheduleTable(schedules, terminal.columns)]),
    ];
    if (flag(input, "--list") || isIdle) {
      await show(context, all, lines);
      return isIdle && !flag(input, "--list") ? EXIT.usage : EXIT.succeeded;
    }
    terminal.err(paintAll(lines(), terminal.color("err")));
    const stop = new AbortController();
    const forget = terminal.onInterrupt(() => stop.abort());
    // What it waits for keeps no process alive by itself.
    void context.clock.sleep(LONG_MS, stop.signal);
    try {
      await nanos.watch(stop.signal, (fired) => {
        if (json) terminal.out(`${JSON.stringify(fired)}\n`);
        else terminal.out(paintAll([firedLine(fired)], terminal.color("out")));
      });
    } finally {
      forget();
    }
    return EXIT.succeeded;
  },
};

/** The longest a timer can be. */
const LONG_MS = 2 ** 31 - 1;

/** What skills answer by themselves, and why not. */
function subscriptionTable(all: readonly SubscriptionView[], width: number): readonly Line[] {
  if (all.length === 0) return ["No skill answers events. A skill says so in its nanos.yaml."];
  return table(
    [
      { title: "event", text: ({ id }) => id, style: () => "bold" },
      { title: "on", text: ({ on, what }) => `${on} ${what}` },
      { title: "runs", text: ({ run }) => run },
      { title: "answered", text: ({ refused }) => (refused === null ? "yes" : `no: ${refused}`) },
    ],
    all,
    width,
  );
}

/** One thing that happened, as a line. */
export function firedLine(fired: Fired): Line {
  const about = `${fired.id}  ${fired.what}`;
  switch (fired.state) {
    case "listening":
      return [span(`listening ${about}`, "dim")];
    case "begun":
      return [span("▸ ", "cyan"), about, span(`  ${fired.run}`, "dim")];
    case "waiting":
      return [span("waits ", "yellow"), about, span(`  nanos resume ${fired.run}`, "dim")];
    case "ended":
      return [
        span(`${fired.outcome} `, fired.outcome === "succeeded" ? "green" : "yellow"),
        about,
        span(`  nanos trace show ${fired.run}`, "dim"),
      ];
    case "dropped":
      return [span("not answered ", "yellow"), about, span(`  ${fired.why}`, "dim")];
  }
}
