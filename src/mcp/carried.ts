import type { Live, Nanos, RunHandle, RunHooks } from "../contracts/nanos.ts";
import type { Clock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";

/**
 * Runs this process carries for its client, while it carries them. What is known of a run is in the
 * journal, and nothing here is missed when the process ends: a run nobody carries any more is taken
 * up again when it is asked for.
 */
export interface Carried {
  /** Begins or goes on with one; gives its id at once. @throws NanosError `client.busy`. */
  carry(how: Carriage): Promise<string>;
  has(run: string): boolean;
  /** Has one stop of which nothing may be on disk yet. */
  stop(run: string): void;
  /** Resolves when this process carries it no more, the time is over, or nobody waits any more. */
  wait(run: string, wish: Waiting): Promise<void>;
  /** The client is gone: what nobody wants any more is stopped, and has stopped when this resolves. */
  close(): Promise<void>;
}

export interface Carriage {
  readonly start: (hooks: RunHooks) => Promise<RunHandle>;
  /** It is wanted whether or not its client is there. */
  readonly stays: boolean;
}

export interface Waiting {
  readonly ms: number;
  readonly signal: AbortSignal;
  readonly on?: (live: Live) => void;
}

interface One {
  readonly handle: RunHandle;
  readonly stays: boolean;
  readonly done: Promise<unknown>;
  readonly watchers: Set<(live: Live) => void>;
}

export function carriedRuns(clock: Clock): Carried {
  const runs = new Map<string, One>();
  let beginning = 0;
  return {
    has: (run) => runs.has(run),
    stop: (run) => runs.get(run)?.handle.cancel(),
    carry: async ({ start, stays }) => {
      if (runs.size + beginning >= LIMITS.clientRuns) throw busy();
      beginning += 1;
      const watchers: One["watchers"] = new Set();
      const on = (live: Live): void => watchers.forEach((watch) => watch(live));
      try {
        const handle = await start({ on });
        const { run } = handle;
        // Where its end cannot be written down, what is in the journal says all there is to say.
        const done = handle.done.catch(() => null).finally(() => runs.delete(run));
        runs.set(run, { handle, stays, done, watchers });
        return run;
      } finally {
        beginning -= 1;
      }
    },
    wait: async (run, { ms, signal, on }) => {
      const one = runs.get(run);
      if (!one) return;
      const over = new AbortController();
      if (on) one.watchers.add(on);
      const time = clock.sleep(ms, AbortSignal.any([signal, over.signal]));
      await Promise.race([one.done, time]);
      over.abort();
      if (on) one.watchers.delete(on);
    },
    close: async () => {
      const unwanted = [...runs.values()].filter(({ stays }) => !stays);
      for (const { handle } of unwanted) handle.cancel();
      await Promise.all(unwanted.map(({ done }) => done));
    },
  };
}

function busy(): NanosError {
  const message = `${LIMITS.clientRuns} runs are carried for this client already.`;
  return new NanosError("client.busy", message, "Wait for one of them, or cancel one.");
}

/** True for the run itself and for what it delegated to. */
export function isPartOf(run: string, top: string): boolean {
  return run === top || run.startsWith(`${top}_`);
}

/**
 * Goes on with a run of the client's that nobody carries: one that was cut off, or whose asks have
 * been answered since. Nothing happens to any other.
 */
export async function takeUp(
  { traces, approvals, resume }: Pick<Nanos, "traces" | "approvals" | "resume">,
  carried: Carried,
  run: string,
  stays: boolean,
): Promise<void> {
  const state = traces.line(run)?.state;
  if (carried.has(run) || (state !== "waiting" && state !== "interrupted")) return;
  if (state === "waiting" && approvals.list().some((ask) => isPartOf(ask.run, run))) return;
  await carried.carry({ stays, start: (hooks) => resume(run, hooks) });
}
