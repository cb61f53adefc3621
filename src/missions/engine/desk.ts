import { join } from "node:path";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type {
  EngineConfig,
  Engines,
  Mission,
  ServerUp,
  ServeWish,
} from "../../contracts/engine.ts";
import type { ForkRequest, RunHandle, RunHooks } from "../../contracts/nanos.ts";
import type { RunState } from "../../contracts/run.ts";
import type { Fired } from "../../contracts/skill.ts";
import type { Home } from "../../home/home.ts";
import { listAsks } from "../../kernel/desk/approvals.ts";
import type { Going } from "../../kernel/events/watch.ts";
import { elsewhere, placeIn } from "../../kernel/open/place.ts";
import { begin, cancel, fork, resume } from "../../kernel/runner.ts";
import { topRun } from "../../kernel/views/traces.ts";
import type { World } from "../../kernel/world.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { newId } from "../../std/random.ts";
import * as board from "./board.ts";
import { asInput, carryMissions, type MayBegin, MISSION, type MissionInput } from "./carry.ts";
import type { Engine } from "./engine.ts";
import { localEngine } from "./local.ts";
import { move } from "./move.ts";
import { recordOf } from "./record.ts";

/** What engines are reached through. */
export interface EngineDesk {
  readonly world: World;
  readonly home: Pick<Home, "config" | "paths">;
  /** What missions go by here. */
  readonly arrangement: Pick<Arrangement, "workspace" | "dir">;
  readonly sandbox: Pick<Sandbox, "start">;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether what a schedule began may begin here and now. */
  readonly mayBegin?: MayBegin;
}

type Told = (run: string, came: string) => void;

/** How missions begin, go on and are stopped, on whichever engine they are. */
export interface MissionEngines extends Engines {
  begin(input: MissionInput, hooks: RunHooks): Promise<RunHandle>;
  /** Leaves it to whoever carries missions; nothing where it was left to them before. */
  submit(input: MissionInput & { readonly run: string }): Promise<void>;
  /** As for everybody, with what is done about a mission that ended. */
  work(signal: AbortSignal, told?: Told, ended?: (run: string) => Promise<void>): Promise<void>;
  resume(run: string, hooks?: RunHooks): Promise<RunHandle>;
  cancel(run: string): Promise<void>;
  /** Begins here, whoever carries the other one. @throws NanosError as the kernel's own does. */
  fork(request: ForkRequest): Promise<RunHandle>;
}

/** The engines of a home: this machine's own, and Restate where the operator says where that is. */
export function engineDesk(desk: EngineDesk): MissionEngines {
  const { world, home } = desk;
  const { journal } = world;
  const on = (run: string): string | null => board.engineOf(journal, topRun(run));
  return {
    list: () => list(desk),
    use: async (use) => {
      if (use === "restate") await restateOf(desk);
      await change(home, { use });
    },
    restate: async (place) => {
      await (await import("./restate/restate.ts")).checkKeys(place.identityKeys ?? []);
      await change(home, { restate: place, use: "restate" });
    },
    serve: (...args) => serveHere(desk, ...args),
    move: async (run, to) => {
      const from = on(run);
      if (from === null) throw board.unknown(run);
      if (from === to) return;
      await move(journal, run, await engineOf(desk, from), await engineOf(desk, to));
    },
    work: (signal, told, ended) => work(desk, signal, told, ended),
    submit: async (input) => {
      const engine = await engineOf(desk, (await configIn(home)).use);
      await engine.submit(missionOf(desk, input.run, input));
    },
    begin: async (input, hooks) => {
      const { use } = await configIn(home);
      if (use === "restate") return throughRestate(desk, hooks, { begins: input });
      const local = await engineOf(desk, "local");
      // On the board before it begins, so that whoever works goes on with it if this process ends.
      const held = (run: string): Promise<void> => local.submit(missionOf(desk, run, input));
      return begin(world, { ...input, ...hooks, held });
    },
    resume: async (run, hooks = {}) =>
      on(run) === "restate"
        ? throughRestate(desk, hooks, { run: topRun(run) })
        : resume(world, run, hooks),
    fork: async (request) => {
      if (on(request.run) === "restate") await lookedAt(desk, topRun(request.run));
      return fork(world, request);
    },
    cancel: (run) => cancelOn(desk, run, on(run)),
  };
}

