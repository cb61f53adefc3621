import type { ReactNode } from "react";
import { Fold } from "../../act/fold.tsx";
import { saidBy } from "../../net/api.ts";
import { Plain } from "../../ui/plain.tsx";
import type { Exchange } from "./asking.ts";

/** The newest request as it was sent, and what came back. */
export function Inspector({ last }: { last: Exchange | null }): ReactNode {
  return (
    <Fold says="Request inspector" look="sheet padded">
      {last === null ? (
        <p className="soft">Nothing was sent yet.</p>
      ) : (
        <div className="stack">
          <Part title="POST /nanocode" value={last.request} />
          {last.response && <Part title="Answer" value={last.response} />}
          {last.error !== null && <Part title="Failure" value={saidBy(last.error)} />}
        </div>
      )}
    </Fold>
  );
}

function Part({ title, value }: { title: string; value: unknown }): ReactNode {
  return (
    <>
      <h3>{title}</h3>
      <pre className="text" tabIndex={0}>
        <Plain text={JSON.stringify(value, null, 2)} />
      </pre>
    </>
  );
}
