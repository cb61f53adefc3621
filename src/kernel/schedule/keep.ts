import { LIMITS } from "../../std/limits.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { RunSchedule, Schedule } from "../../contracts/schedule.ts";
import type { Fired } from "../../contracts/skill.ts";
import type { Journal } from "../../journal/journal.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import { newId } from "../../std/random.ts";
import { note } from "../desk/note.ts";
import type { World } from "../world.ts";
import { type Due, dueOf } from "./due.ts";
import { aborted, timesOf, waitUntil } from "./times.ts";
import { type Kept, scheduleIn, schedulesIn } from "./view.ts";

/**
 * What is done when a schedule's time comes.
 *
 *     claim   under a lease of the schedule it is written down which time begins which run
 *     begin   that run, and no other: who finds a claim without its run begins exactly it
 *     keep    as long as that run has not ended, the schedule begins no other
 *
 * So each time begins one run at most, however many processes look and wherever one of them dies.
 */
export interface Starter {
  /** Why it may not begin as things are now; null when it may. */
  refused(schedule: Schedule): Promise<Failure | null>;
  begin(schedule: Schedule, claim: RunSchedule, run: string, hooks: RunHooks): Promise<RunHandle>;
  close(): Promise<void>;
}

/** What schedules are kept with. */
export interface Keeper extends Pick<World, "clock" | "random"> {
  readonly journal: Journal;
  /** Only what was saved in this folder begins here. */
  readonly workspace: string;
  /** The arrangement as it is now, and not as it was when this process began. */
  open(): Promise<Starter>;
}

/** Said by whoever saves or removes a schedule. */
export const SCHEDULES_TOPIC = "schedules";

/** Begins what is due until the signal aborts, and resolves when all it began has ended or waits. */
export async function keepSchedules(
  keeper: Keeper,
  signal: AbortSignal,
  on: (fired: Fired) => void,
): Promise<void> {
  const { journal, clock } = keeper;
  const desk: Desk = { keeper, signal, on, underWay: new Map(), rests: new Map(), told: new Set() };
  let news = new AbortController();
  const forget = journal.onWake((topic) => {
    // What was refused may be another thing now.
    if (TOPICS.has(topic)) desk.rests.clear();
    if (TOPICS.has(topic) || topic.startsWith("stopped:")) news.abort();
  });
  try {
    while (!signal.aborted) {
      news = new AbortController();
      const all = await lookAt(keeper);
      for (const one of all) {
        sayNext(desk, one);
        if (mayFire(desk, one)) start(desk, one.schedule.name, () => news.abort());
      }
      const either = AbortSignal.any([signal, news.signal]);
      const next = Math.min(...all.flatMap((one) => one.next ?? []));
      // Where nothing comes nothing is looked at: whoever saves one says so.
      if (all.length === 0) await aborted(either);
      else await waitUntil(clock, Math.min(next, clock.now() + LIMITS.scheduleLookMs), either);
    }
  } finally {
    forget();
    await Promise.allSettled(desk.underWay.values());
  }
}

/** What one process has under way. */
interface Desk {
  readonly keeper: Keeper;
  readonly signal: AbortSignal;
  readonly on: (fired: Fired) => void;
  readonly underWay: Map<string, Promise<void>>;
  /** Until when one that could not begin is left alone. */
  readonly rests: Map<string, number>;
  /** What was said already. */
  readonly told: Set<string>;
}

const TOPICS: ReadonlySet<string> = new Set([SCHEDULES_TOPIC, "grants"]);

function sayNext({ told, on }: Desk, { schedule, seq, next }: Looked): void {
  const key = `${seq} next`;
  if (next === null || told.has(key)) return;
  told.add(key);
  on({ id: idOf(schedule), what: timeText(next), state: "listening" });
}

function mayFire({ underWay, rests, keeper }: Desk, { schedule, isDue }: Looked): boolean {
  const { name } = schedule;
  const rested = (rests.get(name) ?? 0) <= keeper.clock.now();
  return isDue && rested && !underWay.has(name) && underWay.size < LIMITS.schedulesAtOnce;
}

function start(desk: Desk, name: string, over: () => void): void {
  const { underWay, rests, keeper, on } = desk;
  const done = fire(desk, name)
    .catch((error: unknown) => {
      // The others go on whatever became of this one; what is on record says how far it came.
      on({ id: `schedule ${name}`, what: "now", state: "dropped", why: messageOf(error) });
      return false;
    })
    .then((began) => {
      if (!began) rests.set(name, keeper.clock.now() + LIMITS.scheduleRestMs);
      underWay.delete(name);
      over();
    });
  underWay.set(name, done);
}

/** A schedule as it stands; `next` is its next time where nothing is due. */
interface Looked {
  readonly schedule: Schedule;
  readonly seq: number;
  readonly isDue: boolean;
  readonly next: number | null;
}

async function lookAt({ journal, clock, workspace }: Keeper): Promise<readonly Looked[]> {
  const here = schedulesIn(journal).filter(({ schedule }) => schedule.workspace === workspace);
  return Promise.all(
    here.map(async (kept) => {
      const due = await standing(kept, clock.now());
      const isDue = isLost(journal, kept) || (due.state !== "later" && !isOpen(journal, kept));
      const next = due.state === "later" ? due.next : null;
      return { schedule: kept.schedule, seq: kept.seq, isDue, next };
    }),
  );
}

/** What is due of a schedule as it is kept. */
export async function standing(kept: Kept, now: number): Promise<Due> {
  return dueOf(await timesOf(kept.schedule.when), kept, now);
}

