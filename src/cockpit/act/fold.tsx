import { type ReactNode, useRef } from "react";
import { nameOf, useActions } from "./actions.ts";

/** What is shown when it is asked for. */
export function Fold(given: {
  readonly says: string;
  readonly of?: string;
  readonly look?: string;
  /** What stands there while it is closed, where that is more than what it says. */
  readonly head?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  const { says, of, look, head, children } = given;
  const own = useRef<HTMLDetailsElement>(null);
  const summary = useRef<HTMLElement>(null);
  const act = (): void => {
    if (own.current) own.current.open = !own.current.open;
    summary.current?.focus();
  };
  useActions([{ says, of, act }]);
  return (
    <details ref={own} className={look}>
      <summary ref={summary} data-act={nameOf({ says, of })}>
        {head ?? says}
      </summary>
      {children}
    </details>
  );
}
