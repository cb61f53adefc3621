import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import type { UndoShown } from "../../../contracts/http/cockpit.ts";
import type { RunBegun } from "../../../contracts/http/runs.ts";
import { get, type Of, send } from "../../net/api.ts";
import { Diff } from "../../ui/diff.tsx";
import { useDoing } from "../../ui/doing.ts";
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
  return (
    <>
      <Trouble error={doing.error} />
      {plan === null ? (
        <div className="actions">
          <Act says="Undo…" press="u" off={doing.busy} act={look} />
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
              <Act
                says={`Bring back ${plan.files.length} files`}
                {...{ press: "U", look: "danger", off: doing.busy, act: undo }}
              />
            )}
            <Act says="Leave it" press="l" act={() => setPlan(null)} isNext />
          </div>
        </section>
      )}
    </>
  );
}
