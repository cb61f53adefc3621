import { useCallback, useEffect, useRef, useState } from "react";
import { get } from "./api.ts";
import { gathered } from "./gather.ts";
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
  useEffect(
    () =>
      gathered(
        (one) => own.current.touches(one),
        () => void newest(false),
      ),
    [newest],
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

/**
 * The newest page over what was there: what it names is as it says, the rest stays below. Where it
 * names nothing of that, more happened than one page holds, and what was there is read anew below.
 */
function laidOver<T>(
  items: readonly T[],
  newest: readonly T[],
  { idOf, was }: { readonly idOf: (item: T) => string; readonly was: Held<T> },
): Held<T> {
  const named = new Set(newest.map(idOf));
  const unnamed = items.filter((item) => !named.has(idOf(item)));
  const isGap = newest.length === PAGE && unnamed.length === items.length;
  const rest = isGap ? [] : unnamed;
  const whole = newest.length < PAGE || (rest.length > 0 && was.whole);
  return { items: [...newest, ...rest], read: true, whole, error: null };
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