/** A mission as it is given to an engine: to be carried here, and nowhere else. */
function missionOf({ arrangement }: EngineDesk, run: string, input: MissionInput): Mission {
  return { ...MISSION, run, input: asInput(input), place: placeIn(arrangement) };
}

/**
 * Brings the copy in this home up to date. Where Restate does not answer, or holds what was never
 * written, the copy as it is has to do: it is a beginning of the mission, and whole up to there.
 */
async function lookedAt(desk: EngineDesk, run: string): Promise<void> {
  try {
    await (await restateOf(desk)).read(run);
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
  }
}

/** One that waits in its queue has no record yet: whoever takes it up ends it. */
async function cancelOn(desk: EngineDesk, run: string, name: string | null): Promise<void> {
  const { world } = desk;
  const isQueued = name === "local" && world.journal.head(topRun(run)) === null;
  if (name !== "restate" && !isQueued) return cancel(world, run);
  const engine = await engineOf(desk, name ?? "local");
  await engine.cancel(topRun(run), "operator");
}

/** What the operator set up to carry missions. */
async function configIn({ config }: EngineDesk["home"]): Promise<EngineConfig> {
  return { ...NO_CONFIG, ...(await config.read()).engine };
}

async function change(
  { config }: EngineDesk["home"],
  engine: Partial<EngineConfig>,
): Promise<void> {
  await config.change((now) => ({ ...now, engine: { ...NO_CONFIG, ...now.engine, ...engine } }));
}

const NO_CONFIG: EngineConfig = { use: "local", queues: {} };

/** Serves, and keeps where, so that it can be chosen; a server the operator named stays theirs. */
async function serveHere(
  { world: { clock }, home, sandbox, env }: EngineDesk,
  { server, listen }: ServeWish,
  signal: AbortSignal,
  onUp: (up: ServerUp) => void,
): Promise<void> {
  const { findServer } = await import("./restate/program.ts");
  const { serve } = await import("./restate/serve.ts");
  const program = findServer(server, env);
  const dir = join(home.paths.machine, "restate");
  const own = { sandbox, clock, program, dir, ...(listen === undefined ? {} : { listen }) };
  await serve(own, signal, async (up) => {
    const { url, admin, identityKey } = up;
    const { restate: known } = await configIn(home);
    const isKept = !known || known.identityKeys?.includes(identityKey) || known.url === url;
    const place = { port: 9080, ...known, url, admin, identityKeys: [identityKey] };
    if (isKept) await change(home, { restate: place });
    onUp({ ...up, isKept });
  });
}

async function list(desk: EngineDesk): ReturnType<Engines["list"]> {
  const { world, home } = desk;
  const { journal } = world;
  const away = awayFrom(desk);
  const { use, restate } = await configIn(home);
  const missions = board.openOn(journal).map(({ mission: { run, queue }, engine }) => ({
    ...{ run, queue, engine },
    standing: board.standingOf(journal, run),
    ...(away.has(run) ? { elsewhere: away.get(run) ?? "" } : {}),
    events: recordOf(journal, run).length,
  }));
  return { use, restate: restate?.url ?? null, missions };
}

async function engineOf(desk: EngineDesk, name: string): Promise<Engine> {
  if (name === "restate") return restateOf(desk);
  const { journal, clock } = desk.world;
  const { queues } = await configIn(desk.home);
  return localEngine({ journal, clock, queues, place: placeIn(desk.arrangement) });
}

/** @throws NanosError `engine.no_restate`. */
async function restateOf({ world, home }: EngineDesk): Promise<Engine> {
  const { restate, queues } = await configIn(home);
  if (!restate) {
    throw new NanosError(
      "engine.no_restate",
      "Nothing says where a Restate server is.",
      "Start one here: nanos engine restate. Or say where it is: nanos engine restate --url URL",
    );
  }
  const { restateEngine } = await import("./restate/restate.ts");
  const { journal, clock } = world;
  return restateEngine({ journal, clock, queues, place: restate, space: spaceOf(world) });
}

/** The same wherever the operator's key is, and nobody else's. */
function spaceOf(world: World): string {
  return sha256(world.sign("nanos engine space")).slice(0, 12);
}

/** Missions that have not ended and are carried in another folder alone. */
function awayFrom({ world: { journal }, arrangement }: EngineDesk): ReadonlyMap<string, string> {
  const here = placeIn(arrangement);
  const open = board
    .openOn(journal)
    .flatMap(({ mission: { run, place } }): [string, string][] =>
      place && elsewhere(run, place, here) ? [[run, place.workspace]] : [],
    );
  return new Map(open);
}

