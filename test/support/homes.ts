import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Nanos } from "../../src/contracts/nanos.ts";
import { NanosError } from "../../src/std/error.ts";

/** Homes of persons whose story is over, to be looked at once more before they go. */
let left: string[] = [];
let areKept = false;

/** From now on `differInHomes` is called after each test. */
export function keepHomes(): void {
  areKept = true;
}

/** A home nobody needs any more; it goes at once where nobody looks at it. */
export function leaveHome(userHome: string): void {
  if (areKept) left.push(userHome);
  else rmSync(userHome, { recursive: true, force: true });
}

/**
 * What differs where all that was recorded in the homes that were left is replayed, and forked in
 * its middle; nothing, as it should be. The homes are gone after that.
 */
export async function differInHomes(): Promise<readonly string[]> {
  const homes = left;
  left = [];
  const differs: string[] = [];
  for (const userHome of homes) {
    differs.push(...(await differsIn(userHome)));
    rmSync(userHome, { recursive: true, force: true });
  }
  return differs;
}

async function differsIn(userHome: string): Promise<readonly string[]> {
  const home = join(userHome, ".nano-os");
  if (!existsSync(join(home, "machine", "journal", "journal.db"))) return [];
  const { openNanos } = await import("../../src/nanos.ts");
  const differs: string[] = [];
  let nanos: Nanos | null = null;
  try {
    nanos = await openNanos({ home, env: { PATH: "" }, cwd: userHome });
    // A story may have broken it on purpose.
    if (!nanos.traces.verify().ok) return [];
    for (const { run, state } of nanos.traces.list({ limit: 1_000 })) {
      if (state !== "ended") continue;
      const { differs: what } = await nanos.traces.replay(run);
      if (what?.includes("was erased")) continue;
      const came = what ?? (await forkedInTheMiddle(nanos, run));
      if (came !== null) differs.push(`${run}: ${came}`);
    }
    return differs;
  } catch (error) {
    if (error instanceof NanosError && MAY_BE.test(error.code)) return differs;
    throw error;
  } finally {
    await nanos?.close();
  }
}

async function forkedInTheMiddle(nanos: Nanos, run: string): Promise<string | null> {
  const steps = nanos.traces.events(run).flatMap(({ event }) => event.step ?? []);
  const at = steps.at(steps.length / 2);
  return at === undefined ? null : forkedAt(nanos, run, at);
}

async function forkedAt(nanos: Nanos, run: string, at: string): Promise<string | null> {
  try {
    const forked = await nanos.fork({ run, at, signal: AbortSignal.abort() });
    await forked.done;
    return (await nanos.traces.replay(forked.run)).differs;
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const near = error.code === "fork.inside" && / --at (\S+)$/u.exec(error.next ?? "")?.[1];
    if (near && near !== at) return forkedAt(nanos, run, near);
    return MAY_BE.test(error.code) ? null : `${error.code}: ${error.message}`;
  }
}

/** What holds of the run, or of what the story has made of the arrangement since. */
const MAY_BE =
  /^(?:fork\.(?:agent|deep|elsewhere|order|tree)|(?:agent|manifest|model|trust)\..*)$/u;
