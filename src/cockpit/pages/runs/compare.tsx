import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import type { Of } from "../../net/api.ts";
import type { DiffShown } from "../../../contracts/http/traces.ts";
import { useResource } from "../../net/resource.ts";
import { submitting } from "../../ui/doing.ts";
import { hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Empty, Shown } from "../../ui/says.tsx";

/** Where this run and another part, step by step. */
export function Compare({ run, from }: { run: string; from: string }): ReactNode {
  const [other, setOther] = useState(from);
  const [typed, setTyped] = useState(from);
  const path =
    other === "" ? null : `/v1/runs/${encodeURIComponent(other)}/diff/${encodeURIComponent(run)}`;
  const diff = useResource<Of<typeof DiffShown>>(path);
  return (
    <div className="stack">
      <form className="row" onSubmit={submitting(() => setOther(typed.trim()))}>
        <Field
          {...{ label: "The other run", isBare: true, value: typed, set: setTyped }}
          look="grow mono"
          placeholder="id of another run"
        />
        <Act says="Compare with it" />
      </form>
      {path === null ? (
        <Empty>Name another run. A fork is compared with the run it came from.</Empty>
      ) : (
        <Shown of={diff} what="both runs">
          {(shown) => <Both diff={shown} />}
        </Shown>
      )}
    </div>
  );
}

function Both({ diff }: { diff: Of<typeof DiffShown> }): ReactNode {
  const { a, b, parts, steps, outcome } = diff;
  return (
    <>
      <p role="status">
        {parts === null ? "All steps are the same." : `They part at step ${parts}.`} They ended{" "}
        {outcome[0]} and {outcome[1]}.
      </p>
      <table>
        <thead>
          <tr>
            <th>step</th>
            <th>is</th>
            <th>
              <a href={hrefOf("runs", a)}>{a}</a>
            </th>
            <th>
              <a href={hrefOf("runs", b)}>{b}</a>
            </th>
          </tr>
        </thead>
        <tbody>
          {steps.slice(0, MOST).map(({ place, is, differs, ...sides }) => (
            <tr key={place}>
              <td className="num">{place}</td>
              <td>
                {is} <span className="soft">{differs.join(", ")}</span>
              </td>
              <Side side={sides.a} />
              <Side side={sides.b} />
            </tr>
          ))}
        </tbody>
      </table>
      {steps.length > MOST && <p className="soft">{steps.length - MOST} more steps</p>}
    </>
  );
}

const MOST = 500;

function Side({ side }: { side: Of<typeof DiffShown>["steps"][number]["a"] }): ReactNode {
  if (side === null) return <td className="soft">–</td>;
  return (
    <td>
      {side.kind} <Plain text={side.name} /> <span className="soft">{side.decided}</span>{" "}
      {side.status}
    </td>
  );
}
