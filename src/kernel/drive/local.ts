import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import type { Draft, Event, EventBody } from "../../contracts/event.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { answerAsk, answerTo } from "../desk/approvals.ts";
import type { Deadline } from "../deadline.ts";
import type { Real } from "./drive.ts";
import type { Hooks, World } from "../world.ts";

/** One run as this process carries it. */
export interface LocalRun {
  readonly run: string;
  readonly hooks: Hooks;
  readonly signal: AbortSignal;
  readonly deadline: Deadline;
}

/** The real half of a drive on this machine: the journal, the clock and the operator's answers. */
export interface LocalReal extends Real {
  /** Appends what the outside decided about the run: it waits, it goes on. */
  outside(body: EventBody): Promise<void>;
}

/** The real half of the drive of `carried`. */
export function localReal(world: World, carried: LocalRun): LocalReal {
  const { run, hooks } = carried;
  let broken: Error | null = null;
  const append = async (drafts: readonly Draft[]): Promise<readonly Event[]> => {
    // A write that failed behind the run's back stops it at the next one.
    if (broken !== null) throw broken;
    try {
      const events = await world.journal.append(drafts);
      tell(hooks, drafts, events);
      return events;
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      throw broken;
    }
  };
  return {
    append,
    now: () => world.clock.now(),
    elapsed: () => world.clock.elapsed(),
    wait: (ask) => waitFor(world, ask, carried),
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

function tell(hooks: Hooks, drafts: readonly Draft[], events: readonly Event[]): void {
  if (!hooks.on) return;
  for (const [i, event] of events.entries()) {
    const body = drafts[i]?.body ?? null;
    hooks.on({ type: "event", recorded: { event, body } });
  }
}

/**
 * The operator's answer: one given already, from this terminal or another one, or the one they give
 * now. Null when nobody is there: the run then waits without a process.
 */
async function waitFor(
  world: World,
  ask: Ask,
  { hooks, signal, deadline }: LocalRun,
): Promise<Answer | "expired" | null> {
  const given = answerTo(world, ask);
  if (given) return usable(world, ask, given);
  if (world.clock.now() >= ask.expires) return "expired";
  if (!hooks.ask || signal.aborted) return null;
  const settled = new AbortController();
  const elsewhere = new Promise<Answer | null>((resolve) => {
    const forget = world.journal.onWake((topic) => {
      if (topic !== `answer:${ask.id}`) return;
      const answer = answerTo(world, ask);
      if (answer) resolve(answer);
    });
    settled.signal.addEventListener("abort", forget, { once: true });
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const here = hooks
    .ask(ask, AbortSignal.any([settled.signal, signal]))
    .then((reply) => (reply ? answerAsk(world, ask, reply, "operator@terminal") : null));
  const answer = await deadline.aside(Promise.race([elsewhere, here]));
  settled.abort();
  return answer && usable(world, ask, answer);
}

/** An answer counts only for the exact arguments, in time, and with the operator's signature. */
function usable(world: World, ask: Ask, answer: Answer): Answer | "expired" | null {
  if (world.clock.now() >= answer.expires) return "expired";
  const { signature, ...signed } = answer;
  const fits = answer.argsHash === ask.argsHash && answer.id === ask.id;
  return fits && world.verify(canonical(signed as Json), signature) ? answer : null;
}
