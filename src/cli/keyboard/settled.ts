import type { Clock } from "../../std/clock.ts";

/** Milliseconds a card stands before a key can answer it. */
export const SETTLE_MS = 600;

/**
 * Tells keys that were meant for what is shown from those of a person who was typing something
 * else when it appeared: a key counts once none came for a while. Made when the card is shown,
 * called once for each key.
 */
export function settling(clock: Clock): () => boolean {
  let last = clock.elapsed();
  let settled = false;
  return () => {
    const now = clock.elapsed();
    settled ||= now - last >= SETTLE_MS;
    last = now;
    return settled;
  };
}
