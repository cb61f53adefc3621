import { NanosError, assert } from "../std/error.ts";
import { newId } from "../std/random.ts";
import { Diverged, type Recorded, Superseded } from "../contracts/drive.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Label } from "../contracts/label.ts";
import type { ForkRequest, RunHandle } from "../contracts/nanos.ts";
import type { RunEnd, RunState } from "../contracts/run.ts";
import { UNKNOWN_LABEL, joinLabels } from "../gate/labels.ts";
import type { Journal, Lease } from "../journal/journal.ts";
import { checkGiven } from "./asks/beforehand.ts";
import { heldByKey } from "./keys/keys.ts";
import { roomFor } from "./keys/used.ts";
import { note } from "./desk/note.ts";
import { drive } from "./drive/drive.ts";
import { firstOf, pastOf } from "./flow/past.ts";
import { agentOf } from "./frame.ts";
import { elsewhere, placeIn } from "./open/place.ts";
import { guarded, localReal } from "./drive/local.ts";
import { CANCELLED, type Limit, OUT_OF_TIME, type Watch, startWatch } from "./drive/watch.ts";
import { type Line, lineOf, type OwnRecord } from "./drive/line.ts";
import { type Carriage, type Carried, carryRun } from "./run.ts";
import {
  type DirectCall,
  NO_MODEL,
  childStart,
  ruledBy,
  startOf,
  type Begun,
  labelOfAsker,
} from "./start.ts";
import type { RunChild } from "./wants/delegate.ts";
import { topRun } from "./views/traces.ts";
import type { Facts, Hooks, World } from "./world.ts";

/** Begins a run and returns at once; `done` resolves when it ends or waits. */
export async function begin(world: World, asked: Begun, call?: DirectCall): Promise<RunHandle> {
  const request = await heldByKey(world, asked);
  const { key } = request;
  if (!key || (key.total === undefined && key.day === undefined)) {
    return beginNow(world, request, call);
  }
  // What is left is looked at while no other run of a key begins: what this one may use is set aside
  // for all others once its beginning is on disk.
  return world.alone(async () => {
    const begun = Promise.withResolvers<void>();
    const on: Begun["on"] = (live) => {
      begun.resolve();
      request.on?.(live);
    };
    const handle = await beginNow(world, { ...request, on, room: roomFor(world, key) }, call);
    await Promise.race([begun.promise, handle.done.catch(() => undefined)]);
    return handle;
  }, "key");
}

async function beginNow(world: World, request: Begun, call?: DirectCall): Promise<RunHandle> {
  // Whoever is no operator answers nothing. One call of theirs may use a yes the operator gave to
  // exactly that call.
  const answers = request.ask !== undefined || (!call && request.approvals !== undefined);
  assert(!request.client || !answers, "a client answers no ask");
  checkGiven(world, request.approvals ?? []);
  const run = request.run ?? newId("r", world.clock.now(), world.random);
  await world.guard.ready();
  const plain = world.guard.same(await world.facts());
  const facts = request.mission ? ruledBy(plain, request.mission.rules) : plain;
  assert(world.journal.head(run) === null, `run ${run} begins once`);
  const started = await startOf(world, facts, { ...request, run }, call);
  const lease = take(world.journal, run);
  try {
    // Read while it is held: where the name was given, another process may have begun it meanwhile.
    if (world.journal.head(run) !== null) throw begunAlready(run);
    await request.held?.(run);
  } catch (error) {
    lease.release();
    throw error;
  }
  return carry(world, lease, { run, started, facts, recorded: [], hooks: request });
}

/**
 * Goes on with a run from what is recorded of it; one that has ended just says so.
 *
 * @throws NanosError `run.unknown`, `run.delegated`, `run.erased`, `run.busy`, `run.facts_lost`,
 *   `run.elsewhere`, `model.*`.
 */
export async function resume(world: World, run: string, hooks: Hooks): Promise<RunHandle> {
  const { journal } = world;
  const ended = check(journal, run);
  if (ended) return endedHandle(ended);
  await world.guard.ready();
  const lease = take(journal, run);
  try {
    // Read while it is held: nobody else may write another line of it now.
    const recorded = [...journal.chain(run)];
    const since = check(journal, run);
    if (since) {
      lease.release();
      return endedHandle(since);
    }
    const started = recorded[0]?.body;
    assert(started?.kind === "run.started", "a run that can be resumed has a start");
    const facts = factsOf(world, started, run);
    const away = elsewhere(run, placeIn(facts), placeIn(await world.facts()));
    if (away) throw away;
    // A model that is gone is put back by the operator, not noted as the run's failure.
    if (started.model.name !== NO_MODEL.name) await world.model(started.model.name);
    return carry(world, lease, { run, started, facts, recorded, hooks });
  } catch (error) {
    lease.release();
    throw error;
  }
}