async function work(
  desk: EngineDesk,
  signal: AbortSignal,
  told: Told = () => undefined,
  ended: (run: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const { restate } = await configIn(desk.home);
  const names = restate ? ["local", "restate"] : ["local"];
  const engines = await Promise.all(names.map((name) => engineOf(desk, name)));
  const carry = carryMissions(desk.world, {}, desk.mayBegin);
  try {
    for (const engine of engines) {
      await engine.work(async (held) => {
        const { run } = held.mission;
        told(run, "carried");
        await carry(held);
        const standing = board.standingOf(desk.world.journal, run);
        told(run, standing.state === "ended" ? standing.outcome : standing.state);
        if (standing.state === "ended") await ended(run);
      });
    }
    for (const run of awayFrom(desk).keys()) told(run, "elsewhere");
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await Promise.all(engines.map((engine) => engine.stop(DRAIN_MS)));
  }
}

/** Carries missions that wait for somebody to, told as what goes on by itself is. */
export function carrying(engines: Pick<MissionEngines, "work">): Going {
  return async (signal, on) => {
    try {
      await engines.work(signal, (run, came) => on(toldOf(run, came)));
    } catch (error) {
      if (!(error instanceof NanosError)) throw error;
      on({ id: "missions", what: "", state: "dropped", why: `${error.message} ${error.next}` });
    }
  };
}

function toldOf(run: string, came: string): Fired {
  const one = { id: `mission ${run}`, what: "", run };
  switch (came) {
    case "carried":
      return { ...one, state: "begun" };
    case "waiting":
      return { ...one, state: "waiting" };
    case "elsewhere":
      return { ...one, state: "dropped", why: "another folder's: nanos engine list says which" };
    case "blocked":
      return { ...one, state: "dropped", why: "it cannot go on as it is: nanos engine list" };
    default:
      return { ...one, state: "ended", outcome: came };
  }
}

/** What is under way when somebody stops to work has so long to come to its end. */
const DRAIN_MS = 5_000;

/** Works for Restate until this one mission ends or waits, with whoever is at hand to be asked. */
async function throughRestate(
  desk: EngineDesk,
  hooks: RunHooks,
  one: { readonly begins: MissionInput } | { readonly run: string },
): Promise<RunHandle> {
  const { world } = desk;
  const engine = await restateOf(desk);
  const named = "run" in one ? one.run : one.begins.run;
  const run = named ?? newId("r", world.clock.now(), world.random);
  const stopped = stoppedOf(world, run);
  try {
    await engine.work(carryMissions(world, hooks, desk.mayBegin));
  } catch (error) {
    // Whoever has the port carries it.
    if (!(error instanceof NanosError) || error.code !== "engine.port_taken") throw error;
  }
  if ("begins" in one) await engine.submit(missionOf(desk, run, one.begins));
  const stop = (): void => void engine.cancel(run, "operator");
  hooks.signal?.addEventListener("abort", stop, { once: true });
  const { state } = await engine.status(run);
  const done = (state === "ended" ? Promise.resolve() : stopped)
    .then(() => stateIn(world, run))
    .finally(() => engine.stop(0));
  // It may be known before anybody waits for it.
  done.catch(() => undefined);
  return { run, done, cancel: stop };
}

const BLOCKED = "See where it stands: nanos engine list";

/** Resolves when a process of this home has carried it as far as it goes. */
function stoppedOf({ journal }: World, run: string): Promise<void> {
  return new Promise((resolve) => {
    const forget = journal.onWake((topic) => {
      if (topic !== `stopped:${run}`) return;
      forget();
      resolve();
    });
  });
}

/** @throws NanosError what keeps it from going on, or from its beginning. */
function stateIn(world: World, run: string): RunState {
  const standing = board.standingOf(world.journal, run);
  if (standing.state === "blocked") {
    const { code, message, next } = standing.why;
    throw new NanosError(code, message, next ?? BLOCKED);
  }
  const head = world.journal.head(run);
  const body = head && world.journal.body(head);
  if (body?.kind === "run.ended") return { state: "ended", run, ended: body.end };
  const asks = listAsks(world).filter((ask) => topRun(ask.run) === run);
  return { state: "waiting", run, asks };
}
