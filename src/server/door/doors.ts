import type { Keys } from "../../contracts/http/key.ts";
import type { Clock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { Refusal } from "../refusal.ts";
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
}

export function openDoors(
  keys: Pick<Keys, "admit">,
  seats: Pick<Seats, "admit">,
  clock: Clock,
): Doors {
  const buckets = new Map<string, Bucket>();
  const inside = new Map<string, number>();
  const counts = { requests: 0, streams: 0 };
  return {
    get inside() {
      return counts.requests + counts.streams;
    },
    admit: async (request, { needs, page = false }) => {
      if (needs === "nothing") return null;
      const { headers } = request;
      const seat = headers.has("authorization") ? null : seats.admit(request, page);
      const key = seat ?? (await keyIn(headers, keys));
      if (needs === "operator" && key.agent !== null) throw operatorOnly();
      const wait = take(buckets, key, clock.elapsed());
      if (wait > 0) throw tooOften(key, wait);
      return key;
    },
    enter: (key, what) => {
      const id = `${what} ${key?.id ?? ""}`;
      const own = inside.get(id) ?? 0;
      const isFull = counts[what] >= PLACES[what].all || own >= PLACES[what].own;
      if (isFull) throw new Refusal("http.busy", "Too much is under way.", "Try again later.");
      counts[what] += 1;
      inside.set(id, own + 1);
      return () => {
        counts[what] -= 1;
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
  throw new Refusal("http.bad_key", "The key is not a good one.", "nanos key new makes one.");
}

function operatorOnly(): Refusal {
  const next = "nanos key new --operator makes one.";
  return new Refusal("http.operator_only", "That takes the operator's own key.", next);
}

/** Requests left of a key at a moment: they come back evenly, up to a minute's worth. */
interface Bucket {
  readonly left: number;
  readonly at: number;
}

/** Takes one request; gives the milliseconds until there is one where there is none. */
function take(buckets: Map<string, Bucket>, { id, rate }: Caller, now: number): number {
  const { left, at } = buckets.get(id) ?? { left: rate, at: now };
  const have = Math.min(rate, left + ((now - at) * rate) / MINUTE_MS);
  if (buckets.size > LIMITS.clientKeys) buckets.clear();
  buckets.set(id, { left: have < 1 ? have : have - 1, at: now });
  return have < 1 ? ((1 - have) * MINUTE_MS) / rate : 0;
}

const MINUTE_MS = 60_000;

function tooOften({ rate }: Caller, wait: number): Refusal {
  const seconds = Math.ceil(wait / 1000);
  const message = `This key may ask ${rate} times a minute.`;
  return new Refusal("http.rate", message, `Try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}
