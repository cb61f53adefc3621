import { hashOf } from "../../../std/hash.ts";
import type { Json } from "../../../std/json.ts";
import type { Mission, Signal } from "../../../contracts/engine.ts";
import type { Draft } from "../../../contracts/event.ts";
import type { Failure } from "../../../contracts/outcome.ts";

/**
 * What Restate keeps of a mission, and all it does for it. Three services, by the mission's run:
 *
 *     log      an object that holds the mission's events and signals: one writer at a time
 *     mission  a workflow that lets a worker carry the mission, waits for what it waits for, and
 *              lets it be carried again
 *     queue    an object, by the queue's name, that lets so many in at a time
 *
 * The code of missions is nowhere in here: Restate's own record of the workflow is the same whatever
 * a mission does, so a new version of its code never meets an old record. A worker is fenced by the
 * epoch it took with `hold`; Restate sees that one ends or hangs, and calls another one.
 */

/** Events as they are appended together, chained to those before. */
export interface Batch {
  readonly drafts: readonly Draft[];
  readonly prev: string;
  readonly hash: string;
}

/** What a worker gets with a mission. */
export interface Hold {
  readonly epoch: number;
  readonly mission: Mission;
  readonly batches: readonly Batch[];
  readonly signals: readonly Signal[];
  readonly cancelled: boolean;
}

export type Appended =
  | { readonly state: "superseded" }
  | { readonly state: "ok"; readonly cancelled: boolean };

/** What a mission came to when it was carried. */
export type Came =
  | { readonly state: "ended"; readonly outcome: string }
  | {
      readonly state: "waiting";
      readonly signals: readonly string[];
      readonly until: number | null;
    }
  | { readonly state: "blocked"; readonly why: Failure };

/** Carries a mission in this process, to where it ends, waits or is blocked. */
export type CarryHere = (run: string) => Promise<Came>;

/** The Restate SDK, loaded when it is needed. */
export type Sdk = typeof import("@restatedev/restate-sdk");

/** Names of the services. A space keeps the missions of one operator from those of another. */
export function namesIn(space: string): Record<"log" | "mission" | "queue", string> {
  const named = (name: string): string => `nanos-${space}-${name}`;
  return { log: named("log"), mission: named("mission"), queue: named("queue") };
}

/** How long Restate keeps what an ended mission left, in milliseconds. */
export const RETENTION_MS = 30 * 24 * 3_600_000;

/** Longest a step may take before Restate takes its worker for stuck, in milliseconds. */
export const STEP_MS = 24 * 3_600_000;

/** Names of the services of one space. */
export type Names = ReturnType<typeof namesIn>;

/** The promise of a mission that is resolved when it is cancelled, or is over. */
export const CANCEL = "cancel";

/** A worker that is gone is replaced at once, however often that happens. */
export const RETRY = {
  initialInterval: 50,
  maxInterval: 2_000,
  exponentiationFactor: 2,
  maxAttempts: Number.MAX_SAFE_INTEGER,
};

/** Hash of a batch that follows the one with the hash `prev`. */
export function batchHash(drafts: readonly Draft[], prev: string): string {
  return hashOf({ v: 1, prev, drafts } as unknown as Json);
}

/** Sends one more call to a service; Restate has it written down with what the caller did. */
export function sender(sdk: Sdk): (
  ctx: { genericSend(call: never): unknown; readonly key: string },
  to: {
    readonly service: string;
    readonly method: string;
    readonly key?: string;
    readonly parameter: unknown;
    readonly delay?: number;
  },
) => void {
  return (ctx, to) =>
    void ctx.genericSend({ key: ctx.key, ...to, inputSerde: sdk.serde.json } as never);
}
