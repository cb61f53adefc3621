import { useSyncExternalStore } from "react";

/** The time of this window, to the half minute: for how long ago something is. */
const ROUGH_MS = 30_000;

export const now = (): number => Math.floor(performance.timeOrigin + performance.now());

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now() / ROUGH_MS) * ROUGH_MS);
}

function subscribe(changed: () => void): () => void {
  const timer = setInterval(changed, ROUGH_MS);
  return () => clearInterval(timer);
}
