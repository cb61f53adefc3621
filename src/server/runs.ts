import { clientOf } from "../contracts/http/key.ts";
import type { AskLine, RunTold } from "../contracts/http/runs.ts";
import type { Recorded } from "../contracts/drive.ts";
import type { Ask } from "../contracts/run.ts";
import { NanosError } from "../std/error.ts";
import { LIMITS } from "../std/limits.ts";
import { topOf } from "./live.ts";
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
export async function tellRun(
  { nanos, carried, clock }: Pick<Call<unknown>, "nanos" | "carried" | "clock">,
  { run, since }: { readonly run: string; readonly since: number },
  { send, gone }: Sink,
): Promise<void> {
  let at = since;
  let woken = new AbortController();
  const forget = carried.watch(run, () => woken.abort());
  try {
    while (!gone.aborted) {
      woken = new AbortController();
      for (const recorded of nanos.traces.events(run, at)) {
        const told = toldBy(recorded);
        at = told.seq;
        await send({ id: String(told.seq), event: told.kind, data: JSON.stringify(told) });
        if (told.kind === "run.ended") return;
      }
      // Another process may carry it, which wakes nobody here.
      await clock.sleep(LIMITS.httpLookMs, AbortSignal.any([gone, woken.signal]));
    }
  } finally {
    forget();
  }
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
    case "run.waiting":
      return { asks: body.asks.map(askLine) };
    case "run.ended":
      return { outcome: body.end.outcome, text: body.end.text };
    default:
      return {};
  }
}
