import type { ReactNode } from "react";
import { nameOf, useActions } from "../act/actions.ts";

/** Ways to look at the same thing; the first nine have a number for a key. */
export function Tabs<T extends string>(given: {
  readonly label: string;
  readonly tabs: readonly (readonly [T, string])[];
  readonly chosen: T;
  readonly choose: (to: T) => void;
}): ReactNode {
  const { label, tabs, chosen, choose } = given;
  const at = tabs.findIndex(([id]) => id === chosen);
  useActions(
    tabs.map(([id, title], i) => ({
      ...{ says: "Show", of: title, press: String(i + 1) },
      act: () => choose(id),
    })),
  );
  return (
    <div role="tablist" aria-label={label}>
      {tabs.map(([id, title], i) => (
        <button
          key={id}
          role="tab"
          type="button"
          aria-selected={id === chosen}
          aria-keyshortcuts={String(i + 1)}
          data-act={nameOf({ says: "Show", of: title })}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => choose(id)}
          onKeyDown={({ key, currentTarget }) => {
            const by = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
            const to = tabs[(at + by + tabs.length) % tabs.length]?.[0];
            if (by === 0 || to === undefined) return;
            choose(to);
            const all = currentTarget.parentElement?.querySelectorAll("button");
            all?.[(at + by + tabs.length) % tabs.length]?.focus();
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
