import type { Keys } from "../../contracts/http/key.ts";
import type { Nanos } from "../../contracts/nanos.ts";
import { LIMITS } from "../../std/limits.ts";
import { Refusal } from "../refusal.ts";
import type { Counted, Rates } from "./rates.ts";
import type { Caller, Route } from "../route.ts";
import type { Seats } from "./seats.ts";

/**
 * Who is let in, how often and how many at once. What is counted is of this minute and of what is
 * under way: forgetting it all loses nothing.
 */
export interface Doors {
  /**
   * The key or seat of a request; null where none is needed.
   *
   * @throws Refusal `http.no_key`, `http.bad_key`, `http.operator_only`, `http.rate`, and as seats do.
   */
  admit(request: Request, route: Pick<Route, "needs" | "page">): Promise<Caller | null>;
  /** Takes a place among what is under way; gives it back with what is returned. @throws `http.busy`. */
  enter(key: Caller | null, what: keyof typeof PLACES): () => void;
  /** Requests under way. */
  readonly inside: number;
  /** Resolves when none is worked on; what only watches does not count. */
  idle(): Promise<void>;
}

export function openDoors(
  { keys, server }: Pick<Nanos, "keys" | "server">,
  seats: Pick<Seats, "admit">,
  rates: Rates,
): Doors {
  const inside = new Map<string, number>();
  const counts = { requests: 0, streams: 0 };
  const over: (() => void)[] = [];
  return {
    get inside() {
      return counts.requests + counts.streams;
    },
    admit: async (request, { needs, page = false }) => {
      if (needs === "nothing") return null;
      const { headers } = request;
      const seat = headers.has("authorization") ? null : seats.admit(request, page);
      const key = seat ?? (await keyIn(headers, keys));
      if (seat === null && server.keys?.includes(key.id) === false) throw badKey();
      if (needs === "operator" && key.agent !== null) throw operatorOnly();
      const held = { ...key, rate: Math.min(key.rate, server.rate ?? Infinity) };
      const wait = await rates.take(held);
      if (wait > 0) throw tooOften(held, wait);
      return key;
    },
    idle: () =>
      counts.requests === 0
        ? Promise.resolve()
        : new Promise((resolve) => void over.push(() => resolve())),
    enter: (key, what) => {
      const id = `${what} ${key?.id ?? ""}`;
      const own = inside.get(id) ?? 0;
      const isFull = counts[what] >= PLACES[what].all || own >= PLACES[what].own;
      if (isFull) throw new Refusal("http.busy", "Too much is under way.", "Try again later.");
      counts[what] += 1;
      inside.set(id, own + 1);
      return () => {
        counts[what] -= 1;
        if (counts.requests === 0) over.splice(0).forEach((done) => done());
        const left = (inside.get(id) ?? 1) - 1;
        if (left > 0) inside.set(id, left);
        else inside.delete(id);
      };
    },
  };
}

/** Requests that are worked on, and streams that mostly wait. */
const PLACES = {
  requests: { all: LIMITS.httpAtOnce, own: LIMITS.httpAtOncePerKey },
  streams: { all: LIMITS.httpStreams, own: LIMITS.httpStreamsPerKey },
};

/** Only a header carries a key: addresses are kept in logs and histories. */
async function keyIn(headers: Headers, keys: Pick<Keys, "admit">): Promise<Caller> {
  const [, secret] = /^Bearer +(\S+)$/iu.exec(headers.get("authorization") ?? "") ?? [];
  if (secret === undefined) {
    const next = "Send Authorization: Bearer KEY; nanos key new makes one.";
    throw new Refusal("http.no_key", "A key is needed.", next);
  }
  const key = await keys.admit(secret);
  if (key) return key;
  throw badKey();
}

function badKey(): Refusal {
  return new Refusal("http.bad_key", "The key is not a good one.", "nanos key new makes one.");
}

function operatorOnly(): Refusal {
  const next = "nanos key new --operator makes one.";
  return new Refusal("http.operator_only", "That takes the operator's own key.", next);
}

function tooOften({ rate }: Counted, wait: number): Refusal {
  const seconds = Math.ceil(wait / 1000);
  const message = `This key may ask ${rate} times a minute.`;
  return new Refusal("http.rate", message, `Try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}
