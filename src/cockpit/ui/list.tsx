import { type VirtualItem, useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { nameOf, useActions } from "../act/actions.ts";

interface ListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  /** What one is known by. */
  readonly idOf: (item: T) => string;
  readonly chosen: string | null;
  readonly choose: (id: string) => void;
  readonly children: (item: T) => ReactNode;
  /** In pixels. */
  readonly height?: number;
  /** Keys to the next and to the one before, from anywhere on the page. */
  readonly keys?: readonly [string, string];
  /** Called when its end comes into view. */
  readonly more?: () => void;
}

/**
 * A list of any length: what is in view is drawn and nothing else. It is one stop of the keyboard;
 * arrows or j and k go through it.
 */
export function List<T>(props: ListProps<T>): ReactNode {
  const { label, items, idOf, chosen, choose, height = 52, more, keys = ["j", "k"] } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
  });
  const at = items.findIndex((item) => idOf(item) === chosen);
  const shown = rows.getVirtualItems();
  useEnd(shown.at(-1)?.index ?? -1, items.length, more);
  const walk = (to: number | null): boolean => {
    const item = to === null ? undefined : items[to];
    if (to === null || item === undefined) return false;
    choose(idOf(item));
    rows.scrollToIndex(to);
    return true;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (walk(placeAfter(event, at, items.length))) event.preventDefault();
  };
  const by = (steps: number) => (): void =>
    void walk(Math.min(Math.max(at + steps, 0), items.length - 1));
  useActions([
    { says: "To the list", of: label, act: () => scroller.current?.focus() },
    { says: "Next", of: label, press: keys[0], act: by(1) },
    { says: "Before", of: label, press: keys[1], act: by(-1) },
  ]);
  return (
    <div
      {...{ ref: scroller, className: "list", role: "listbox", tabIndex: 0, onKeyDown }}
      aria-label={label}
      data-act={nameOf({ says: "To the list", of: label })}
      aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
    >
      <div style={{ height: rows.getTotalSize() }} role="presentation">
        {shown.map((row) => (
          <Row key={row.key} {...{ id, row, at, props }} />
        ))}
      </div>
    </div>
  );
}

function Row<T>(given: {
  id: string;
  row: VirtualItem;
  at: number;
  props: ListProps<T>;
}): ReactNode {
  const { id, row, at, props } = given;
  const { items, idOf, choose, children } = props;
  const item = items[row.index];
  if (item === undefined) return null;
  return (
    <div
      id={`${id}-${row.index}`}
      role="option"
      aria-selected={row.index === at}
      aria-setsize={items.length}
      aria-posinset={row.index + 1}
      style={{ height: row.size, transform: `translateY(${row.start}px)` }}
      onClick={() => choose(idOf(item))}
    >
      {children(item)}
    </div>
  );
}

/** Asks for more when the end is near. */
function useEnd(last: number, length: number, more: (() => void) | undefined): void {
  useEffect(() => {
    if (length > 0 && last >= length - 5) more?.();
  }, [last, length, more]);
}

/** Where a key leads from a place in a list; null for a key that leads nowhere. */
export function placeAfter(
  { key, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">,
  at: number,
  length: number,
): number | null {
  if (ctrlKey || metaKey || altKey || length === 0) return null;
  const to = key === "Home" ? 0 : key === "End" ? length - 1 : at + (STEPS[key] ?? 0);
  if (to === at && key !== "Home" && key !== "End") return null;
  return Math.min(Math.max(to, 0), length - 1);
}

const STEPS: Readonly<Record<string, number>> = {
  ...{ ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10 },
};
