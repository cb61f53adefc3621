import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import { plainText } from "../../std/text.ts";
import { type Key, keyOfClient } from "../../contracts/http/key.ts";
import type { Begun } from "../start.ts";
import type { World } from "../world.ts";

/**
 * A request with the key its client asked with: it is for that key's agent, and `startOf` holds it to
 * what the key may reach and use.
 *
 * @throws NanosError `key.unknown`, `key.expired`, `key.agent`.
 */
export async function heldByKey(world: Pick<World, "key">, request: Begun): Promise<Begun> {
  const id = request.client === undefined ? null : keyOfClient(request.client);
  if (id === null) return request;
  const key = await world.key(id);
  const agent = request.agent ?? key.agent;
  if (agent !== null && key.agent !== null && agent !== key.agent) {
    const message = `Key ${id} is for the agent ${key.agent}.`;
    throw new NanosError("key.agent", message, "Ask that one, or with another key.");
  }
  return { ...request, key, ...(agent === null ? {} : { agent }) };
}

/** The key of that id, where it is still good. */
export function goodKey(keys: readonly Key[], id: string, now: number): Key {
  const key = keys.find((one) => one.id === id);
  if (!key) throw unknownKey(id, keys);
  if (!isOver(key, { now: () => now })) return key;
  const message = `Key ${id} is void since its date.`;
  throw new NanosError("key.expired", message, "Make a new one: nanos key new --agent AGENT");
}

/** Compared in the same time whatever they are. */
export function sameHash(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** True once its date is over. */
export function isOver({ expires }: Key, clock: Pick<Clock, "now">): boolean {
  return expires !== undefined && expires <= clock.now();
}

/** There is no such key; names the nearest. */
export function unknownKey(id: string, keys: readonly Key[]): NanosError {
  const near = nearest(
    id,
    keys.map((key) => key.id),
  );
  const next = near ? `Did you mean ${near}?` : "See `nanos key list`.";
  return new NanosError("key.unknown", `There is no key ${plainText(id)}.`, next);
}
