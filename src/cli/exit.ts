import type { RunState } from "../contracts/run.ts";
import { codeOf, messageOf, NanosError, unreachable } from "../std/error.ts";
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
const NOT_USAGE = /^(?:journal|vault|sandbox|disk|machine|replay|run\.(?:busy|held|superseded))/u;

/** What the system refuses to whatever asks: no bug of ours, and nothing a call could have known. */
function refusedBy(error: unknown): unknown {
  const at = error instanceof Error && "path" in error ? error.path : null;
  const path = typeof at === "string" ? at : "a file";
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new NanosError(
        "machine.denied",
        `This machine does not let ${path} be used (${codeOf(error)}).`,
        "Give your user the right to it, or point NANOS_HOME or TMPDIR at a folder of yours.",
        error,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new NanosError("machine.full", `No room is left for ${path}.`, "Make room.", error);
    case "EMFILE":
    case "ENFILE":
      return new NanosError(
        "machine.files",
        "This machine lets no more files be open.",
        "Raise its limit: ulimit -n 4096",
        error,
      );
    default:
      return error;
  }
}

/** Says on standard error what went wrong and what to do, and gives the exit code. */
export function report(thrown: unknown, terminal: Terminal, debug: boolean): number {
  const error = thrown instanceof NanosError ? thrown : refusedBy(thrown);
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
