import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Draft, Event, EventBody } from "../../contracts/event.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { answerAsk, answerTo, isRevoked, isSigned } from "../desk/approvals.ts";
import type { Hooks, World } from "../world.ts";
import type { Real } from "./drive.ts";
import type { Watch } from "./watch.ts";

/** One run as this process carries it. */
export interface LocalRun {
  readonly run: string;
  readonly hooks: Hooks;
  readonly signal: AbortSignal;
  readonly watch: Watch;
  /** Stops everything that is under way: nothing that comes of it can be written down. */
  readonly fail: (error: Error) => void;
}

/** The real half of a drive on this machine: the journal, the clock and the operator's answers. */
export interface LocalReal extends Real {
  /** Appends what the outside decided about the run: it waits, it goes on. */
  outside(body: EventBody): Promise<void>;
}

/** The real half of the drive of `carried`. */
export function localReal(world: World, carried: LocalRun): LocalReal {
  const { run, hooks, watch, signal, fail } = carried;
  let broken: Error | null = null;
  const append = async (drafts: readonly Draft[]): Promise<readonly Event[]> => {
    // A write that failed behind the run's back stops it at the next one.
    if (broken !== null) throw broken;
    let events: readonly Event[];
    try {
      events = await world.journal.append(drafts);
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      fail(broken);
      throw broken;
    }
    tell(hooks, drafts, events);
    return events;
  };
  return {
    append,
    now: () => world.clock.now(),
    elapsed: () => watch.elapsed(),
    wait: (ask, needless) => waitFor(world, ask, carried, needless),
    sleep: (until) => watch.aside(sleepUntil(world.clock, until, signal)),
    outside: async (body) => {
      const common = {
        run,
        step: null,
        actor: "kernel",
        policy: null,
        isolation: null,
        label: null,
      };
      await append([{ ...common, body }]);
    },
  };
}

/**
 * Waits until then, unless it is stopped; false at once when that is longer than a process is held
 * for. A stopped run does not wait: it goes on to its end.
 */
export async function sleepUntil(
  clock: Clock,
  until: number,
  signal: AbortSignal,
): Promise<boolean> {
  const ms = until - clock.now();
  if (ms > LIMITS.sleepHereMs) return false;
  if (ms > 0) await clock.sleep(ms, signal);
  return true;
}

function tell(hooks: Hooks, drafts: readonly Draft[], events: readonly Event[]): void {
  if (!hooks.on) return;
  for (const [i, event] of events.entries()) {
    const body = drafts[i]?.body ?? null;
    hooks.on({ type: "event", recorded: { event, body } });
  }
}

/** Hooks as the kernel may call them: whoever merely watches a run cannot stop it by failing. */
export function guarded(hooks: Hooks): Hooks {
  const { on, ask } = hooks;
  return {
    ...hooks,
    ...(on && {
      on: (live) => {
        try {
          on(live);
        } catch {
          // A watcher that fails misses something; all of it is in the journal.
        }
      },
    }),
    // Nobody there and nobody to be had are the same: the run waits.
    ...(ask && { ask: async (one, signal) => ask(one, signal).catch(() => null) }),
  };
}

/**
 * The operator's answer: one given already, from this terminal or another one, or the one they give
 * now. Null when nobody is there: the run then waits without a process.
 */
async function waitFor(
  world: World,
  ask: Ask,
  { hooks, signal, watch }: LocalRun,
  needless: () => boolean,
): Promise<Answer | "expired" | null> {
  const given = answerTo(world, ask);
  if (given) return usable(world, ask, given);
  if (world.clock.now() >= ask.expires || isRevoked(world, ask)) return "expired";
  if (needless() || !hooks.ask || signal.aborted) return null;
  const over = new AbortController();
  const elsewhere = new Promise<Answer | null>((resolve) => {
    const forget = world.journal.onWake((topic) => {
      const answer = topic === `answer:${ask.id}` ? answerTo(world, ask) : null;
      if (answer) resolve(answer);
    });
    over.signal.addEventListener("abort", forget, { once: true });
    const listening = { once: true, signal: over.signal };
    signal.addEventListener("abort", () => resolve(null), listening);
  });
  const here = hooks.ask(ask, AbortSignal.any([over.signal, signal])).then(async (reply) => {
    if (!reply) return null;
    // A yes that misses what this rank takes is none: the ask stays open.
    const by = `operator@${hooks.channel ?? "terminal"}`;
    const own = await answerAsk(world, ask, reply, by).catch(unlessNamed);
    return answerTo(world, ask) ?? own;
  });
  const answer = await watch.aside(Promise.race([elsewhere, here])).finally(() => over.abort());
  return answer && usable(world, ask, answer);
}

function unlessNamed(error: unknown): null {
  if (error instanceof NanosError && error.code === "approval.needs_name") return null;
  throw error;
}

/**
 * An answer counts only for the exact arguments, in time, and with the operator's signature. Any
 * other makes the ask void, so that the operator is asked anew. A no stays a no.
 */
function usable(world: World, ask: Ask, answer: Answer): Answer | "expired" {
  if (answer.verdict === "allow" && world.clock.now() >= answer.expires) return "expired";
  const fits = answer.argsHash === ask.argsHash && answer.id === ask.id;
  return fits && isSigned(world, answer) ? answer : "expired";
}
