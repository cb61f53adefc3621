import { type ReactNode, useState } from "react";
import type { UndoShown } from "../../../contracts/http/cockpit.ts";
import type { RunBegun } from "../../../contracts/http/runs.ts";
import { get, type Of, send } from "../../net/api.ts";
import { Diff } from "../../ui/diff.tsx";
import { useDoing } from "../../ui/doing.ts";
import { useKeys } from "../../ui/keys.ts";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Trouble } from "../../ui/says.tsx";

type Whole = Of<typeof UndoShown>;

/** Says first what taking a run back would bring back and what it cannot, and then does it. */
export function Undo({ run }: { run: string }): ReactNode {
  const [plan, setPlan] = useState<Whole | null>(null);
  const doing = useDoing();
  const path = `/v1/undo/${encodeURIComponent(run)}`;
  const look = (): void => doing.act(async () => setPlan(await get<Whole>(path)));
  const undo = (): void =>
    doing.act(async () => {
      const begun = await send<Of<typeof RunBegun>>("POST", path);
      go(hrefOf("runs", begun.run));
    });
  useKeys([{ key: "u", says: "say what undoing the run would bring back", act: look }]);
  return (
    <>
      <Trouble error={doing.error} />
      {plan === null ? (
        <div className="actions">
          <button disabled={doing.busy} onClick={look}>
            Undo… <kbd>u</kbd>
          </button>
        </div>
      ) : (
        <section className="stack" aria-label="Undo">
          <Diff changes={plan.changes} />
          {plan.outward.length > 0 && (
            <p className="note warn">
              This stays as it is:{" "}
              <Plain
                text={plan.outward.map(({ name, to }) => `${name} ${to.join(" ")}`).join(", ")}
              />
            </p>
          )}
          <div className="actions">
            {plan.files.length > 0 && (
              <button className="danger" disabled={doing.busy} onClick={undo}>
                Bring back {plan.files.length} files
              </button>
            )}
            <button onClick={() => setPlan(null)}>Leave it</button>
          </div>
        </section>
      )}
    </>
  );
}
