import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Clock } from "../../../std/clock.ts";
import { NanosError, assert, codeOf } from "../../../std/error.ts";
import { LIMITS } from "../../../std/limits.ts";
import { plainText } from "../../../std/text.ts";
import { Diverged, Superseded } from "../../../contracts/drive.ts";
import type { RestatePlace, Standing } from "../../../contracts/engine.ts";
import type { Journal, Lease } from "../../../journal/journal.ts";
import { CANCELLED } from "../../../kernel/drive/watch.ts";
import * as board from "../board.ts";
import type { Carry, Engine } from "../engine.ts";
import { UNFINISHED, whyBlocked } from "../local.ts";
import { asDraft, copyInto, holding, recordOf } from "../record.ts";
import { type Ingress, ingress, register } from "./ingress.ts";
import { logObject } from "./log.ts";
import { type Batch, type Came, type Hold, namesIn, type Sdk } from "./wire.ts";
import { missionWorkflow, queueObject } from "./workflow.ts";
import { Through, bytesOf, draftsOf, inBatches, refuseLarge } from "./through.ts";

export interface RestateParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly place: RestatePlace;
  /** Missions carried at once, by queue; `LIMITS.missionsAtOnce` for others. */
  readonly queues?: Readonly<Record<string, number>>;
  /** Keeps the missions of one operator from those of another. */
  readonly space: string;
  /** Told where this process listens, before Restate is. */
  readonly onListen?: (port: number) => void;
}

/**
 * The engine of many machines: Restate 1.7. Its log is the ground of a mission that runs there, and
 * a home that carries it, or asks about it, holds a copy. A mission is carried from what is recorded
 * of it, as on any other engine: what Restate knows of it is a log, a name it waits for, and which
 * worker holds it.
 */
export function restateEngine(parts: RestateParts): Engine {
  const { journal, clock, place, space } = parts;
  const log = ingress(place.url, namesIn(space).log, clock);
  const worker = new Worker(parts, log);
  const known = async (run: string): Promise<void> => {
    if (!board.isKnown(journal, run)) await standing(parts, log, run);
  };
  return {
    name: NAME,
    work: (carry) => worker.begin(carry),
    submit: async (mission, record = []) => {
      const drafts = record.map(asDraft);
      refuseLarge(mission.run, bytesOf(drafts));
      await log.send(mission.run, "submit", { mission, record: inBatches(drafts) });
      await board.put(journal, mission, NAME);
    },
    signal: async (run, signal) => {
      await known(run);
      await log.send(run, "signal", signal);
    },
    cancel: async (run) => {
      await known(run);
      await log.send(run, "cancel");
    },
    read: async (run) => {
      await known(run);
      const { batches } = await log.call<{ batches: readonly Batch[] }>(run, "read");
      const drafts = draftsOf(run, batches);
      // Who carries it here copies it as it goes.
      await copyInto(journal, drafts);
      return recordOf(journal, run);
    },
    status: (run) => standing(parts, log, run),
    stop: (drainMs) => worker.stop(drainMs),
  };
}

/** Whether these are keys a server can sign with. @throws NanosError `engine.bad_key`. */
export async function checkKeys(identityKeys: readonly string[]): Promise<void> {
  const sdk = await import("@restatedev/restate-sdk");
  try {
    const keys = [...identityKeys];
    sdk.createEndpointHandler({ services: [], identityKeys: keys, logger: () => undefined });
  } catch {
    throw new NanosError(
      "engine.bad_key",
      `${plainText(identityKeys.join(", "))} is no key of a Restate server.`,
      "Give what it signs as, from publickeyv1_ on: nanos engine restate --url URL --identity-key KEY",
    );
  }
}

const NAME = "restate";

async function standing({ journal }: RestateParts, log: Ingress, run: string): Promise<Standing> {
  let found: Standing | null;
  try {
    found = await log.call<Standing | null>(run, "standing", null, LIMITS.engineAskMs);
  } catch (error) {
    if (!board.isKnown(journal, run)) throw error;
    return { ...board.standingOf(journal, run), copy: true };
  }
  if (found) return found;
  // It was given to Restate, and no worker was there yet to take it.
  if (board.isKnown(journal, run)) return board.standingOf(journal, run);
  throw board.unknown(run);
}

/** What one process carries for Restate. */
class Worker {
  readonly #parts: RestateParts;
  readonly #log: Ingress;
  #carry: Carry | null = null;
  #server: Http2Server | null = null;
  #forget: () => void = () => undefined;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Missions held by this process, and the lease in its own home. */
  readonly #held = new Map<string, { readonly lease: Lease; readonly over: Promise<unknown> }>();

  constructor(parts: RestateParts, log: Ingress) {
    this.#parts = parts;
    this.#log = log;
  }

