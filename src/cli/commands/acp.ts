import { messageOf, NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { BOUNDS, boundsOf } from "./run.ts";

/** `nanos acp`: the oracle in an editor that speaks the Agent Client Protocol. */
export const command: Command = {
  name: "acp",
  summary: "be the agent of an editor, on standard input and output",
  example: "nanos acp",
  options: BOUNDS,
  run: async (context, input) => {
    const { terminal, clock, options } = context;
    const { serveAcp } = await import("../../acp/serve.ts");
    const { openNanos, look } = await context.house();
    const stop = new AbortController();
    const forget = terminal.onInterrupt(() => stop.abort());
    try {
      await serveAcp({
        ...{ clock, bounds: boundsOf(input), lines: terminal.lines(stop.signal) },
        open: async (cwd) => {
          const there = cwd === "." ? options : { ...options, cwd };
          const found = await look(there);
          if (found.kind === "ready") return openNanos(there);
          throw notReady(found.kind, cwd);
        },
        write: (line) => terminal.out(line),
        failed: (error) => terminal.err(`${plainText(messageOf(error))}\n`),
      });
    } finally {
      forget();
    }
    return EXIT.succeeded;
  },
};

function notReady(kind: "empty" | "untrusted", cwd: string): NanosError {
  return kind === "empty"
    ? new NanosError("home.empty", "Nothing is set up yet.", "Run nanos once in a terminal.")
    : new NanosError(
        "home.untrusted",
        "The arrangement of this folder is not trusted as it is now.",
        `nanos trust ${plainText(cwd)} shows what it would run and read, and asks.`,
      );
}
