import { NanosError } from "../../std/error.ts";
import type { Journal } from "../../journal/journal.ts";
import * as board from "./board.ts";
import type { Engine } from "./engine.ts";

/**
 * Moves a mission that nobody carries right now to another engine, with all that is recorded of it
 * and the signals that came. From here on that engine's log is its ground, and this home a copy.
 *
 * @throws NanosError `engine.unknown`, `engine.busy`, `engine.ended`, `engine.one_way`, and as `submit` does.
 */
export async function move(journal: Journal, run: string, from: Engine, to: Engine): Promise<void> {
  const mission = board.missionOn(journal, run);
  const lease = journal.lease(run);
  if (!lease) {
    throw new NanosError(
      "engine.busy",
      `Run ${run} is being carried by a process.`,
      "Move it when it waits, or once that process has ended.",
    );
  }
  try {
    const { state } = await from.status(run);
    if (state === "ended") {
      throw new NanosError("engine.ended", `Run ${run} has ended.`, `nanos trace show ${run}`);
    }
    // The other engine's log goes on being the ground of what it holds: two would carry one mission.
    if (to.name === board.LOCAL) {
      throw new NanosError(
        "engine.one_way",
        `Run ${run} is on ${from.name}, and what was given away does not come back here.`,
        "It goes on where it is: nanos engine work. New ones begin here: nanos engine use local",
      );
    }
    await to.submit(mission, await from.read(run));
    for (const signal of board.signalsTo(journal, run)) await to.signal(run, signal);
  } finally {
    lease.release();
  }
}