  async begin(carry: Carry): Promise<void> {
    assert(this.#carry === null, "one process works once");
    this.#carry = carry;
    const { place, onListen, journal } = this.#parts;
    await checkKeys(place.identityKeys ?? []);
    const sdk: Sdk = await import("@restatedev/restate-sdk");
    const { createServer } = await import("node:http2");
    const handler = sdk.createEndpointHandler({
      services: this.#services(sdk) as never,
      ...(place.identityKeys ? { identityKeys: [...place.identityKeys] } : {}),
      logger: () => undefined,
    });
    const server = createServer(handler);
    this.#server = server;
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(portTaken(place.port, error)));
      server.listen(place.port, "127.0.0.1", resolve);
    });
    const address = server.address();
    assert(typeof address === "object" && address !== null, "a server that listens has a port");
    onListen?.(address.port);
    await register(place.admin, place.address ?? `http://127.0.0.1:${address.port}`);
    for (const run of board.blockedOn(journal, NAME)) await this.#log.send(run, "again");
    this.#forget = journal.onWake((topic) => {
      if (topic.startsWith("answer:")) void this.#passOn();
    });
    await this.#passOn();
  }

  #services(sdk: Sdk): readonly unknown[] {
    const names = namesIn(this.#parts.space);
    const mission = missionWorkflow(sdk, names, {
      carry: (run) => this.#carryHere(run),
      mostOf: (queue) => this.#parts.queues?.[queue] ?? LIMITS.missionsAtOnce,
    });
    return [logObject(sdk, names), queueObject(sdk, names), mission];
  }

  async stop(drainMs: number): Promise<void> {
    this.#forget();
    const over = Promise.all([...this.#held.values()].map((one) => one.over));
    const enough = new AbortController();
    await Promise.race([over, this.#parts.clock.sleep(drainMs, enough.signal)]);
    enough.abort();
    this.#server?.close();
    // What Restate still has open here would go on calling a process that has stopped.
    for (const session of this.#sessions) session.destroy();
    this.#server = null;
  }

  /** Holds the mission, brings the copy here up to date, and carries it as far as it goes. */
  async #carryHere(run: string): Promise<Came> {
    const { journal, clock } = this.#parts;
    const hold = await this.#log.call<Hold>(run, "hold");
    // Whoever carried it here before was superseded by that.
    this.#held.get(run)?.lease.release();
    const lease = journal.lease(run, "hanging");
    assert(lease, `run ${run} is held once`);
    const control = new AbortController();
    const onCancel = (): void => control.abort(CANCELLED);
    const ended = new AbortController();
    void this.#hearCancel(run, ended.signal, onCancel);
    const through = new Through({ journal, clock, log: this.#log, hold, onCancel });
    const over = this.#copied(hold, lease).then(async () => {
      if (hold.cancelled) onCancel();
      const held = holding(through.journal, lease);
      await this.#carry?.({ mission: hold.mission, journal: held, signal: control.signal });
    });
    const mine = { lease, over: over.catch(() => undefined) };
    this.#held.set(run, mine);
    try {
      await over;
      // The operator may have answered between the ask and the wait.
      await this.#passOn();
      return cameTo(journal, run) ?? (await this.#blocked(run, new Error(UNFINISHED)));
    } catch (error) {
      // Restate calls whoever is there again; what this one did is refused from now on.
      if (error instanceof Superseded || isOutside(error)) throw error;
      return await this.#blocked(run, error);
    } finally {
      ended.abort();
      if (this.#held.get(run) === mine) this.#held.delete(run);
      lease.release();
    }
  }

  async #blocked(run: string, error: unknown): Promise<Came> {
    const { journal } = this.#parts;
    const why = whyBlocked(run, error);
    await board.block(journal, run, why);
    // What never began stopped nothing, and somebody may wait for it.
    await journal.wake(`stopped:${run}`);
    return { state: "blocked", why };
  }

  /** What the operator answered in this home is a signal to whoever carries the mission. */
  async #passOn(): Promise<void> {
    for (const { run, signal } of board.heardOn(this.#parts.journal, NAME)) {
      // A server that is away is told when a process begins to work again.
      await this.#log.send(run, "signal", signal).catch(() => undefined);
    }
  }

  /**
   * Stands on one call that is answered when the mission is cancelled, or over. An append hears of it
   * as well: the call is for steps that take longer.
   */
  async #hearCancel(run: string, signal: AbortSignal, onCancel: () => void): Promise<void> {
    const { place, space, clock } = this.#parts;
    const target = new URL(`${namesIn(space).mission}/${run}/cancelled`, place.url);
    for (;;) {
      await clock.sleep(LIMITS.wakeMs, signal);
      if (signal.aborted) return;
      try {
        // One call for all who ask, however often the mission was taken over.
        const headers = { "idempotency-key": run };
        const response = await fetch(target, { method: "POST", headers, signal });
        if (response.ok && (await response.json()) === true) onCancel();
        if (response.ok) return;
      } catch {
        // It was cut off: called again, unless the mission is over.
      }
    }
  }

  async #copied({ mission, batches, signals }: Hold, lease: Lease): Promise<void> {
    const { journal } = this.#parts;
    const drafts = draftsOf(mission.run, batches);
    // Without all of it here nothing can go on; Restate calls again.
    if (!(await copyInto(holding(journal, lease), drafts))) {
      throw new Superseded(`a part of ${mission.run} is still being carried here`);
    }
    await board.put(journal, mission, NAME);
    for (const signal of signals) await board.take(journal, mission.run, signal);
  }
}

function portTaken(port: number, error: Error): Error {
  if (codeOf(error) !== "EADDRINUSE") return error;
  return new NanosError(
    "engine.port_taken",
    `Another process listens at port ${port}.`,
    "Let that one carry missions, or put both behind one address: nanos engine restate --address URL --port PORT",
    error,
  );
}

/** A failure of what is around a mission, not of what carries it. */
function isOutside(error: unknown): boolean {
  if (error instanceof Diverged || !(error instanceof NanosError)) return false;
  return error.code === "engine.unreachable" || error.code.startsWith("journal.");
}

/** Where a mission stands by its newest event; null when it neither ended nor waits. */
function cameTo(journal: Journal, run: string): Came | null {
  const found = board.standingOf(journal, run);
  return found.state === "ended" || found.state === "waiting" ? found : null;
}