/** True while the run it began last has not ended: it goes on, waits, or was cut off. */
export function isOpen(journal: Journal, { run }: Kept): boolean {
  if (run === null) return false;
  const head = journal.head(run);
  return head === null ? journal.carried(run) : head.kind !== "run.ended";
}

/** True where a run was claimed, and whoever claimed it was gone before it began. */
export function isLost(journal: Journal, { run, claimed }: Kept): boolean {
  return claimed && run !== null && journal.head(run) === null && !journal.carried(run);
}

/** False where nothing came of it. */
async function fire(desk: Desk, name: string): Promise<boolean> {
  const { journal, clock } = desk.keeper;
  const lease = journal.lease(`schedule ${name}`);
  // Another process is about to begin it.
  if (lease === null) return false;
  let starter: Starter | null = null;
  let handle: RunHandle | null;
  try {
    // Read while it is held: what was due may have begun since.
    const kept = scheduleIn(journal, name);
    const claim = kept && (await claimed(desk, kept, await standing(kept, clock.now())));
    if (!kept || !claim) return false;
    starter = await openFor(desk, kept, claim.due);
    handle = starter && (await beginAs(desk, starter, kept, claim));
  } catch (error) {
    await starter?.close();
    throw error;
  } finally {
    // Whoever looks next finds the run held by this process.
    lease.release();
  }
  try {
    if (handle) await follow(handle, name, desk.on);
    return handle !== null;
  } finally {
    await starter?.close();
  }
}

/** A time that begins a run. `run` is set where that was claimed before, and never began. */
interface Claim {
  readonly due: number;
  readonly until: number;
  readonly missed: number;
  readonly run: string | null;
}

/** What is to begin; null where nothing is, or where what was missed is skipped, which is written down. */
async function claimed(desk: Desk, kept: Kept, due: Due): Promise<Claim | null> {
  const { journal, clock } = desk.keeper;
  if (isOpen(journal, kept)) return null;
  const now = clock.now();
  if (isLost(journal, kept)) {
    const at = kept.due ?? now;
    const claim = { due: at, until: kept.until, missed: kept.missed, run: kept.run };
    const isLate = at < now - LIMITS.scheduleLateMs;
    return isLate && kept.schedule.missed === "skip" ? skip(desk, kept, 1, kept.until) : claim;
  }
  switch (due.state) {
    case "later":
      return null;
    case "now":
      return { due: due.due, until: due.due, missed: due.passed, run: null };
    case "late":
      return kept.schedule.missed === "skip"
        ? skip(desk, kept, due.passed, now)
        : { due: due.due, until: now, missed: due.passed - 1, run: null };
  }
}

async function skip(
  { keeper, on }: Desk,
  { schedule }: Kept,
  missed: number,
  until: number,
): Promise<null> {
  const { name } = schedule;
  const body = { kind: "schedule.missed", name, until, missed, why: MISSED } as const;
  await note(keeper.journal, body, "kernel");
  on({ id: idOf(schedule), what: timeText(until), state: "dropped", why: MISSED.message });
  return null;
}

const MISSED = {
  // schedule.missed -> Nothing: its next time stands in nanos schedule list. To begin late instead: --missed once.
  code: "schedule.missed",
  message: "Its time passed while nothing was there to begin it, and it skips what it missed.",
};

/** What begins it, where nothing stands against that; what does is written down once. */
async function openFor(desk: Desk, kept: Kept, due: number): Promise<Starter | null> {
  const { journal } = desk.keeper;
  const { schedule } = kept;
  const found = await opened(desk.keeper, schedule);
  if ("begin" in found) return found;
  const key = `${kept.seq} ${found.message}`;
  if (kept.why?.message !== found.message) {
    const { name } = schedule;
    await note(journal, { kind: "schedule.held", name, due, why: found }, "kernel");
  }
  if (desk.told.has(key)) return null;
  desk.told.add(key);
  const why = [found.message, found.next ?? ""].join(" ").trim();
  desk.on({ id: idOf(schedule), what: timeText(due), state: "dropped", why });
  return null;
}

async function opened(keeper: Keeper, schedule: Schedule): Promise<Starter | Failure> {
  let starter: Starter | null = null;
  try {
    starter = await keeper.open();
    const why = await starter.refused(schedule);
    if (why === null) return starter;
    await starter.close();
    return why;
  } catch (error) {
    await starter?.close();
    if (!(error instanceof NanosError)) throw error;
    const { code, message, next } = error;
    return { code, message, next };
  }
}

/** Claims the time, where it is not claimed, and begins its run. */
async function beginAs(
  { keeper, signal, on }: Desk,
  starter: Starter,
  { schedule }: Kept,
  claim: Claim,
): Promise<RunHandle> {
  const { due, until, missed } = claim;
  const { name } = schedule;
  const run = claim.run ?? newId("r", keeper.clock.now(), keeper.random);
  if (claim.run === null) {
    const body = { kind: "schedule.fired", name, due, run, until, missed } as const;
    await note(keeper.journal, body, "kernel");
  }
  const handle = await starter.begin(schedule, { name, due }, run, { signal });
  on({ id: idOf(schedule), what: timeText(due), state: "begun", run });
  return handle;
}

async function follow(handle: RunHandle, name: string, on: (fired: Fired) => void): Promise<void> {
  const { run } = handle;
  const state = await handle.done;
  const id = `schedule ${name}`;
  if (state.state === "ended")
    on({ id, what: run, state: "ended", run, outcome: state.ended.outcome });
  else on({ id, what: run, state: "waiting", run });
}

function idOf({ name }: Schedule): string {
  return `schedule ${name}`;
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
