import { feed } from "./feed.ts";
import type { Touches } from "./resource.ts";

/** Things that happen close together are one reading. */
const GATHER_MS = 150;

/**
 * Acts once for things that happen close together, with the runs they happened in; and, as nobody
 * knows what happened meanwhile, with null when a lost connection is back. Until what it returns is
 * called.
 */
export function gathered(touches: Touches, act: (runs: Set<string> | null) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let runs = new Set<string>();
  const forget = feed.on((told) => {
    if (!touches(told)) return;
    runs.add(told.run);
    timer ??= setTimeout(() => {
      const happened = runs;
      runs = new Set();
      timer = null;
      act(happened);
    }, GATHER_MS);
  });
  const stay = feed.onReturn(() => act(null));
  return () => {
    forget();
    stay();
    if (timer !== null) clearTimeout(timer);
  };
}