/**
 * Stops a run, in whatever process it is. One that nobody carries, as it waits or was interrupted,
 * is carried to its end here.
 *
 * @throws NanosError `run.ended`, and as `resume` does.
 */
export async function cancel(world: World, run: string): Promise<void> {
  const { journal } = world;
  const top = topRun(run);
  const end = check(journal, top);
  if (end) {
    const message = `Run ${run} has already ended: ${end.outcome}.`;
    throw new NanosError("run.ended", message, `See \`nanos trace show ${run}\`.`);
  }
  await note(journal, { kind: "run.cancel_requested", run: top, by: "operator" });
  await journal.wake(`cancel:${top}`);
  if (journal.carried(top)) return;
  const handle = await resume(world, top, { signal: AbortSignal.abort(CANCELLED) });
  await handle.done;
}

function begunAlready(run: string): NanosError {
  const message = `Run ${run} has begun already.`;
  return new NanosError("run.busy", message, `See it: nanos trace show ${run}`);
}

function take(journal: Journal, run: string): Lease {
  const lease = journal.lease(run);
  if (lease) return lease;
  const message = `Run ${run} is being carried by another process.`;
  throw new NanosError("run.busy", message, `Wait for it, or stop it: nanos cancel ${run}`);
}

/** The end of a run that has ended, null for one that can go on; throws for all others. */
function check(journal: Journal, run: string): RunEnd | null {
  const first = firstOf(journal, run);
  if (first?.event.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  if (first.body?.kind === "run.started" && first.body.parent) {
    const { run: parent } = first.body.parent;
    const message = `${run} is part of run ${parent}.`;
    throw new NanosError("run.delegated", message, `Resume that: nanos resume ${parent}`);
  }
  const last = journal.head(run);
  const end = last?.kind === "run.ended" ? journal.body(last) : null;
  if (end?.kind === "run.ended") return end.end;
  if (first.body && last?.kind !== "run.ended") return null;
  const message = `What run ${run} ${first.body ? "ended with" : "began with"} was erased.`;
  throw new NanosError("run.erased", message, "Start it anew: nanos run.");
}

function factsOf(world: World, started: RunStarted, run: string): Facts {
  const facts = world.recall(started.facts);
  if (facts) return facts;
  const message = `What run ${run} is judged by is gone from the vault.`;
  throw new NanosError("run.facts_lost", message, "Start it anew: nanos run.");
}

function endedHandle(ended: RunEnd): RunHandle {
  const { run } = ended;
  const done: Promise<RunState> = Promise.resolve({ state: "ended", run, ended });
  return { run, done, cancel: () => undefined };
}

/**
 * Begins a run that shares what another one did before a step, and goes on from there by itself.
 *
 * @throws NanosError `fork.*`, and as `begin` and `resume` do.
 */
export async function fork(world: World, request: ForkRequest): Promise<RunHandle> {
  const run = newId("r", world.clock.now(), world.random);
  await world.guard.ready();
  const { forkOf } = await import("./drive/fork.ts");
  const own = await forkOf(world, request, run);
  return carry(world, take(world.journal, run), { ...own, hooks: request });
}

interface Load extends OwnRecord {
  readonly hooks: Hooks;
}

/** Carries a run that the lease is held for, and gives it back in the end. */
function carry(world: World, lease: Lease, load: Load): RunHandle {
  const { run, started, recorded } = load;
  const { journal } = world;
  const line = lineIn(world, load);
  const watch = startWatch(world.clock.elapsed);
  const limit = watch.limit(timeLeft(started, recorded), OUT_OF_TIME);
  const stop = (): void => limit.stop(CANCELLED);
  const { signal: asked } = load.hooks;
  const signal = asked ? AbortSignal.any([limit.signal, asked]) : limit.signal;
  const done = async (): Promise<RunState> => {
    let forget = (): void => undefined;
    world.going.add(run);
    try {
      forget = journal.onWake((topic) => {
        if (topic === `cancel:${run}`) stop();
      });
      const past = pastOf(journal, line.started, line.recorded[0]?.event.seq);
      const now = joinLabels(past.label, ...labelOfAsker(line.started));
      const label = startLabel(line.recorded, now);
      const { messages, since, decisions, session } = past;
      const hooks = guarded(load.hooks);
      const chain = { ...load, ...line, hooks, past: messages, since, decisions, session, label };
      return stateOf(run, await carryChain(world, { watch, signal, limit }, chain, "operator"));
    } finally {
      forget();
      limit.clear();
      world.tools.leave(run);
      world.going.delete(run);
      lease.release();
      await journal.wake(`stopped:${run}`);
    }
  };
  return { run, done: done(), cancel: stop };
}

function lineIn({ journal, recall }: World, own: OwnRecord): Line {
  try {
    return lineOf(journal, recall, own);
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    const message = `What run ${own.run} shares with the one it was forked from is gone.`;
    throw new NanosError("run.erased", message, "Start it anew: nanos run.", error);
  }
}

/** What is left of a run's time after what it is recorded to have used. */
function timeLeft({ budget }: RunStarted, recorded: readonly Recorded[]): number {
  const last = recorded.findLast(({ event }) => event.kind === "action.proposed")?.body;
  return budget.ms - (last?.kind === "action.proposed" ? last.spent.ms : 0);
}

/** A label once recorded stays as it is. */
function startLabel(recorded: readonly Recorded[], now: Label): Label | null {
  const [first] = recorded;
  return first ? first.event.label : now;
}

/** What a run and those it delegates to share while they are carried. */
interface Ride {
  readonly watch: Watch;
  readonly signal: AbortSignal;
  /** Of the whole ride: where the journal fails, nothing in it can go on. */
  readonly limit: Limit;
}

type Chain = Load &
  Pick<Carriage, "session" | "past" | "since" | "decisions" | "label" | "branches">;

/** Carries one chain to its end or to where it waits, and says so on it. */
async function carryChain(
  world: World,
  ride: Ride,
  { run, started, facts, recorded, hooks, ...chain }: Chain,
  by: string,
): Promise<Carried> {
  const { watch, signal, limit } = ride;
  const real = localReal(world, { run, hooks, signal, watch, fail: limit.stop });
  const isBegun = recorded.some(({ event }) => event.run === run);
  if (isBegun) await real.outside({ kind: "run.resumed", by });
  const carried = await carryRun({
    ...{ drive: drive(run, recorded, real, signal), world, watch, facts, hooks, started },
    ...{ ...chain, runChild: childRunner(world, ride), decide: world.decide(started) },
  });
  if (carried.state === "waiting") {
    const { asks, until } = carried;
    const timed = until === undefined ? {} : { until };
    await real.outside({ kind: "run.waiting", asks: [...asks], ...timed });
  }
  return carried;
}

function stateOf(run: string, carried: Carried): RunState {
  return carried.state === "ended"
    ? { state: "ended", run, ended: carried.end }
    : { state: "waiting", run, asks: carried.asks };
}

/** Carries delegated runs. Each has a chain of its own that continues its parent's. */
function childRunner(outer: World, ride: Ride): RunChild {
  return async (asked) => {
    const { frame, one } = asked;
    const manifest = agentOf(frame.facts, asked.agent)?.manifest;
    const inner = manifest?.kind === "arrangement" ? await outer.inner(manifest) : null;
    if (inner && "code" in inner) return { state: "refused", failure: inner };
    const world = inner ? { ...outer, tools: inner.tools } : outer;
    const given = inner ? { ...asked, inner } : asked;
    const run = childRun(one.step);
    // A lease of its own: a parent that was taken over must not write to its children either.
    const lease = world.journal.lease(run);
    if (!lease) throw new Superseded(`another process carries ${run}`);
    try {
      const recorded = [...world.journal.chain(run)];
      const last = recorded.at(-1);
      if (last?.body?.kind === "run.ended") {
        return endedChild(world, run, last.body.end, last.event.label);
      }
      const started = await childStartOf(world, given, recorded);
      if ("code" in started) return { state: "refused", failure: started };
      const limit = ride.watch.limit(timeLeft(started, recorded), OUT_OF_TIME);
      const signal = AbortSignal.any([ride.signal, limit.signal]);
      const { hooks } = frame;
      const facts = inner ? factsOf(world, started, run) : frame.facts;
      const label = startLabel(recorded, frame.label);
      const chain = { run, started, facts, recorded, hooks, past: [], decisions: () => "", label };
      const carried = await carryChain(world, { ...ride, signal }, chain, "kernel").finally(
        limit.clear,
      );
      return carried.state === "waiting"
        ? carried
        : endedChild(world, run, carried.end, carried.label);
    } finally {
      inner?.tools.leave(topRun(run));
      lease.release();
    }
  };
}

type Failed = Extract<Awaited<ReturnType<RunChild>>, { state: "refused" }>["failure"];

/** The recorded start, or a new one; why there is none when its model can't be had. */
async function childStartOf(
  world: World,
  given: Parameters<RunChild>[0],
  recorded: readonly Recorded[],
): Promise<RunStarted | Failed> {
  const first = recorded[0]?.body;
  if (first?.kind === "run.started") return first;
  try {
    return await childStart(world, given, childRun(given.one.step));
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const { code, message, next } = error;
    return { code, message, next };
  }
}

/** A delegated run is named after the step that delegated to it: `RUN.2` gives `RUN_2`. */
export function childRun(step: string): string {
  return step.replaceAll(".", "_");
}

function endedChild(
  world: World,
  run: string,
  end: RunEnd,
  label: Label | null,
): Awaited<ReturnType<RunChild>> {
  const head = world.journal.head(run);
  assert(head, `ended run ${run} has no events`);
  return { state: "ended", run, end, head: head.hash, label: label ?? UNKNOWN_LABEL };
}
