import { useCallback, useEffect, useRef, useState } from "react";
import { get } from "./api.ts";
import { feed } from "./feed.ts";
import type { Resource, Touches } from "./resource.ts";

/**
 * A long list, read a page at a time as it is scrolled: `?limit=`, `?before=ID`, `?q=WORDS`. What
 * happens on the server brings the newest page anew, which is laid over what is there.
 */
export interface Paged<T> {
  readonly items: readonly T[];
  /** False before the first page has come. */
  readonly read: boolean;
  readonly error: unknown;
  /** True where the end was reached. */
  readonly whole: boolean;
  readonly more: () => void;
  readonly reload: () => void;
}

const PAGE = 100;
const GATHER_MS = 200;

interface Held<T> {
  readonly items: readonly T[];
  readonly read: boolean;
  readonly whole: boolean;
  readonly error: unknown;
}

export function usePaged<T>(path: string, words: string, about: About<T>): Paged<T> {
  const [held, setHeld] = useState<Held<T>>({ items: [], read: false, whole: false, error: null });
  const own = useRef({ ...about, held, busy: false });
  Object.assign(own.current, about, { held });
  const failed = (error: unknown): void => setHeld((was) => ({ ...was, error }));
  const newest = useCallback(
    async (fresh: boolean, signal?: AbortSignal): Promise<void> => {
      try {
        const items = await pageOf<T>(path, { words, before: null, signal });
        const { idOf } = own.current;
        setHeld((was) => laidOver(fresh ? [] : was.items, items, { idOf, was }));
      } catch (error) {
        if (!signal?.aborted) failed(error);
      }
    },
    [path, words],
  );
  useEffect(() => {
    const over = new AbortController();
    void newest(true, over.signal);
    return () => over.abort();
  }, [newest]);
  useTouched(
    () => void newest(false),
    (one) => own.current.touches(one),
  );
  const more = useCallback((): void => {
    const { held: now, busy, idOf } = own.current;
    const last = now.items.at(-1);
    if (busy || now.whole || last === undefined) return;
    own.current.busy = true;
    void pageOf<T>(path, { words, before: idOf(last) })
      .then((items) => setHeld((was) => below(was, items)), failed)
      .finally(() => {
        own.current.busy = false;
      });
  }, [path, words]);
  return { ...held, more, reload: () => void newest(true) };
}

interface About<T> {
  readonly idOf: (item: T) => string;
  readonly touches: Touches;
}

async function pageOf<T>(
  path: string,
  wish: { words: string; before: string | null; signal?: AbortSignal | undefined },
): Promise<readonly T[]> {
  const { words, before, signal } = wish;
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (before !== null) query.set("before", before);
  if (words !== "") query.set("q", words);
  return (await get<{ data: readonly T[] }>(`${path}?${query.toString()}`, signal)).data;
}

function below<T>(was: Held<T>, items: readonly T[]): Held<T> {
  return { ...was, items: [...was.items, ...items], whole: items.length < PAGE };
}

/** The newest page over what was there: what it names is as it says, the rest stays below. */
function laidOver<T>(
  items: readonly T[],
  newest: readonly T[],
  { idOf, was }: { readonly idOf: (item: T) => string; readonly was: Held<T> },
): Held<T> {
  const named = new Set(newest.map(idOf));
  const rest = items.filter((item) => !named.has(idOf(item)));
  const whole = newest.length < PAGE || (items.length > 0 && was.whole);
  return { items: [...newest, ...rest], read: true, whole, error: null };
}

/** Calls back once for things that happen close together, and when a lost connection is back. */
function useTouched(changed: () => void, touches: Touches): void {
  const own = useRef({ changed, touches });
  own.current = { changed, touches };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const forget = feed.on((one) => {
      if (!own.current.touches(one)) return;
      timer ??= setTimeout(() => {
        timer = null;
        own.current.changed();
      }, GATHER_MS);
    });
    const stay = feed.onReturn(() => own.current.changed());
    return () => {
      forget();
      stay();
      if (timer !== null) clearTimeout(timer);
    };
  }, []);
}

/** A list that comes whole, searched here. */
export function wholeList<D, T>(
  { data, error, reload }: Resource<D>,
  pick: (data: D) => readonly T[],
  { words, text }: { readonly words: string; readonly text: (item: T) => string },
): Paged<T> {
  const sought = words.toLowerCase();
  const items = data === null ? [] : pick(data);
  return {
    items: words === "" ? items : items.filter((item) => text(item).toLowerCase().includes(sought)),
    ...{ read: data !== null, error, whole: true, more: () => undefined, reload },
  };
}
