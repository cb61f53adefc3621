import { expect } from "bun:test";
import { join } from "node:path";
import type { Nanos } from "../../src/contracts/nanos.ts";
import { NanosError, openNanos } from "../../src/nanos.ts";
import type { Person } from "./nanos.ts";

/** What replaying and forking everything a home has recorded came to. */
export interface Forked {
  readonly runs: number;
  readonly forks: number;
  /** Steps that cannot be left at, and belong to no other one that can, each with the code of why. */
  readonly left: readonly string[];
}

/** A long run is forked at so many places, spread over it. */
const PLACES = 12;

/**
 * Replays every run a person's home has recorded, and forks each at its steps: the same up to the
 * fork, from where it is stopped at once, so that no model and no tool is asked. A run is forked in
 * the folder it began in, one of `folders`.
 */
export async function forkedEverywhere(me: Person, folders: readonly string[]): Promise<Forked> {
  let forks = 0;
  const runs = new Set<string>();
  const left = new Map<string, string>();
  for (const cwd of folders) {
    const env = { PATH: process.env["PATH"] ?? "" };
    const nanos = await openNanos({ home: join(me.userHome, ".nano-os"), env, cwd });
    for (const [run, at] of await placesIn(nanos, runs)) {
      // Left at in another folder already.
      if (runs.has(run) && !left.has(at)) continue;
      const code = await forkedAt(nanos, run, at);
      if (code === null) forks += 1;
      if (code === null || code === "fork.inside") left.delete(at);
      else left.set(at, code);
    }
    for (const { run, fork } of nanos.traces.list(ALL)) if (fork === undefined) runs.add(run);
    expect(nanos.traces.verify()).toMatchObject({ ok: true });
    await nanos.close();
  }
  return { runs: runs.size, forks, left: [...left].map(([at, code]) => `${at} ${code}`) };
}

const ALL = { limit: 1_000 };

/** Steps of every run that is no fork; what was not seen before is replayed on the way. */
async function placesIn(
  nanos: Nanos,
  seen: ReadonlySet<string>,
): Promise<readonly (readonly [run: string, at: string])[]> {
  const own = nanos.traces.list(ALL).filter(({ fork }) => fork === undefined);
  for (const { run } of own) {
    if (!seen.has(run)) expect(await nanos.traces.replay(run)).toMatchObject({ ok: true });
  }
  return own.flatMap(({ run }) => placesOf(nanos, run).map((at) => [run, at] as const));
}

function placesOf({ traces }: Nanos, run: string): readonly string[] {
  const steps = [...new Set(traces.events(run).flatMap(({ event: { step } }) => step ?? []))];
  const every = Math.max(1, steps.length / PLACES);
  const places = Array.from({ length: Math.min(steps.length, PLACES) }, (_, n) =>
    steps.at(Math.floor(n * every)),
  );
  return places.flatMap((step) => step ?? []);
}

/** Null where it was forked; else the code of why it cannot be. */
async function forkedAt(nanos: Nanos, run: string, at: string): Promise<string | null> {
  const { traces } = nanos;
  const parent = traces.events(run);
  try {
    const fork = await nanos.fork({ run, at, signal: AbortSignal.abort() });
    await fork.done;
    expect(await traces.replay(fork.run)).toMatchObject({ ok: true });
    expect(traces.show(fork.run).fork).toMatchObject({ run });
    const place = Number.parseInt(at.slice(run.length + 1), 10);
    const { steps } = traces.diff(run, fork.run);
    const before = steps.filter((step) => Number.parseInt(step.place, 10) < place);
    expect(before.map(({ is }) => is)).toEqual(before.map(() => "shared"));
    return null;
  } catch (error) {
    if (error instanceof NanosError) return error.code;
    throw error;
  } finally {
    expect(traces.events(run)).toEqual(parent);
  }
}
