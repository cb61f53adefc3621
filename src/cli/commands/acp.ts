import type { Nanos } from "../../contracts/nanos.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import type { Command } from "../command.ts";
import { BOUNDS, overLines } from "./run.ts";

/** `nanos acp`: the oracle in an editor that speaks the Agent Client Protocol. */
export const command: Command = {
  name: "acp",
  summary: "be the agent of an editor, on standard input and output",
  example: "nanos acp",
  options: BOUNDS,
  run: async (context, input) => {
    const { serveAcp } = await import("../../acp/serve.ts");
    const { options } = context;
    const { openNanos, look } = await context.house();
    const open = async (cwd: string): Promise<Nanos> => {
      const there = cwd === "." ? options : { ...options, cwd };
      const found = await look(there);
      if (found.kind === "ready") return openNanos(there);
      throw notReady(found.kind, cwd);
    };
    return overLines(context, input, (ends) => serveAcp({ ...ends, open }));
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
