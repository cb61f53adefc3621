import { localDate } from "../std/clock.ts";
import { NanosError, assert } from "../std/error.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { nearest } from "../std/nearest.ts";
import { newId } from "../std/random.ts";
import { type Recorded, Superseded } from "../contracts/drive.ts";
import type { RunStarted } from "../contracts/event.ts";
import type { Message } from "../contracts/message.ts";
import type { RunHandle, RunRequest } from "../contracts/nanos.ts";
import type { RunState } from "../contracts/run.ts";
import type { Budget } from "../contracts/usage.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { drive } from "./drive/drive.ts";
import type { RunChild } from "./wants/delegate.ts";
import { localReal } from "./drive/local.ts";
import { type Carried, carryRun } from "./run.ts";
import { OPERATOR } from "./frame.ts";
import type { Facts, Hooks, World } from "./world.ts";

/** Begins a run and returns at once; `done` resolves when it ends or waits. */
export async function begin(
  world: World,
  request: RunRequest,
  call?: { tool: string; args: Json },
): Promise<RunHandle> {
  const run = newId("r", world.clock.now(), world.random);
  const facts = await world.facts();
  const started = await startOf(world, facts, request, call);
  return carry(world, { run, started, facts, recorded: [], hooks: request });
}

/** Goes on with a run from what is recorded of it. */
export async function resume(world: World, run: string, hooks: Hooks): Promise<RunHandle> {
  const recorded = [...world.journal.chain(run)];
  const first = recorded[0]?.body;
  if (first?.kind !== "run.started") {
    throw new NanosError("run.unknown", `There is no run ${run}.`, "See `nanos trace list`.");
  }
  if (first.parent) {
    const { run: parent } = first.parent;
    throw new NanosError(
      "run.delegated",
      `${run} is part of run ${parent}.`,
      `Resume that: nanos resume ${parent}`,
    );
  }
  const last = recorded.at(-1)?.body;
  if (last?.kind === "run.ended") {
    const done: Promise<RunState> = Promise.resolve({ state: "ended", run, ended: last.end });
    return { run, done, cancel: () => undefined };
  }
  const facts = world.recall(first.facts);
  if (!facts) {
    const message = `What run ${run} is judged by is gone from the vault.`;
    throw new NanosError("run.facts_lost", message, "Start it anew: nanos run.");
  }
  return carry(world, { run, started: first, facts, recorded, hooks });
}

interface Load {
  readonly run: string;
  readonly started: RunStarted;
  readonly facts: Facts;
  readonly recorded: readonly Recorded[];
  readonly hooks: Hooks;
}

function carry(world: World, load: Load): RunHandle {
  const { run, started, hooks, recorded } = load;
  const lease = world.journal.lease(run);
  if (!lease) {
    const message = `Run ${run} is being carried by another process.`;
    throw new NanosError("run.busy", message, `Wait for it, or stop it: nanos cancel ${run}`);
  }
  const deadline = startDeadline(started.budget.ms, world.clock.elapsed);
  const forget = world.journal.onWake((topic) => {
    if (topic === `cancel:${run}`) deadline.cancel();
  });
  const signal = hooks.signal ? AbortSignal.any([deadline.signal, hooks.signal]) : deadline.signal;
  const done = (async (): Promise<RunState> => {
    try {
      const real = localReal(world, { run, hooks, signal, deadline });
      if (recorded.length > 0) await real.outside({ kind: "run.resumed", by: "operator" });
      const carried = await carryRun({
        drive: drive(run, recorded, real, signal),
        world,
        facts: load.facts,
        hooks,
        started,
        past: pastOf(world, started.after),
        runChild: childRunner(world, deadline, signal),
      });
      if (carried.state === "waiting") {
        await real.outside({ kind: "run.waiting", asks: [...carried.asks] });
      }
      return stateOf(run, carried);
    } finally {
      forget();
      deadline.clear();
      lease.release();
    }
  })();
  return { run, done, cancel: deadline.cancel };
}

function stateOf(run: string, carried: Carried): RunState {
  return carried.state === "ended"
    ? { state: "ended", run, ended: carried.end }
    : { state: "waiting", run, asks: carried.asks };
}

/** Carries delegated runs. Each has a chain of its own that continues its parent's. */
function childRunner(world: World, deadline: Deadline, signal: AbortSignal): RunChild {
  return async (given) => {
    const { frame, step } = given;
    const run = childRun(step);
    const recorded = [...world.journal.chain(run)];
    const last = recorded.at(-1)?.body;
    if (last?.kind === "run.ended") return endedChild(world, run, last.end);
    // A lease of its own: a parent that was taken over must not write to its children either.
    const lease = world.journal.lease(run);
    if (!lease) throw new Superseded(`another process carries ${run}`);
    try {
      const { facts, hooks } = frame;
      const real = localReal(world, { run, hooks, signal, deadline });
      if (recorded.length > 0) await real.outside({ kind: "run.resumed", by: "kernel" });
      const carried = await carryRun({
        drive: drive(run, recorded, real, signal),
        world,
        facts,
        hooks,
        started: await childStart(world, given, recorded),
        past: [],
        runChild: childRunner(world, deadline, signal),
      });
      if (carried.state === "ended") return endedChild(world, run, carried.end);
      await real.outside({ kind: "run.waiting", asks: [...carried.asks] });
      return { state: "waiting", asks: carried.asks };
    } finally {
      lease.release();
    }
  };
}

