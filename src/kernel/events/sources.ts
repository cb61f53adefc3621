import { watch } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../std/clock.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Journal } from "../../journal/journal.ts";
import { LIMITS } from "../../std/limits.ts";
import { timesOf, waitUntil } from "../schedule/times.ts";
import { folderOf, listensTo, type Live } from "./subscriptions.ts";

/** Where events come from. All of them wait to be told: nothing is asked again and again. */
export interface Heard {
  (live: Live, what: string, chain?: readonly string[]): void;
}

/** What is listened with. */
export interface Ears {
  readonly workspace: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly heard: Heard;
}

/** Listens for one subscription until the signal. Gives why it cannot, or null. */
export async function listen(live: Live, ears: Ears): Promise<string | null> {
  const { subscription } = live;
  switch (subscription.on) {
    case "file.changed":
      return listenToFiles(live, subscription.paths, ears);
    case "schedule.cron":
      return listenToClock(live, subscription.cron, ears);
    case "journal":
      listenToJournal(live, new Set(subscription.kinds), ears);
      return null;
  }
}

function listenToFiles(
  live: Live,
  patterns: readonly string[],
  { workspace, signal, clock, heard }: Ears,
): string | null {
  const settling = new Map<string, AbortController>();
  const settle = (path: string): void => {
    settling.get(path)?.abort();
    if (settling.size >= LIMITS.treeFiles && !settling.has(path)) return;
    const timer = new AbortController();
    settling.set(path, timer);
    const either = AbortSignal.any([timer.signal, signal]);
    void clock.sleep(LIMITS.eventSettleMs, either).then(() => {
      if (either.aborted) return;
      settling.delete(path);
      heard(live, path);
    });
  };
  for (const folder of new Set(patterns.map((pattern) => folderOf(pattern) ?? ""))) {
    try {
      const watcher = watch(join(workspace, folder), { recursive: true }, (_, name) => {
        const path = `${folder}/${name ?? ""}`;
        if (name !== null && listensTo(live.subscription, path)) settle(path);
      });
      // A folder that goes away ends what it would tell, and nothing else.
      watcher.on("error", () => watcher.close());
      signal.addEventListener("abort", () => watcher.close(), { once: true });
    } catch {
      return `the folder ${folder} cannot be watched`;
    }
  }
  return null;
}

async function listenToClock(
  live: Live,
  cron: string,
  { signal, clock, heard }: Ears,
): Promise<string | null> {
  try {
    const times = await timesOf({ cron });
    let next = times.next(clock.now());
    if (next === null) return `${cron} never comes`;
    void (async () => {
      for (; next !== null; next = times.next(clock.now())) {
        await waitUntil(clock, next, signal);
        if (signal.aborted) return;
        heard(live, new Date(next).toISOString());
      }
    })();
    return null;
  } catch {
    return `${cron} is no time`;
  }
}

/** What is written after now; looked at when a run of any process ends or waits. */
function listenToJournal(
  live: Live,
  kinds: ReadonlySet<string>,
  { journal, signal, heard }: Ears,
): void {
  let seen = journal.size();
  const forget = journal.onWake((topic) => {
    if (!topic.startsWith("stopped:")) return;
    for (const { event } of journal.since(seen)) {
      seen = event.seq;
      if (kinds.has(event.kind)) heard(live, event.run, chainOf(journal, event.run));
    }
  });
  signal.addEventListener("abort", forget, { once: true });
}

/** The subscriptions that led to a run, that of its own beginning last. */
function chainOf(journal: Journal, run: string): readonly string[] {
  const first = firstIn(journal.chain(run.split("_", 1)[0] ?? run));
  const event = first?.body?.kind === "run.started" ? first.body.event : undefined;
  return event === undefined ? [] : [...event.chain, event.id];
}

function firstIn(recorded: Iterable<Recorded>): Recorded | null {
  for (const one of recorded) return one;
  return null;
}
