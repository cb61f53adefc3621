import type { Nanos } from "../contracts/nanos.ts";
import type { RunState } from "../contracts/run.ts";
import type { AskedActions } from "./follow.ts";
import { askLine } from "./render/ask.ts";
import { paintAll, span } from "./render/line.ts";
import { summary } from "./render/summary.ts";
import type { Terminal } from "./terminal.ts";

/** The last words about a run, on standard error: the summary, or what it waits for. */
export function say(terminal: Terminal, nanos: Nanos, state: RunState, asked: AskedActions): void {
  const color = terminal.color("err");
  if (state.state === "waiting") {
    terminal.err(
      paintAll(
        state.asks.map((ask) => askLine(ask, asked.of(ask), state.run)),
        color,
      ),
    );
    return;
  }
  if (state.state !== "ended") return;
  const { ended } = state;
  terminal.err(paintAll([summary(ended, nanos.place.workspace)], color));
  if (ended.failure?.next !== undefined) {
    terminal.err(paintAll([[span(ended.failure.next, "yellow")]], color));
  }
}
