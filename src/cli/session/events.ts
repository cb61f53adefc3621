import type { Nanos } from "../../contracts/nanos.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import { firedLine } from "../commands/watch.ts";
import { type Line, span } from "../render/line.ts";

/** What answers events while a session goes on. */
export interface Answering {
  /** The arrangement is another one: what is answered is looked up anew, once no answer is under way. */
  renewed(): void;
  end(): Promise<void>;
}

/**
 * While a session goes on, skills answer events; `say` shows what they came to. Where no skill
 * answers any, nothing is loaded or started.
 */
export function answerEvents(nanos: Nanos, say: (line: Line) => void): Answering {
  const over = new AbortController();
  let other = new AbortController();
  const told = new Set<string>();
  const news = (line: Line, once: string | null): void => {
    if (once !== null && told.has(once)) return;
    if (once !== null) told.add(once);
    say(line);
  };
  const answer = async (): Promise<void> => {
    while (!over.signal.aborted) {
      other = new AbortController();
      await listen(nanos, { over: over.signal, other: other.signal, say: news });
    }
  };
  const answered = answer();
  return {
    renewed: () => other.abort(),
    end: async () => {
      over.abort();
      await answered;
    },
  };
}

/** Listens until the session is over or the arrangement is another one. */
async function listen(
  nanos: Nanos,
  {
    over,
    other,
    say,
  }: {
    readonly over: AbortSignal;
    readonly other: AbortSignal;
    readonly say: (line: Line, once: string | null) => void;
  },
): Promise<void> {
  const skills = [...nanos.arrangement.skills.values()];
  const ended = new Promise<void>((resolve) => {
    AbortSignal.any([over, other]).addEventListener("abort", () => resolve(), { once: true });
  });
  if (!skills.some(({ manifest }) => (manifest.events ?? []).length > 0)) return ended;
  const stop = new AbortController();
  let busy = false;
  // A run that answers is not cut off because something else changed.
  const calmly = (): void => {
    if (!busy) stop.abort();
  };
  over.addEventListener("abort", () => stop.abort(), { once: true });
  other.addEventListener("abort", calmly, { once: true });
  await nanos.events
    .watch(stop.signal, (fired) => {
      busy = fired.state === "begun";
      say(firedLine(fired), fired.state === "listening" ? `${fired.id} ${fired.what}` : null);
      if (other.aborted) calmly();
    })
    .catch((error: unknown) => {
      // Whoever watches already answers them for this session too.
      if (error instanceof NanosError && error.code === "events.watched") return;
      say([span("events: ", "red"), messageOf(error)], messageOf(error));
    });
  await ended;
}
