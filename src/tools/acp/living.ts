import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Started } from "../kinds/program.ts";
import type { Asks, Link } from "../mcp/link.ts";
import type { Hearing } from "./hearing.ts";

/** The process of an agent, and the turn it is in. */
export interface Living extends Started {
  readonly link: Link;
  /** Who is told and asked now; null between two requests, when nobody is. */
  turn: { readonly hearing: Hearing; readonly asks: Asks } | null;
  /** The session it is in, and its name where another process could take it up. */
  session: string | null;
  named: string | null;
}

/**
 * Processes of agents that write nothing, between two requests of one conversation. Each waits for the
 * one request it is kept for, so none is ever shared; the longest idle makes room, and time ends it.
 */
export interface Livings {
  /** The one kept for this place, which is then whoever asks its own; null for none. */
  take(place: string | null): Living | null;
  /** Keeps it for this place; with null it ends. */
  keep(place: string | null, one: Living): Promise<void>;
  close(): Promise<void>;
}

export function openLiving(clock: Clock): Livings {
  const kept = new Map<string, { readonly one: Living; readonly timer: AbortController }>();
  let closed = false;
  const take = (place: string): Living | null => {
    const found = kept.get(place);
    kept.delete(place);
    found?.timer.abort();
    return found && !found.one.link.broken ? found.one : null;
  };
  const end = async (place: string): Promise<void> => {
    await take(place)?.link.stop();
  };
  return {
    take: (place) => (place === null ? null : take(place)),
    async keep(place, one) {
      if (place === null || closed) return one.link.stop();
      const timer = new AbortController();
      kept.set(place, { one, timer });
      void clock.sleep(LIMITS.agentIdleMs, timer.signal).then(() => {
        if (!timer.signal.aborted) void end(place);
      });
      const [oldest] = kept.keys();
      if (kept.size > LIMITS.agentsIdle && oldest !== undefined) await end(oldest);
    },
    async close() {
      closed = true;
      await Promise.all([...kept.keys()].map(end));
    },
  };
}
