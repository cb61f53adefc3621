import { useCallback, useSyncExternalStore } from "react";
import type { Of } from "./api.ts";
import type { HomeTold } from "../../contracts/http/traces.ts";
import { get } from "./api.ts";
import { gathered } from "./gather.ts";

/**
 * What a route answers, kept as long as somebody looks at it, and read anew when something happened
 * that it may be about. Nothing is kept here that is not on the server.
 */
export interface Resource<T> {
  /** The newest answer; null before the first. It stays while a newer one is awaited. */
  readonly data: T | null;
  readonly error: unknown;
  /** Reads it anew. */
  readonly reload: () => void;
}

/** Whether something that happened may change the answer. */
export type Touches = (one: Of<typeof HomeTold>) => boolean;

interface Kept {
  data: unknown;
  error: unknown;
  readonly lookers: Set<() => void>;
  shown: Resource<unknown>;
  reading: AbortController | null;
  again: boolean;
  readonly forget: () => void;
}

const kept = new Map<string, Kept>();

/** The answer of a route; null is asked nothing. */
export function useResource<T>(path: string | null, touches: Touches = never): Resource<T> {
  const subscribe = useCallback(
    (looker: () => void) => (path === null ? () => undefined : look(path, touches, looker)),
    // What touches it follows from the path.
    [path],
  );
  const shown = useSyncExternalStore(subscribe, () =>
    path === null ? NOTHING : (kept.get(path)?.shown ?? NOTHING),
  );
  return shown as Resource<T>;
}

const never: Touches = () => false;
const NOTHING: Resource<unknown> = { data: null, error: null, reload: () => undefined };

function look(path: string, touches: Touches, looker: () => void): () => void {
  const one = kept.get(path) ?? begun(path, touches);
  one.lookers.add(looker);
  return () => {
    one.lookers.delete(looker);
    if (one.lookers.size > 0) return;
    one.forget();
    one.reading?.abort();
    kept.delete(path);
  };
}

function begun(path: string, touches: Touches): Kept {
  const reload = (): void => void read(path, one);
  const one: Kept = {
    ...{ data: null, error: null, lookers: new Set(), reading: null, again: false },
    ...{ shown: { data: null, error: null, reload }, forget: gathered(touches, reload) },
  };
  kept.set(path, one);
  reload();
  return one;
}

/** One reading at a time; what happens meanwhile is one more after it. */
async function read(path: string, one: Kept): Promise<void> {
  if (one.reading) {
    one.again = true;
    return;
  }
  const reading = new AbortController();
  one.reading = reading;
  try {
    one.data = await get(path, reading.signal);
    one.error = null;
  } catch (error) {
    one.error = error;
  }
  one.reading = null;
  if (reading.signal.aborted) return;
  one.shown = { data: one.data, error: one.error, reload: one.shown.reload };
  for (const looker of one.lookers) looker();
  if (!one.again) return;
  one.again = false;
  void read(path, one);
}
