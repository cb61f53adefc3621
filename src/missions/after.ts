import type { Arrangement } from "../contracts/arrangement.ts";
import type { MissionStart } from "../contracts/mission.ts";
import type { RunHandle, RunHooks } from "../contracts/nanos.ts";
import type { RunState } from "../contracts/run.ts";
import type { Scope } from "../contracts/scope-parts.ts";
import { narrow } from "../gate/scopes.ts";
import { CANCELLED } from "../kernel/drive/watch.ts";
import { OPERATOR } from "../kernel/frame.ts";
import { resolveScope } from "../kernel/standing.ts";
import type { Facts, World } from "../kernel/world.ts";
import { canonical } from "../std/canonical.ts";
import { NanosError } from "../std/error.ts";
import type { Json } from "../std/json.ts";
import type { MissionInput } from "./engine/carry.ts";
import type { MissionEngines } from "./engine/desk.ts";
import { followed, type Given, inputsFor } from "./plan/begin.ts";
import { knownTo, refuseFaults } from "./plan/known.ts";
import { handedInAt, type Sourced } from "./plan/source.ts";

/** What is done when a run has ended, before whoever began or resumed it hears of that. */
export type After = (run: string, follow: Follow, signal?: AbortSignal) => Promise<void>;

/**
 * Begins a mission that follows on from another, or gives it to whoever carries missions; `done`
 * resolves when nothing more is to be waited for.
 */
export type Follow = (next: Next) => Promise<Pick<RunHandle, "done"> | { done: Promise<void> }>;

interface Next {
  readonly run: string;
  /** A plan of the arrangement; the step that handed it in, where an agent did. */
  readonly plan: string;
  readonly from?: string;
  readonly inputs: MissionStart["inputs"];
  readonly localOnly: boolean;
  readonly client: string | undefined;
  readonly follows: NonNullable<Given["follows"]>;
  /** The most the one before it could reach. */
  readonly within: readonly Scope[] | undefined;
  /** Where the one before it worked, absolute. */
  readonly workspace: string;
}

interface Places {
  readonly world: World;
  readonly arrangement: Arrangement;
  readonly models: () => readonly { readonly name: string }[];
}

/** What it begins with. */
export async function inputFor(
  { world, arrangement, models }: Places,
  next: Next,
): Promise<MissionInput> {
  const { inputs, follows, run, within, localOnly, client, workspace } = next;
  const facts = await world.facts();
  // Another folder's plan of that name is another plan.
  if (facts.workspace !== workspace) {
    const message = `Mission ${follows.run} worked in ${workspace}, and what follows it does as well.`;
    throw new NanosError("mission.elsewhere", message, `There: nanos mission run ${follows.run}`);
  }
  const { plan, by } = sourceOf({ world, arrangement }, next);
  const names = models().map((one) => one.name);
  refuseFaults(plan, knownTo(facts, plan.agent ?? facts.oracle, names));
  const from = next.from === undefined ? {} : { from: next.from };
  const given = { inputs: inputsFor(plan, typed(inputs)), follows, by, ...from };
  const reach = reachOf(facts, within, plan.within);
  return {
    ...{ text: `${plan.name}: ${plan.description}`, run, mission: followed(facts, plan, given) },
    ...(localOnly === true ? { localOnly } : {}),
    ...(plan.agent === undefined ? {} : { agent: plan.agent }),
    ...(reach === undefined ? {} : { within: reach }),
    ...(client === undefined ? {} : { client }),
  };
}

/** What is named follows only from the arrangement: it is the operator's own file. */
function sourceOf(
  { world, arrangement: { plans } }: Pick<Places, "world" | "arrangement">,
  { plan: name, from }: Next,
): Sourced {
  const own = from === undefined && Object.hasOwn(plans, name) ? plans[name] : undefined;
  const found = own ? { plan: own, by: OPERATOR } : from && handedInAt(world, from);
  if (found) return found;
  const message = `There is no plan ${name} to follow.`;
  throw new NanosError("plan.missing", message, "Put it into the arrangement's plans.");
}

/** No more than the one before could reach, and no more than its own plan says. */
function reachOf(
  { workspace, userHome }: Facts,
  before: readonly Scope[] | undefined,
  own: readonly Scope[] | undefined,
): readonly Scope[] | undefined {
  if (before === undefined || own === undefined) return before ?? own;
  return narrow(
    before,
    own.map((scope) => resolveScope(scope, workspace, userHome)),
  );
}

/** Values as they would be typed: what follows reads them by the type of each. */
function typed(inputs: MissionStart["inputs"]): Readonly<Record<string, string>> {
  const text = (value: Json): string => (typeof value === "string" ? value : canonical(value));
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, text(value)]));
}

/** Engines whose missions are followed by what their plans name. */
export function followedBy(
  engines: MissionEngines,
  places: Places & { readonly after: After },
): MissionEngines {
  const follow =
    (hooks: RunHooks): Follow =>
    async (next) =>
      own.begin(await inputFor(places, next), hooksFor(next, hooks));
  const then = ({ run, done, cancel }: RunHandle, hooks: RunHooks): RunHandle => {
    const stop = new AbortController();
    const signals = [stop.signal, ...(hooks.signal ? [hooks.signal] : [])];
    const signal = AbortSignal.any(signals);
    const over = async (): Promise<RunState> => {
      const state = await done;
      if (state.state === "ended") await places.after(run, follow({ ...hooks, signal }), signal);
      return state;
    };
    const cancelAll = (): void => {
      stop.abort(CANCELLED);
      cancel();
    };
    return { run, cancel: cancelAll, done: over() };
  };
  const submit: Follow = async (next) => {
    await engines.submit({ ...(await inputFor(places, next)), run: next.run });
    return { done: Promise.resolve() };
  };
  const own: MissionEngines = {
    ...engines,
    begin: async (input, hooks) => then(await engines.begin(input, hooks), hooks),
    resume: async (run, hooks = {}) => then(await engines.resume(run, hooks), hooks),
    // Whoever carries missions finds it on the board.
    work: (signal, told) => engines.work(signal, told, (run) => places.after(run, submit, signal)),
  };
  return own;
}

/** Whoever is at hand answers for the operator, and never for a client. */
export function hooksFor({ client }: Pick<Next, "client">, { ask, ...hooks }: RunHooks): RunHooks {
  return ask === undefined || client !== undefined ? hooks : { ...hooks, ask };
}
