import type { Live, Nanos, RunHandle, RunHooks } from "../contracts/nanos.ts";
import type { RunState } from "../contracts/run.ts";
import type { Context } from "./command.ts";
import { EXIT, exitOf } from "./exit.ts";
import { type Line, paintAll } from "./render/line.ts";
import { plainText } from "../std/text.ts";
import { attended } from "./setup.ts";

/** What watches a run while it goes on, and says how it ended. */
export interface Watcher {
  readonly on: (live: Live) => void;
  readonly ask?: RunHooks["ask"];
  /** The run has stopped: ended, or waiting. */
  readonly done: (state: RunState) => void;
}

/**
 * Starts a run, shows it as it goes and returns the exit code. The first interrupt cancels the
 * run, the second leaves at once.
 */
export async function follow(
  context: Context,
  start: (hooks: RunHooks) => Promise<RunHandle>,
  watcher: Watcher,
): Promise<number> {
  const stop = new AbortController();
  let handle: RunHandle | null = null;
  const release = context.terminal.onInterrupt(() => {
    if (stop.signal.aborted) process.exit(EXIT.cancelled);
    stop.abort();
    handle?.cancel();
  });
  try {
    handle = await start({
      on: watcher.on,
      signal: stop.signal,
      ...(watcher.ask === undefined ? {} : { ask: watcher.ask }),
    });
    const state = await handle.done;
    watcher.done(state);
    return exitOf(state);
  } finally {
    release();
  }
}

/**
 * Follows a run, and then the missions of the plans it handed in. `none` says what is wrong where
 * there is none.
 */
export async function followWhole(
  context: Context,
  nanos: Nanos,
  start: (hooks: RunHooks) => Promise<RunHandle>,
  none?: (run: string) => Error,
): Promise<number> {
  let run = "";
  let code: number = EXIT.failed;
  const drive = async (begin: typeof start): Promise<void> => {
    code = await follow(context, begin, await watcherOf(context, nanos));
  };
  await drive(async (hooks) => {
    const handle = await start(hooks);
    run = handle.run;
    return handle;
  });
  const { terminal, json } = context;
  const print = (lines: (width: number) => readonly Line[]): void => {
    if (!json) terminal.err(paintAll(lines(terminal.columns), terminal.color("err")));
  };
  const missions = await carryHandedIn(nanos, run, { print, drive });
  if (missions === 0 && code === EXIT.succeeded && none) throw none(run);
  return code;
}

/** Where missions are shown while they go on. */
export interface Surface {
  print(lines: (width: number) => readonly Line[]): void;
  drive(start: (hooks: RunHooks) => Promise<RunHandle>): Promise<void>;
}

/**
 * Carries what a run handed in once the run is over: each plan is shown, and a mission follows it by
 * the rules of its rank. Gives how many there were.
 */
export async function carryHandedIn(
  { missions }: Nanos,
  run: string,
  surface: Surface,
): Promise<number> {
  const steps = missions.handedIn(run);
  for (const step of steps) {
    const { planLines } = await import("./render/missions/plan.ts");
    const view = await missions.plan(step);
    surface.print((width) => planLines(view, width));
    await surface.drive((hooks) => missions.begin({ plan: step }, hooks));
  }
  return steps.length;
}

/** The watcher a command's flags ask for. */
export function watcherOf(context: Context, nanos: Nanos): Promise<Watcher> {
  return context.json ? jsonWatcher(context) : humanWatcher(context, nanos);
}

/** Events as JSON lines; the last one is `run.ended` or `run.waiting` of the run itself. */
async function jsonWatcher({ terminal }: Context): Promise<Watcher> {
  const { eventLine, lastLine } = await import("./render/json.ts");
  let last: { readonly kind: string; readonly run: string } | null = null;
  return {
    on: (live) => {
      if (live.type !== "event") return;
      last = live.recorded.event;
      terminal.out(`${eventLine(live.recorded)}\n`);
    },
    done: (state) => {
      const kind = state.state === "waiting" ? "run.waiting" : "run.ended";
      // Whatever else happened, a script finds how it ended in the last line.
      if (last?.kind !== kind || last.run !== state.run) terminal.out(`${lastLine(state)}\n`);
    },
  };
}

/** What people see: the answer on standard output, what happens on standard error. */
export async function humanWatcher(context: Context, nanos: Nanos): Promise<Watcher> {
  const { terminal } = context;
  if (!terminal.outTty && !terminal.errTty) return quietWatcher(context, nanos);
  const { screenWatcher } = await import("./screen.ts");
  return screenWatcher(context, nanos, attended(context));
}

/** No terminal anywhere: the answer, whole, and then the one line about it. */
async function quietWatcher({ terminal }: Context, nanos: Nanos): Promise<Watcher> {
  const closing = await import("./closing.ts");
  return {
    on: () => undefined,
    done: (state) => {
      if (state.state === "ended" && state.ended.text !== "") {
        terminal.out(`${plainText(state.ended.text).replace(/\n*$/u, "")}\n`);
      }
      closing.say(terminal, nanos, state);
    },
  };
}
