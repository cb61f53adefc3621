import type { Key } from "../contracts/http/key.ts";
import type { Live, RunHandle, RunHooks } from "../contracts/nanos.ts";
import { LIMITS } from "../std/limits.ts";
import { Refusal } from "./refusal.ts";

/**
 * Runs this server carries, so that whoever looks at one is told at once that something happened. The
 * journal has all of it: what is forgotten here is found there.
 */
export interface Carried {
  /**
   * Carries a run to its end, whether or not anybody waits for it; answers once its beginning is on
   * disk. @throws Refusal `http.busy`, and as `start` does.
   */
  carry(key: Key | null, start: (hooks: RunHooks) => Promise<RunHandle>): Promise<RunHandle>;
  /** A run this key asked for, while it is carried here. */
  find(key: Key, run: string): RunHandle | null;
  /** What the model of a run says just now, as far as it has come; null for one not carried here. */
  said(run: string): Saying | null;
  /**
   * Calls back whenever something happens in a run, in any where it is null, until the returned
   * function is called.
   */
  watch(run: string | null, told: (live: Live) => void): () => void;
  /** Resolves when none is carried. */
  idle(): Promise<void>;
}

/** The newest step's words so far: who listens late, or slowly, is told from where they were. */
export interface Saying {
  readonly step: string;
  readonly text: string;
}

interface One {
  readonly key: string;
  readonly mouth: { said: Saying | null };
  readonly done: Promise<unknown>;
  handle?: RunHandle;
}

export function openCarried(): Carried {
  const watchers = new Map<string | null, Set<(live: Live) => void>>();
  const carried = new Set<One>();
  return {
    find: (key, run) => {
      const one = [...carried].find(({ handle }) => handle?.run === run);
      return one?.key === key.id ? (one.handle ?? null) : null;
    },
    carry: async (key, start) => {
      const own = [...carried].filter((one) => one.key === key?.id).length;
      if (carried.size >= LIMITS.httpRuns || own >= LIMITS.httpRunsPerKey) {
        throw new Refusal("http.busy", "Too many runs are under way.", "Try again later.");
      }
      const begun = Promise.withResolvers<void>();
      const mouth: One["mouth"] = { said: null };
      const on = (live: Live): void => {
        begun.resolve();
        mouth.said = saidAfter(mouth.said, live);
        const run = live.type === "event" ? live.recorded.event.run : live.run;
        for (const one of [topOf(run), null]) {
          for (const told of watchers.get(one) ?? []) told(live);
        }
      };
      const starting = start({ on });
      // Its place is taken before it has begun: many may come at once.
      const one: One = {
        key: key?.id ?? "",
        mouth,
        done: settled(starting.then(({ done }) => done)),
      };
      carried.add(one);
      void one.done.finally(() => void carried.delete(one));
      const handle = await starting;
      one.handle = handle;
      // What is answered for is on disk.
      await Promise.race([begun.promise, handle.done]);
      return handle;
    },
    said: (run) => [...carried].find(({ handle }) => handle?.run === run)?.mouth.said ?? null,
    watch: (run, told) => {
      const all = watchers.get(run) ?? new Set();
      watchers.set(run, all.add(told));
      return () => {
        all.delete(told);
        if (all.size === 0) watchers.delete(run);
      };
    },
    idle: async () => void (await Promise.all([...carried].map(({ done }) => done))),
  };
}

/**
 * Begins a run whose client waits for its end. It is stopped where the client goes away, and left as
 * it is where the server does: `done` then rejects with `http.left`.
 */
export async function waitedFor(
  { signal, leaves }: { readonly signal: AbortSignal; readonly leaves: AbortSignal },
  begin: (signal: AbortSignal) => Promise<RunHandle>,
): Promise<RunHandle> {
  const gone = new AbortController();
  const stop = (): void => void (leaves.aborted || gone.abort(signal.reason));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const { run, done, cancel } = await begin(gone.signal);
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(leftAlone(run));
  leaves.addEventListener("abort", leave, { once: true });
  if (leaves.aborted) leave();
  return {
    run,
    done: Promise.race([done, left.promise]).finally(() => {
      leaves.removeEventListener("abort", leave);
      signal.removeEventListener("abort", stop);
    }),
    cancel: () => void (leaves.aborted || cancel()),
  };
}

function leftAlone(run: string): Refusal {
  const message = `The server stopped before run ${run} ended.`;
  return new Refusal("http.left", message, `Go on with it: nanos resume ${run}`);
}

/** What delegated runs say is said to the agent, and their names have a part more. */
function saidAfter(was: Saying | null, live: Live): Saying | null {
  if (live.type !== "delta" || live.kind !== "text" || live.run.includes("_")) return was;
  const { step, text } = live;
  return { step, text: was?.step === step ? was.text + text : text };
}

async function settled(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch {
    // Another process took it over, or the journal failed; either way it is not carried here.
  }
}

/** `RUN_2_1` is a part of `RUN`. */
export function topOf(run: string): string {
  return run.split("_", 1)[0] ?? run;
}
