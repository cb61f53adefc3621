import { useEffect, useRef } from "react";

/** A key of a page: what it is called in the help, and what it does. */
export interface Key {
  /** `a`, `Escape`, or two in a row: `g m`. */
  readonly key: string;
  readonly says: string;
  readonly act: () => void;
}

const pages = new Set<{ readonly keys: readonly Key[] }>();
let first = "";

/** Keys that act while this part of the page is there, and nothing is being typed. */
export function useKeys(keys: readonly Key[]): void {
  const own = useRef({ keys });
  own.current.keys = keys;
  useEffect(() => {
    const kept = own.current;
    pages.add(kept);
    return () => void pages.delete(kept);
  }, []);
}

/** Every key that acts now, the newest part's first. */
export function keysNow(): readonly Key[] {
  return [...pages].toReversed().flatMap(({ keys }) => keys);
}

export function listenToKeys(): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const keys = keysNow();
    const both = keys.find(({ key }) => first !== "" && key === `${first} ${event.key}`);
    const found = both ?? keys.find(({ key }) => key === event.key);
    first = found || event.key.length > 1 ? "" : event.key;
    if (!found) return;
    event.preventDefault();
    found.act();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
