import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import type { AskLine, AskShown } from "../../../contracts/http/runs.ts";
import { get, type Of, send } from "../../net/api.ts";
import { useDoing } from "../../ui/doing.ts";
import { Rank } from "../../ui/marks.tsx";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Trouble } from "../../ui/says.tsx";

type Whole = Of<typeof AskShown>;

const pathOf = (id: string): string => `/v1/approvals/${encodeURIComponent(id)}`;

/** `RUN_2_1` is a part of `RUN`. */
export const topOf = (run: string): string => run.split("_", 1)[0] ?? run;

/**
 * Everything one run or mission waits for, read through and answered at once. Each yes is to what was
 * shown here and to nothing that came since; rank S is answered by itself, by its name.
 */
export function Batch({ asks }: { asks: readonly AskLine[] }): ReactNode {
  const [shown, setShown] = useState<readonly Whole[]>([]);
  const doing = useDoing();
  if (asks.length < 2) return null;
  const read = (): void =>
    doing.act(async () => {
      const all = await Promise.all(asks.map(({ id }) => get<Whole>(pathOf(id))));
      setShown(all.filter(({ rank }) => rank !== "S"));
    });
  const approve = (): void =>
    doing.act(async () => {
      for (const { id, argsHash } of shown) {
        await send("POST", `${pathOf(id)}/approve`, { reach: "once", argsHash });
      }
      go(hrefOf("approvals"));
    });
  return (
    <section className="stack" aria-label="All of this run">
      <Trouble error={doing.error} />
      {shown.length === 0 ? (
        <div className="actions">
          <Act says={`Read all ${asks.length} of this run`} press="b" off={doing.busy} act={read} />
        </div>
      ) : (
        <>
          <ol className="stack">
            {shown.map((ask) => (
              <One key={ask.id} ask={ask} />
            ))}
          </ol>
          <div className="actions">
            <Act
              says={`Approve these ${shown.length}, once each`}
              {...{ press: "B", look: "strong", off: doing.busy, act: approve, isNext: true }}
            />
          </div>
        </>
      )}
    </section>
  );
}

function One({ ask: { what, action, rank } }: { ask: Whole }): ReactNode {
  return (
    <li className="sheet padded">
      <Rank rank={rank} /> <Plain text={what} />
      <pre className="text" tabIndex={0}>
        <Plain text={JSON.stringify(action, null, 2)} />
      </pre>
    </li>
  );
}