/** What a delegated run begins with: its parent's facts, grants and words, and a part of its budget. */
async function childStart(
  world: World,
  { frame, step, agent, request, budget }: Parameters<RunChild>[0],
  recorded: readonly Recorded[],
): Promise<RunStarted> {
  const first = recorded[0]?.body;
  if (first?.kind === "run.started") return first;
  const hash = frame.heads.get(step);
  assert(hash, `step ${step} was carried without a judgement`);
  const wanted = { text: request, agent, budget, localOnly: frame.localOnly };
  return {
    ...(await startOf(world, frame.facts, wanted)),
    facts: frame.factsHash,
    grants: [...frame.grants],
    budget,
    said: frame.said,
    attended: frame.hooks.ask !== undefined,
    parent: { run: frame.drive.run, step, hash, depth: frame.depth + 1 },
  };
}

/** A delegated run is named after the step that delegated to it: `RUN.2` gives `RUN_2`. */
export function childRun(step: string): string {
  return step.replaceAll(".", "_");
}

function endedChild(
  world: World,
  run: string,
  end: Extract<Carried, { state: "ended" }>["end"],
): Awaited<ReturnType<RunChild>> {
  const head = world.journal.head(run);
  assert(head, `ended run ${run} has no events`);
  return { state: "ended", run, end, head: head.hash };
}

/** Everything a run begins with, as of now. */
async function startOf(
  world: World,
  facts: Facts,
  request: RunRequest,
  call?: { tool: string; args: Json },
): Promise<RunStarted> {
  const name = call ? OPERATOR : (request.agent ?? facts.oracle);
  const agent = facts.agents.find(({ manifest }) => manifest.name === name);
  if (!agent && !call) throw unknownAgent(name, facts);
  const wanted = agent?.manifest.model ?? "inherit";
  const modelName = request.model ?? (wanted === "inherit" ? world.defaultModel() : wanted);
  const model = call ? null : await world.model(modelName);
  return {
    kind: "run.started",
    agent: name,
    request: request.text,
    ...(call ? { call } : {}),
    after: [...(request.after ?? [])],
    model: {
      name: model?.name ?? "none",
      host: model?.host ?? null,
      priced: !model || model.price !== null,
    },
    workspace: facts.workspace,
    today: localDate(world.clock.now()),
    facts: await world.keep(facts),
    grants: [...world.grants()],
    rules: facts.rules.map(({ id }) => id),
    budget: budgetOf(facts, agent?.manifest.limits ?? {}, request.budget ?? {}),
    localOnly: request.localOnly ?? false,
    attended: request.ask !== undefined,
    version: world.version,
  };
}

function unknownAgent(name: string, facts: Facts): NanosError {
  const names = facts.agents.map(({ manifest }) => manifest.name);
  const near = nearest(name, names);
  const next = near ? `Did you mean ${near}?` : `Agents: ${names.join(", ") || "none"}.`;
  return new NanosError("agent.unknown", `There is no agent ${name}.`, next);
}

function budgetOf(facts: Facts, agent: Facts["limits"], asked: Partial<Budget>): Budget {
  const pick = (key: "turns" | "calls" | "tokens", least: number): number =>
    asked[key] ?? agent[key] ?? facts.limits[key] ?? least;
  const cost = asked.cost ?? agent.cost ?? facts.limits.cost;
  return {
    turns: pick("turns", LIMITS.turns),
    calls: pick("calls", LIMITS.calls),
    tokens: pick("tokens", LIMITS.tokens),
    ms: asked.ms ?? agent.ms ?? facts.limits.ms ?? LIMITS.runMs,
    depth: facts.depth,
    ...(cost === undefined ? {} : { cost }),
  };
}

/** The conversation before: what was asked and what was answered, run by run. */
export function pastOf(
  world: Pick<World, "journal">,
  after: readonly string[],
): readonly Message[] {
  const messages: Message[] = [];
  for (const run of after) {
    let end = "";
    for (const { body } of world.journal.chain(run)) {
      if (body?.kind === "run.started") {
        messages.push({ role: "user", parts: [{ type: "text", text: body.request }] });
      }
      if (body?.kind === "run.ended") end = body.end.text;
    }
    messages.push({ role: "assistant", parts: [{ type: "text", text: end }] });
  }
  return messages;
}
