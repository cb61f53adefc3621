import type { Share } from "../../../contracts/cognition/reading.ts";
import { LIMITS } from "../../../std/limits.ts";

/** `60%, most likely 36 to 80%`, or that there are too few. */
export function shareWords({ n, hits, interval }: Share): string {
  if (interval === null) return fewWords(n, LIMITS.fewestShare);
  const [low, high] = interval.map((part) => Math.round(part * 100));
  return `${Math.round((hits / n) * 100)}%, most likely ${low} to ${high}%`;
}

export function fewWords(n: number, fewest: number): string {
  return `too few to say: ${n} of at least ${fewest}`;
}
