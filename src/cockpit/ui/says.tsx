import type { ReactNode } from "react";
import { Act } from "../act/act.tsx";
import { Failed, saidBy } from "../net/api.ts";

/** What a list or page without anything in it says: what it is for, and the next thing to do. */
export function Empty({ children }: { children: ReactNode }): ReactNode {
  return <div className="empty">{children}</div>;
}

/** What went wrong, with its code, and a way to try again where there is one. */
export function Trouble({ error, again }: { error: unknown; again?: () => void }): ReactNode {
  if (error === null || error === undefined) return null;
  return (
    <div className="note bad row" role="alert">
      <span className="grow">
        {saidBy(error)} {error instanceof Failed && <code>{error.code}</code>}
      </span>
      {again && <Act says="Try again" press="y" act={again} />}
    </div>
  );
}

/** While the first answer is on its way. */
export function Loading({ what }: { what: string }): ReactNode {
  return (
    <div className="empty" role="status">
      Reading {what}…
    </div>
  );
}

/** What is shown of something that is asked for: on its way, failed, or there. */
export function Shown<T>({
  of,
  what,
  children,
}: {
  of: { readonly data: T | null; readonly error: unknown; readonly reload: () => void };
  what: string;
  children: (data: T) => ReactNode;
}): ReactNode {
  return (
    <>
      <Trouble error={of.error} again={of.reload} />
      {of.data === null ? of.error === null && <Loading what={what} /> : children(of.data)}
    </>
  );
}
