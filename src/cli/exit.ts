import type { RunState } from "../contracts/run.ts";
import { messageOf, NanosError, unreachable } from "../std/error.ts";
import { paintAll, span } from "./render/line.ts";
import type { Terminal } from "./terminal.ts";

/** What a program reads off a command. */
export const EXIT = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  waiting: 3,
  denied: 4,
  degraded: 5,
  cancelled: 130,
} as const;

/** The code of a run that has stopped, for now or for good. */
export function exitOf(state: RunState): number {
  switch (state.state) {
    case "ended":
      // What the gate stopped did not fail by itself: a script may want to tell them apart.
      if (state.ended.failure?.code === "run.denied") return EXIT.denied;
      return EXIT[state.ended.outcome];
    case "waiting":
      return EXIT.waiting;
    case "running":
      return EXIT.failed;
    default:
      return unreachable(state);
  }
}

// What stands in the way here is the machine's state; everything else a person is told to fix is
// how nanos was called or set up.
const NOT_USAGE = /^(?:journal|vault|sandbox|disk|replay|run\.(?:busy|held|superseded))/u;

/** Says on standard error what went wrong and what to do, and gives the exit code. */
export function report(error: unknown, terminal: Terminal, debug: boolean): number {
  const color = terminal.color("err");
  const said =
    error instanceof NanosError
      ? [
          [span("error: ", "red"), error.message],
          [`${error.next} `, span(`(${error.code})`, "dim")],
        ]
      : [
          [span("error: ", "red"), `${messageOf(error)} (this is a bug)`],
          ["Please report it with what you typed; NANOS_DEBUG=1 shows where it happened."],
        ];
  terminal.err(paintAll(said, color));
  if (debug && error instanceof Error)
    terminal.err(paintAll((error.stack ?? "").split("\n"), false));
  if (!(error instanceof NanosError)) return EXIT.failed;
  return NOT_USAGE.test(error.code) ? EXIT.failed : EXIT.usage;
}
