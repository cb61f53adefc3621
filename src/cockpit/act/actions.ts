import { useEffect, useRef } from "react";

/**
 * What can be done where the operator is, as data: each part of a page says its own while it is there.
 * The palette lists all of it, tells each key and does what is chosen, so nothing needs a pointer.
 */
export interface Action {
  /** What a button of it says. */
  readonly says: string;
  /** Which one, where several say the same. */
  readonly of?: string | undefined;
  /** `a`, `Escape`, `Control+k`, or two in a row: `g m`; without one it is done by the palette. */
  readonly press?: string | undefined;
  /** True while it cannot be done. */
  readonly off?: boolean;
  readonly act: () => void;
}

/** What it is listed as. */
export const nameOf = ({ says, of }: Pick<Action, "says" | "of">): string =>
  of === undefined ? says : `${says}: ${of}`;

interface Part {
  actions: readonly Action[];
  readonly isEverywhere: boolean;
}

const parts = new Set<Part>();
let first = "";

/** Actions that can be done while this part is there: of the page, or of every page. */
export function useActions(actions: readonly Action[], isEverywhere = false): void {
  const own = useRef<Part>({ actions, isEverywhere });
  own.current.actions = actions;
  useEffect(() => {
    const kept = own.current;
    parts.add(kept);
    return () => void parts.delete(kept);
  }, []);
}

/** Everything that can be done now: what the page has, then what every page has. */
export function actionsNow(): readonly Action[] {
  const all = [...parts].toSorted((a, b) => Number(a.isEverywhere) - Number(b.isEverywhere));
  return all.flatMap(({ actions }) => actions).filter(({ off }) => off !== true);
}

/** Does what a key stands for, until what it returns is called. */
export function listenToKeys(): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    const press = event.ctrlKey || event.metaKey ? `Control+${event.key}` : event.key;
    if (isTyping(event.target) && !press.startsWith("Control+")) {
      if (press === "Escape") leave(event.target as HTMLElement);
      return;
    }
    const all = actionsNow();
    const both = all.find((one) => first !== "" && one.press === `${first} ${press}`);
    const found = both ?? all.find((one) => one.press === press);
    first = found || press.length > 1 ? "" : press;
    if (!found) return;
    event.preventDefault();
    found.act();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

/** Out of a field, to where keys act again. */
function leave(field: HTMLElement): void {
  field.blur();
  field.closest<HTMLElement>("[tabindex='0']")?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches("textarea, select, input:not([type='range'])")
  );
}
