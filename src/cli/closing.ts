import type { Nanos } from "../contracts/nanos.ts";
import type { AskedOnce } from "../contracts/question.ts";
import type { RunEnd, RunState } from "../contracts/run.ts";
import { askLine, viewOf } from "./render/ask.ts";
import { type Line, paintAll, span } from "./render/line.ts";
import { askedIn, summary } from "./render/summary.ts";
import type { Terminal } from "./terminal.ts";

/** The last words about a run, on standard error: the summary, or what it waits for. */
export function say(terminal: Terminal, nanos: Nanos, state: RunState): void {
  const color = terminal.color("err");
  if (state.state === "waiting") {
    terminal.err(
      paintAll(
        state.asks.map((ask) => askLine(viewOf(nanos, ask), state.run)),
        color,
      ),
    );
    return;
  }
  if (state.state !== "ended") return;
  const { ended } = state;
  const asked = askedOf(nanos, ended);
  terminal.err(paintAll([summary(ended, nanos.place.workspace, undefined, asked)], color));
  if (ended.failure?.next !== undefined) {
    terminal.err(paintAll([[span(ended.failure.next, "yellow")]], color));
  }
  terminal.err(paintAll(suggested(nanos, ended), color));
}

/** The asks of a run, where there were any. */
export function askedOf({ traces }: Nanos, { run, asks }: RunEnd): readonly AskedOnce[] {
  return asks === 0 ? [] : askedIn(traces.show(run));
}

/** One line where the answers of this run were once more the same as before. */
export function suggested({ rules }: Nanos, { run, asks }: RunEnd): readonly Line[] {
  if (asks === 0) return [];
  const found = rules.suggest().filter((one) => one.run === run || one.run.startsWith(`${run}_`));
  return found.length === 0
    ? []
    : [[span(`${found[0]?.says ?? ""} nanos rules suggest shows it.`, "dim")]];
}
