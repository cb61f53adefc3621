import type { Clock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { Refusal } from "../refusal.ts";
import { connectRedis } from "./redis.ts";

/**
 * How often each caller asked: in this process, or in a Redis that several servers share. Requests
 * come back evenly, up to a minute's worth.
 */
export interface Rates {
  /**
   * Takes one request of a caller; gives the milliseconds until there is one, 0 where it was taken.
   *
   * @throws Refusal `http.rates_lost` where nobody can tell: then nobody is let in.
   */
  take(caller: Counted): Promise<number>;
  close(): void;
}

/** A caller, as far as it is counted. */
export interface Counted {
  readonly id: string;
  /** Requests a minute. */
  readonly rate: number;
}

const MINUTE_MS = 60_000;

/** Counts in this process; forgetting it all loses no more than a minute. */
export function ratesHere(clock: Clock): Rates {
  const buckets = new Map<string, { readonly left: number; readonly at: number }>();
  return {
    take: async ({ id, rate }) => {
      const now = clock.elapsed();
      const { left, at } = buckets.get(id) ?? { left: rate, at: now };
      const have = Math.min(rate, left + ((now - at) * rate) / MINUTE_MS);
      if (buckets.size > LIMITS.clientKeys) buckets.clear();
      buckets.set(id, { left: have < 1 ? have : have - 1, at: now });
      return have < 1 ? ((1 - have) * MINUTE_MS) / rate : 0;
    },
    close: () => undefined,
  };
}

/** The same in one step of Redis, by its own clock; what was not used for a minute is full again. */
const TAKE = `
local rate = tonumber(ARGV[1])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1] or rate)
local since = math.max(0, now - tonumber(kept[2] or now))
local have = math.min(rate, left + since * rate / 60000)
local wait = 0
if have < 1 then wait = math.ceil((1 - have) * 60000 / rate) else have = have - 1 end
redis.call('HSET', KEYS[1], 'left', tostring(have), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return wait
`;

/**
 * Counts in a Redis. It is told a hash and a number, never a key.
 *
 * @throws NanosError `serve.no_rates` where nobody answers there.
 */
export async function ratesIn(url: string, clock: Clock): Promise<Rates> {
  const redis = connectRedis(url, clock);
  try {
    await redis.send("PING", []);
  } catch {
    redis.close();
    // The address may hold a password, and what it said may repeat it.
    throw new NanosError(
      "serve.no_rates",
      `No Redis answers at ${new URL(url).host}, where requests are to be counted.`,
      "Start it, or take server.rates (ORCH_RATE_LIMIT_STORAGE_URL) out to count in memory.",
    );
  }
  return {
    take: async ({ id, rate }) => {
      const name = `nanos:rate:${sha256(id)}`;
      let wait: unknown;
      try {
        wait = await redis.send("EVAL", [TAKE, "1", name, String(rate)]);
      } catch {
        throw lost();
      }
      if (typeof wait !== "number") throw lost();
      return wait;
    },
    close: () => redis.close(),
  };
}

function lost(): Refusal {
  const message = "How often was asked cannot be told now.";
  return new Refusal("http.rates_lost", message, "Try again later; the operator sees to it.");
}
