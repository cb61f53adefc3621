import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { RunState } from "../../contracts/run.ts";
import type { Events, Fired } from "../../contracts/skill.ts";
import { begin } from "../runner.ts";
import type { Begun, DirectCall } from "../start.ts";
import type { World } from "../world.ts";
import { listen } from "./sources.ts";
import { type Live, split, subscriptions, viewOf } from "./subscriptions.ts";

/** Something that goes on by itself until the signal, and tells what it does. */
export type Going = (signal: AbortSignal, on: (fired: Fired) => void) => Promise<void>;

/**
 * The one place from which anything begins by itself: all of these go on until the signal. Where one
 * fails the others are stopped, and what it failed with is thrown once all have come to their end.
 */
export function goingOn(
  all: readonly Going[],
): (signal: AbortSignal, on?: (fired: Fired) => void) => Promise<void> {
  return async (signal, on = () => undefined) => {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const going = all.map((one) =>
      one(either, on).catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    );
    for (const one of await Promise.allSettled(going)) {
      if (one.status === "rejected") throw one.reason;
    }
  };
}

/** What skills answer by themselves, for whoever asks, and while somebody watches. */
export function eventDesk(world: World, workspace: string): Events {
  return {
    list: async () => (await all(world)).map(viewOf),
    watch: async (signal, on = () => undefined) => {
      // Who has nothing to answer is in nobody's way.
      if ((await all(world)).every(({ refused }) => refused !== null)) return;
      const lease = world.journal.lease(WATCH);
      if (lease === null) {
        const message = "Another process of this home answers events already.";
        throw new NanosError("events.watched", message, "Stop that one first, or leave it to it.");
      }
      try {
        await answer(world, workspace, signal, on);
      } finally {
        lease.release();
      }
    },
  };
}

/** The lease of whoever answers events. */
const WATCH = "events";

async function all({ facts, grants, clock }: World): Promise<readonly Live[]> {
  return subscriptions(await facts(), grants(), clock.now());
}

/** Something that waits for its run: the newest of its subscription, and how many it stands for. */
interface Waits {
  readonly live: Live;
  readonly what: string;
  readonly chain: readonly string[];
  readonly missed: number;
}

/**
 * Answers one event after the other. Of a subscription the newest waits and stands for the others;
 * what a run wrote is known when the next begins, so that it is not taken for somebody else's.
 */
async function answer(
  world: World,
  workspace: string,
  signal: AbortSignal,
  on: (fired: Fired) => void,
): Promise<void> {
  const waiting = new Map<string, Waits>();
  const book: Book = { began: new Map(), wrote: new Map() };
  let wake = (): void => undefined;
  const heard = (live: Live, what: string, chain: readonly string[] = []): void => {
    const before = waiting.get(live.id);
    const missed = before === undefined ? 0 : before.missed + 1;
    waiting.set(live.id, { live, what, chain, missed });
    wake();
  };
  for (const live of await all(world)) {
    const ears = { workspace, journal: world.journal, clock: world.clock, signal, heard };
    if (live.refused !== null) continue;
    const { id, what } = viewOf(live);
    const why = await listen(live, ears);
    on(why === null ? { id, what, state: "listening" } : { id, what, state: "dropped", why });
  }
  signal.addEventListener("abort", () => wake(), { once: true });
  while (!signal.aborted) {
    const [next] = waiting.values();
    if (next === undefined) {
      await new Promise<void>((resolve) => (wake = resolve));
      continue;
    }
    waiting.delete(next.live.id);
    await fire(world, workspace, { next, book, signal, on });
  }
}

/** What is kept of the runs that were begun. */
interface Book {
  /** When each subscription's runs of the last hour began. */
  readonly began: Map<string, readonly number[]>;
  /** What runs wrote: the content a file has since, and what led to it. */
  readonly wrote: Map<string, { readonly hash: string | null; readonly chain: readonly string[] }>;
}

interface Firing {
  readonly next: Waits;
  readonly book: Book;
  readonly signal: AbortSignal;
  readonly on: (fired: Fired) => void;
}

async function fire(
  world: World,
  workspace: string,
  { next, book, signal, on }: Firing,
): Promise<void> {
  const { live, what, missed } = next;
  const { id } = live;
  const chain = [...next.chain, ...(await ledTo(book, workspace, next))];
  const now = world.clock.now();
  const recent = (book.began.get(id) ?? []).filter((at) => at > now - HOUR);
  const why = whyNot(id, chain, recent.length);
  if (why !== null) return on({ id, what, state: "dropped", why });
  book.began.set(id, [...recent, now]);
  const { on: source } = live.subscription;
  const event = {
    id,
    skill: live.skill,
    on: source,
    what,
    chain,
    ...(missed > 0 ? { missed } : {}),
  };
  try {
    const { request, call } = orderOf(live, what);
    const handle = await begin(world, { ...request, event, within: live.within, signal }, call);
    on({ id, what, state: "begun", run: handle.run });
    const state = await handle.done;
    await noteWritten(book, state, [...chain, id]);
    on(cameTo(id, what, state));
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    on({ id, what, state: "dropped", why: error.message });
  }
}

const HOUR = 3_600_000;

function whyNot(id: string, chain: readonly string[], recent: number): string | null {
  if (chain.includes(id)) return "its own run led to it";
  if (chain.length >= LIMITS.eventDepth) return "too many events led to one another";
  if (recent >= LIMITS.eventsPerHour) return `it began ${recent} runs within an hour`;
  return null;
}

/** The subscriptions whose runs made a file what it is; none where somebody else did. */
async function ledTo(
  { wrote }: Book,
  workspace: string,
  { live, what }: Waits,
): Promise<readonly string[]> {
  if (live.subscription.on !== "file.changed") return [];
  const path = join(workspace, what);
  const known = wrote.get(path);
  return known !== undefined && known.hash === (await hashOf(path)) ? known.chain : [];
}

async function noteWritten(
  { wrote }: Book,
  state: RunState,
  chain: readonly string[],
): Promise<void> {
  if (state.state !== "ended") return;
  for (const { path } of state.ended.files) {
    wrote.delete(path);
    wrote.set(path, { hash: await hashOf(path), chain });
  }
  for (const path of [...wrote.keys()].slice(0, -LIMITS.treeFiles)) wrote.delete(path);
}

async function hashOf(path: string): Promise<string | null> {
  try {
    return sha256(await readFile(path));
  } catch {
    return null;
  }
}

/** What a subscription orders: a call of the skill's tool, its command, or an agent's work. */
function orderOf(
  { skill, subscription }: Live,
  what: string,
): { readonly request: Begun; readonly call?: DirectCall } {
  const [kind, name] = split(subscription.run);
  const words = (subscription.words ?? "").replaceAll("{what}", () => what);
  if (kind === "command") return { request: { text: `/${skill}:${name} ${words}`.trim() } };
  if (kind === "agent") return { request: { text: words || what, agent: name } };
  const args = filled(subscription.args ?? {}, what);
  return { request: { text: `${subscription.on} ${what}` }, call: { tool: name, args } };
}

function filled(value: Json, what: string): Json {
  if (typeof value === "string") return value.replaceAll("{what}", () => what);
  if (Array.isArray(value)) return value.map((one: Json) => filled(one, what));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, what)]));
}

function cameTo(id: string, what: string, state: RunState): Fired {
  const { run } = state;
  return state.state === "ended"
    ? { id, what, state: "ended", run, outcome: state.ended.outcome }
    : { id, what, state: "waiting", run };
}
