import { clientOf } from "../contracts/http/key.ts";
import type { AskLine, RunTold } from "../contracts/http/runs.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { Ask } from "../contracts/run.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { type Saying, topOf } from "./live.ts";
import { Refusal } from "./refusal.ts";
import type { Call } from "./route.ts";
import type { Sink } from "./sse.ts";

type Given = Pick<Call<unknown>, "nanos" | "key">;

/**
 * The run of that id, where it is one of this key's; the operator's key sees them all.
 *
 * @throws NanosError `run.unknown`, also for what others asked.
 */
export function runFor({ nanos, key }: Given, run: string): string {
  const [first] = nanos.traces.events(run);
  const started = first?.body?.kind === "run.started" ? first.body : null;
  const isOwn = key?.agent === null || (key && started?.client === clientOf(key));
  if (first?.event.kind === "run.started" && isOwn && !started?.parent) return run;
  throw new NanosError("run.unknown", "There is no such run of this key.", "See GET /v1/runs.");
}

/** Open asks of runs a key may see. */
export function asksFor(given: Given): readonly Ask[] {
  const { nanos, key } = given;
  const all = nanos.approvals.list();
  if (key?.agent === null) return all;
  return all.filter(({ run }) => {
    try {
      return runFor(given, topOf(run)) !== "";
    } catch {
      return false;
    }
  });
}

export function askLine({ id, run, agent, name, what, reason, expires }: Ask): AskLine {
  return { id, run, agent, name, what, reason, expires };
}

/**
 * Tells what happens in a run from the event after `since` on, until it has ended and all is told. All
 * of it is read from the journal: whoever comes again goes on where they were, and a slow client holds
 * up nobody and piles up nothing.
 */
export function tellRun(
  { nanos, carried, clock }: Telling,
  { run, since, words }: { readonly run: string; readonly since: number; readonly words: boolean },
  sink: Sink,
): Promise<void> {
  return tell(clock, sink, {
    since,
    said: () => (words ? carried.said(run) : null),
    watch: (told) => carried.watch(run, told),
    next: (at) => nanos.traces.events(run, at),
    told: toldBy,
    isOver: ({ event }) => event.kind === "run.ended",
  });
}

/** The same of all runs and of the home itself, for as long as somebody listens. */
export function tellHome(
  { nanos, carried, clock }: Telling,
  since: number,
  sink: Sink,
): Promise<void> {
  return tell(clock, sink, {
    since,
    said: () => null,
    watch: (told) => carried.watch(null, told),
    next: (at) => nanos.traces.since(at, LIMITS.httpListed),
    told: (one) => ({ run: one.event.run, ...toldBy(one) }),
    isOver: () => false,
  });
}

type Telling = Pick<Call<unknown>, "nanos" | "carried" | "clock">;

async function tell(
  clock: Call<unknown>["clock"],
  { send, gone }: Sink,
  of: {
    readonly since: number;
    readonly said: () => Saying | null;
    readonly watch: (told: () => void) => () => void;
    readonly next: (at: number) => readonly Recorded[];
    readonly told: (one: Recorded) => RunTold;
    readonly isOver: (one: Recorded) => boolean;
  },
): Promise<void> {
  let at = of.since;
  const heard = { step: "", chars: 0 };
  let woken = new AbortController();
  const wake = (): void => woken.abort();
  const forget = of.watch(wake);
  gone.addEventListener("abort", wake, { once: true });
  try {
    for (;;) {
      woken = new AbortController();
      await say(send, of.said(), heard);
      const found = of.next(at);
      for (const one of found) {
        const told = of.told(one);
        at = told.seq;
        await send({ id: String(at), event: told.kind, data: JSON.stringify(told) });
        if (of.isOver(one)) return;
      }
      // What happened until the end is told before it.
      if (gone.aborted) return;
      // Another process may write, which wakes nobody here.
      if (found.length === 0) await clock.sleep(LIMITS.httpLookMs, woken.signal);
    }
  } finally {
    forget();
    gone.removeEventListener("abort", wake);
  }
}

/** Sends what was said since: whoever is slow gets fewer pieces and longer ones, and nothing piles up. */
async function say(
  send: Sink["send"],
  said: Saying | null,
  heard: { step: string; chars: number },
): Promise<void> {
  if (said === null) return;
  const { step } = said;
  const from = step === heard.step ? heard.chars : 0;
  const text = said.text.slice(from);
  if (text === "") return;
  Object.assign(heard, { step, chars: from + text.length });
  await send({ event: "said", data: JSON.stringify({ step, from, text }) });
}

/** The event a client has seen last. @throws Refusal `http.invalid`. */
export function sinceIn(headers: Headers, usual: number): number {
  const given = headers.get("last-event-id");
  const seq = Number(given ?? usual);
  if (Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw new Refusal("http.invalid", "Last-Event-ID is no event.", "Give the id of one, or none.", {
    param: "last-event-id",
  });
}

function toldBy({ event, body }: Recorded): RunTold {
  const { seq, at, kind, step } = event;
  return { seq, at, kind, step, ...detailOf(body) };
}

function detailOf(body: Recorded["body"]): Partial<RunTold> {
  switch (body?.kind) {
    case "action.proposed":
      return { name: body.action.name };
    case "action.judged":
      return { verdict: body.decision.verdict, reason: body.decision.reason };
    case "action.settled":
      return { status: body.outcome.status };
    case "task.started":
    case "task.recovered":
      return { task: body.task };
    case "task.ended":
      return { task: body.task, status: body.status };
    case "run.waiting":
      return { asks: body.asks.map(askLine) };
    case "run.ended":
      return { outcome: body.end.outcome, text: body.end.text };
    default:
      return {};
  }
}
