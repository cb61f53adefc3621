import type { ReactNode } from "react";

/** A name and what stands beside it; what is nothing is left out. */
export type Fact = readonly [name: string, says: ReactNode] | false | null | undefined;

/** What is known of something, a line each. */
export function Facts({ rows }: { rows: readonly Fact[] }): ReactNode {
  return (
    <dl className="facts num">
      {rows.map((row) =>
        row ? (
          <div key={row[0]} className="fact">
            <dt>{row[0]}</dt>
            <dd>{row[1]}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}
