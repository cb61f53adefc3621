import type { Nanos } from "../../contracts/nanos.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import { firedLine } from "../commands/watch.ts";
import { type Line, span } from "../render/line.ts";

/**
 * While a session goes on, skills answer events; `say` shows what they came to. Gives what ends it.
 * Where no skill answers any, nothing is loaded or started.
 */
export function answerEvents(nanos: Nanos, say: (line: Line) => void): () => Promise<void> {
  const skills = [...nanos.arrangement.skills.values()];
  if (!skills.some(({ manifest }) => (manifest.events ?? []).length > 0))
    return async () => undefined;
  const stop = new AbortController();
  const done = nanos.events
    .watch(stop.signal, (fired) => say(firedLine(fired)))
    .catch((error: unknown) => {
      // Whoever watches already answers them for this session too.
      if (error instanceof NanosError && error.code === "events.watched") return;
      say([span("events: ", "red"), messageOf(error)]);
    });
  return async () => {
    stop.abort();
    await done;
  };
}
