import type { McpService } from "../../mcp/serve.ts";
import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { newId, type Random } from "../../std/random.ts";
import { Refusal } from "../refusal.ts";
import { type Feed, openFeed } from "./feed.ts";
import type { RpcId } from "./message.ts";

/**
 * A client of the revisions that begin with `initialize`, from there until it says that it goes or
 * was not heard of for long. It is of one key, and to every other key it is not there.
 */
export interface Session {
  readonly id: string;
  /** Id of its key. */
  readonly key: string;
  readonly mcp: McpService;
  /** Requests that are being answered. */
  readonly calls: Map<RpcId, AbortController>;
  /** Streams a client may come back to: all that go on, and the newest of those that ended. */
  readonly feeds: Map<string, Feed>;
  /** What is told without being asked for. */
  readonly standing: Feed;
  /** It is of a revision whose streams begin with an event without a message. */
  readonly primes: boolean;
  /** Streams somebody reads. */
  readers: number;
  /** True while somebody reads `standing`. */
  heard: boolean;
  /** When it was last heard of, by `clock.elapsed`. */
  at: number;
}

export interface Sessions {
  /** @throws Refusal `http.busy` where this key, or all together, have as many as there may be. */
  open(key: string, mcp: McpService, primes: boolean): Session;
  /** Null also for one of another key. */
  find(key: string, id: string): Session | null;
  end(session: Session): void;
  /** A stream of its own for one call. */
  feed(session: Session): Feed;
  /** Ends what is told without being asked for. */
  hush(): void;
}

export function openSessions({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): Sessions {
  const all = new Map<string, Session>();
  const end = (session: Session): void => {
    all.delete(session.id);
    for (const stop of session.calls.values()) stop.abort();
    for (const feed of session.feeds.values()) feed.end();
    void session.mcp.close();
  };
  const newFeed = (): Feed => openFeed(newId("f", clock.now(), random));
  return {
    end,
    hush: () => {
      for (const { standing } of all.values()) standing.end();
    },
    open: (key, mcp, primes) => {
      for (const one of all.values()) if (isForgotten(one, clock)) end(one);
      const given = inPlaceOf(all, key);
      if (given) end(given);
      const session = begun({ id: random.hex(32), key, mcp, primes, standing: newFeed(), clock });
      all.set(session.id, session);
      return session;
    },
    find: (key, id) => {
      const session = all.get(id);
      if (session?.key !== key) return null;
      if (isForgotten(session, clock)) {
        end(session);
        return null;
      }
      session.at = clock.elapsed();
      return session;
    },
    feed: (session) => {
      const feed = newFeed();
      const ended = [...session.feeds.values()].filter(({ over }) => over);
      for (const { id } of ended.slice(0, -LIMITS.mcpKeptStreams)) session.feeds.delete(id);
      session.feeds.set(feed.id, feed);
      return feed;
    },
  };
}

function begun({
  clock,
  ...made
}: Pick<Session, "id" | "key" | "mcp" | "primes" | "standing"> & {
  readonly clock: Clock;
}): Session {
  const feeds = new Map([[made.standing.id, made.standing]]);
  return { ...made, feeds, calls: new Map(), readers: 0, heard: false, at: clock.elapsed() };
}

/**
 * The session that ends for a new one, where there are as many as there may be: so a client that
 * begins anew each time and never says that it goes shuts nobody else out. @throws `http.busy`.
 */
function inPlaceOf(all: ReadonlyMap<string, Session>, key: string): Session | null {
  const own = [...all.values()].filter((one) => one.key === key);
  if (own.length < LIMITS.mcpSessionsPerKey && all.size < LIMITS.mcpSessions) return null;
  const [oldest] = own.filter(isIdle).toSorted((a, b) => a.at - b.at);
  if (oldest) return oldest;
  throw tooMany();
}

function isIdle({ calls, readers }: Session): boolean {
  return calls.size === 0 && readers === 0;
}

function isForgotten(session: Session, clock: Clock): boolean {
  return isIdle(session) && clock.elapsed() - session.at > LIMITS.mcpIdleMs;
}

function tooMany(): Refusal {
  const next = "End one that is not needed (DELETE), or try again later.";
  return new Refusal("http.busy", "Too many sessions are open.", next);
}
